"""Tags, rules and review queues as view values. PURE."""

from collections.abc import Iterable
from urllib.parse import urlencode

from union_square.domain.edits import Queue, QueueItem, TagUse
from union_square.domain.messages import ToolCallPart
from union_square.domain.rules import Conditions, Rule
from union_square.domain.views import AnnotationView, CallDetail
from union_square.ui import routes, wording
from union_square.ui.present_conversation import present_turns
from union_square.ui.present_messages import present_messages, results_of
from union_square.ui.present_notes import places_of, present_notes
from union_square.ui.present_sessions import UNTITLED, call_href, session_href
from union_square.ui.views import LabelKey, QueueLine, ReviewItem, RuleLine, TagLine
from union_square.watching.ports import Conversation

CONTEXT_MESSAGES = 6
"""Messages of a call's request that are shown before its answer: enough to judge it by."""

TURNS_SHOWN = 20
MOST_QUEUED = 1000
"""Calls that one filter puts into a queue."""

STATE_WORDS = {"open": "to judge", "done": "done", "skipped": "skipped"}


def present_tags(uses: Iterable[TagUse]) -> list[TagLine]:
    return [
        TagLine(
            tag=use.tag,
            colour=use.colour,
            calls=str(use.calls),
            sessions=str(use.sessions),
            sessions_href=f"{routes.SESSIONS.path}?{urlencode({'tag': use.tag})}",
        )
        for use in uses
    ]


def conditions_words(conditions: Conditions) -> str:
    """What a rule asks for, as a person says it."""
    slow = conditions.slower_than_ms
    asked = (
        "failed or was cut off" if conditions.failed else "",
        f"took more than {wording.duration(slow)}" if slow is not None else "",
        f"cost more than ${conditions.dearer_than_usd:g}" if conditions.dearer_than_usd is not None else "",
        f"was of model {conditions.model}" if conditions.model else "",
        f"went to {conditions.upstream}" if conditions.upstream else "",
        f"matches {conditions.query}" if conditions.query else "",
    )
    return "each call that " + " and ".join(filter(None, asked))


def present_rules(rules: Iterable[Rule]) -> list[RuleLine]:
    return [
        RuleLine(
            id=rule.id or 0,
            name=rule.name,
            tag=rule.tag,
            words=conditions_words(rule.conditions),
            enabled=rule.enabled,
            toggle_word="Turn off" if rule.enabled else "Turn on",
        )
        for rule in rules
    ]


def _left(queue: Queue) -> str:
    left = queue.total - queue.done
    skipped = f", {queue.skipped} of them skipped" if queue.skipped else ""
    return f"{left} left{skipped}" if left else "all judged" if queue.total else "nothing in it"


def present_queue(queue: Queue) -> QueueLine:
    share = 100 * queue.done / queue.total if queue.total else 0
    return QueueLine(
        id=queue.id,
        name=queue.name,
        href=f"{routes.REVIEW.path}/{queue.id}",
        labels=", ".join(f"{key}={label}" for key, label in queue.labels),
        progress=f"{queue.done} of {queue.total}",
        left=_left(queue),
        width=f"{share:.1f}%",
    )


def present_holds(calls: int) -> str:
    """How many calls a new queue would hold."""
    if not calls:
        return "No call that has ended fits this filter."
    more = f"; the newest {wording.grouped(MOST_QUEUED)} go in" if calls > MOST_QUEUED else ""
    return f"{wording.grouped(calls)} {'call' if calls == 1 else 'calls'}{more}"


def queue_name(name: str, query: str) -> str:
    """What a queue is called that was given no name: its filter."""
    return " ".join(name.split()) or wording.one_line(query, 80) or "All calls"


def next_open(queue: Queue, after: int) -> int | None:
    """The number of the next item that nobody has judged, behind `after`, else from the beginning; None: there is
    none left. Items that were skipped come when all others are done."""
    order = [*range(after + 1, len(queue.items)), *range(after + 1)]
    for wanted in ("open", "skipped"):
        found = next((number for number in order if queue.items[number].state == wanted), None)
        if found is not None:
            return found if wanted == "open" or found != after else None
    return None


def _item(queue: Queue, number: int, annotations: Iterable[AnnotationView], author: str) -> ReviewItem:
    item: QueueItem = queue.items[number]
    mine = {said.label for said in annotations if said.name == queue.name and said.author == author}
    by = f" by {item.author}" if item.author else ""
    return ReviewItem(
        id=item.target.id,
        subject=item.target.subject,
        href=call_href(item.target.id) if item.target.subject == "call" else session_href(item.target.id),
        position=f"{number + 1} of {len(queue.items)}",
        state=item.state,
        state_word=STATE_WORDS[item.state] + by,
        notes=present_notes(annotations),
        labels=[LabelKey(key=key, label=label, chosen=label in mine) for key, label in queue.labels],
    )


def present_call_item(queue: Queue, number: int, detail: CallDetail, author: str) -> ReviewItem:
    """A call to judge: its answer, and the end of what was said before it."""
    call, whole = detail.call, detail.messages
    first = max(0, detail.request_message_count - CONTEXT_MESSAGES)
    shown = whole[first:]
    places = places_of(call.id, range(len(whole)), detail.annotations, whole)[first:]
    results = results_of(shown, places)
    paired = frozenset(p.id for m in shown for p in m.parts if isinstance(p, ToolCallPart)) & results.keys()
    base = _item(queue, number, detail.annotations, author)
    return ReviewItem(
        id=base.id,
        subject=base.subject,
        href=base.href,
        title=call.preview or f"{call.method} {call.path}",
        facts=_facts(call.model, wording.duration(call.duration_ms), wording.cost(call.cost_usd), call.error_message),
        position=base.position,
        state=base.state,
        state_word=base.state_word,
        shown=f"the last {CONTEXT_MESSAGES} of {detail.request_message_count} messages before it" if first else "",
        tags=list(call.tags),
        notes=base.notes,
        messages=present_messages(shown, f"{call.id[-12:]}-r", results, paired=paired, places=places),
        labels=base.labels,
    )


def present_session_item(queue: Queue, number: int, conversation: Conversation, author: str) -> ReviewItem:
    """A session to judge: its newest turns."""
    session = conversation.detail.session
    models, count = ", ".join(session.models), wording.plural(session.call_count, "call")
    base = _item(queue, number, conversation.detail.annotations, author)
    more = len(conversation.turns) > TURNS_SHOWN
    return ReviewItem(
        id=base.id,
        subject=base.subject,
        href=base.href,
        title=session.title or UNTITLED,
        facts=_facts(models, count, wording.cost(session.cost_usd)),
        position=base.position,
        state=base.state,
        state_word=base.state_word,
        shown=f"the last {TURNS_SHOWN} of {len(conversation.turns)} turns" if more else "",
        tags=list(session.tags),
        notes=base.notes,
        turns=present_turns(conversation, TURNS_SHOWN),
        labels=base.labels,
    )


def _facts(*words: str) -> str:
    return " · ".join(filter(None, (wording.one_line(word, 100) for word in words)))

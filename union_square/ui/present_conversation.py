"""A session's conversation, turn by turn, as view values. PURE."""

from collections.abc import Iterable, Mapping

from union_square.domain.branches import Tree
from union_square.domain.messages import Message, ToolCallPart
from union_square.domain.views import CallView
from union_square.ui import wording
from union_square.ui.present_messages import Result, Results, present_messages, results_of
from union_square.ui.present_notes import Place, places_of, present_notes
from union_square.ui.present_sessions import call_href, present_session_line
from union_square.ui.present_tree import link_sentence
from union_square.ui.present_waterfall import session_times, times_words
from union_square.ui.views import ConversationView, MessageView, TurnView
from union_square.watching.ports import Conversation, Turn

TURNS_AT_FIRST = 40
"""Turns sent to the browser at once; earlier ones come on demand."""


Numbers = Mapping[str, int]
"""The number that each turn is shown with, by its call's id."""


def choose_line(conversation: Conversation, branch: str) -> frozenset[str] | None:
    """The turns on the line through that call; None = all, because no such call was chosen."""
    chosen = next((turn.call.id for turn in conversation.turns if turn.call.id == branch), None)
    return None if chosen is None else frozenset(Tree(conversation.turns).line(chosen))


def _branch_words(conversation: Conversation, branch: str, line: frozenset[str] | None) -> str:
    if line is None:
        return ""
    number = next(n for n, turn in enumerate(conversation.turns, 1) if turn.call.id == branch)
    return f"The line through #{number}: {len(line)} of {wording.plural(len(conversation.turns), 'turn')}"


def present_conversation(conversation: Conversation, shown: int = TURNS_AT_FIRST, branch: str = "") -> ConversationView:
    """All of a session page but its turns; `shown` newest of them (on the line through `branch`) are to be shown."""
    line = choose_line(conversation, branch)
    hidden = max(0, len(conversation.turns if line is None else line) - shown)
    session = conversation.detail.session
    return ConversationView(
        line=present_session_line(session),
        times=times_words(session_times(conversation.turns, session.last_at)),
        branch=_branch_words(conversation, branch, line),
        truncated="Only the newest turns of this session could be loaded." if conversation.truncated else "",
        earlier=f"Show {wording.plural(min(hidden, TURNS_AT_FIRST), 'earlier turn')} of {hidden}" if hidden else "",
        notes=present_notes(conversation.detail.annotations),
    )


def _call_ids(messages: Iterable[Message]) -> set[str]:
    return {part.id for m in messages for part in m.parts if isinstance(part, ToolCallPart) and part.id}


def results_of_turns(turns: Iterable[Turn]) -> Results:
    """Every tool result in the turns, by its call's id; a later one wins."""
    results = dict[str, Result]()
    for turn in turns:
        numbers = _numbers_of(turn)
        results |= results_of((*turn.added, *turn.answer), [Place(turn.call.id, number, {}) for number in numbers])
    return results


def _numbers_of(turn: Turn) -> tuple[int, ...]:
    """Which of its call's messages are shown in the turn; none where that is not known."""
    if len(turn.added_at) != len(turn.added):
        return ()
    return (*turn.added_at, *range(turn.answer_at, turn.answer_at + len(turn.answer)))


def present_turns(conversation: Conversation, shown: int = TURNS_AT_FIRST, branch: str = "") -> list[TurnView]:
    """The newest `shown` turns, oldest first, on the line through `branch` where that is a call of the session.
    Results stand with the calls they answer, wherever these are."""
    line = choose_line(conversation, branch)
    numbers: Numbers = {str(turn.call.id): n for n, turn in enumerate(conversation.turns, 1)}
    turns = [turn for turn in conversation.turns if line is None or turn.call.id in line]
    results = results_of_turns(turns)
    calls = _call_ids(m for turn in turns[-shown:] for m in (*turn.added, *turn.answer))
    paired = frozenset(calls & results.keys())
    return [
        present_turn(turn, number=numbers[turn.call.id], numbers=numbers, results=results, paired=paired)
        for turn in turns[-shown:]
    ]


def present_turn(
    turn: Turn, *, number: int, numbers: Numbers, results: Results, paired: frozenset[str], placed: bool = True
) -> TurnView:
    """One turn. `placed`: notes may be put on its messages, and pieces of long ones be fetched."""
    call = turn.call
    running = call.state == "running"
    prefix = call.id[-12:]
    shown, places = (*turn.added, *turn.answer), places_of_turn(turn) if placed else []
    asked = len(turn.added)
    messages: list[MessageView] = [
        *present_messages(shown[:asked], f"{prefix}-q", results, paired=paired, places=places[:asked]),
        *present_messages(shown[asked:], f"{prefix}-a", results, paired=paired, running=running, places=places[asked:]),
    ]
    usage = call.usage
    inputs, outputs = (usage.input_tokens, usage.output_tokens) if usage else (None, None)
    speed = call.output_tokens_per_second
    return TurnView(
        id=call.id,
        href=call_href(call.id),
        number=f"#{number}",
        anchor=f"turn-{number}",
        model=call.response_model or call.model or wording.NONE,
        upstream=call.upstream,
        state=call.state,
        state_word=wording.CALL_WORDS[call.state],
        status=str(call.status_code or ""),
        status_class="bad" if (call.status_code or 0) >= 400 else "ok",
        tokens=wording.token_pair(inputs, outputs) or ("" if running else f"tokens {wording.NOT_REPORTED}"),
        tokens_title=wording.token_title(inputs, outputs),
        cost=wording.cost(call.cost_usd),
        duration=wording.duration(call.duration_ms),
        since=wording.iso(call.started_at) if running else "",
        first_token=wording.duration(call.time_to_first_token_ms),
        speed=f"{speed:.0f} tok/s" if speed else "",
        link=link_words(call, numbers),
        link_title=link_sentence(call),
        branch=turn.branch,
        branch_note=_branch_note(turn, numbers),
        after=turn.after or "",
        after_number=f"#{numbers[turn.after]}" if turn.after and turn.after in numbers else "",
        started=wording.iso(call.started_at),
        error=error_words(call),
        gap=wording.gap_words(call.gap_observations, call.gap_bytes),
        tags=list(call.tags),
        messages=messages,
    )


def places_of_turn(turn: Turn) -> list[Place]:
    """Where notes on the turn's messages are put. What a note stands on may be shown in an earlier turn, which said it
    first; it is shown where this turn has it, or not at all."""
    numbers = _numbers_of(turn)
    if not numbers:
        return []
    count = turn.answer_at + len(turn.answer)
    whole: list[Message] = [Message(role="user", parts=())] * count
    for number, message in zip(numbers, (*turn.added, *turn.answer), strict=True):
        whole[number] = message
    return places_of(turn.call.id, numbers, turn.annotations, whole)


def _branch_note(turn: Turn, numbers: Numbers) -> str:
    if not turn.branch:
        return ""
    parent = numbers.get(turn.after or turn.call.parent_id or "")
    if turn.relation == "sub_agent" and parent:
        return f"Sub-agent: called by turn #{parent}"
    return f"Branch: continues turn #{parent}" if parent else "Branch: does not continue the turn before it"


def link_words(call: CallView, numbers: Numbers) -> str:
    """How the call came into its session, in a few words; "" until it was linked."""
    if call.link_rule is None:
        return ""
    parent = numbers.get(call.parent_id or "")
    words = wording.LINK_WORDS[call.link_rule]
    return f"after #{parent} · {words}" if parent else words


def error_words(call: CallView) -> str:
    """What went wrong with a call, in one text; "" where nothing did."""
    if not (call.error_type or call.error_message):
        return ""
    return ": ".join(filter(None, (call.error_type, call.error_message)))

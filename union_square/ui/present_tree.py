"""A session as a tree of its calls, as view values. PURE."""

from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote

from union_square.domain.branches import Tree
from union_square.domain.conversation import Relation, Turn
from union_square.domain.messages import TextPart
from union_square.domain.views import CallView
from union_square.ui import wording
from union_square.ui.present_messages import text_of
from union_square.ui.present_sessions import call_href
from union_square.ui.session_views import TreeRow, TreeView

_INDENT = 22  # pixels a level
_DEEPEST = 12

ROWS_AT_FIRST = 100
"""Calls of the tree sent to the browser at once; those above them come on demand."""

RELATION_WORDS: dict[Relation, str] = {
    "begins": "begins the session",
    "continues": "continues",
    "branch": "branch",
    "retry": "retry",
    "sub_agent": "sub-agent",
    "apart": "apart",
}
_COUNTED: tuple[tuple[Relation, str, str], ...] = (
    ("branch", "branch", "branches"),
    ("retry", "retry", "retries"),
    ("sub_agent", "sub-agent", "sub-agents"),
    ("apart", "separate thread", "separate threads"),
)
LINKED_BY = {
    "header": "The application named this session in its request (x-union-square-session-id).",
    "client": "The client sent its own session id with the request.",
    "provider": "The request names the response before it, or the provider's own conversation.",
    "content": "The request repeats an earlier call of this session and its answer.",
    "tool_call": "It opens with the task that a tool call of an earlier answer gives: it is a sub-agent's first call.",
    "new": "Nothing links it to an earlier call, so it begins a session.",
    "manual": "A person put it here.",
}


def sure_word(confidence: float | None) -> str:
    """How sure a link is, as people say it."""
    if confidence is None:
        return ""
    for least, word in ((0.995, "certain"), (0.9, "almost certain"), (0.7, "likely"), (0.45, "unsure")):
        if confidence >= least:
            return word
    return "a guess"


def present_tree(
    session_id: str, turns: Sequence[Turn], chosen: str = "", *, truncated: bool = False, shown: int = ROWS_AT_FIRST
) -> TreeView:
    """The last `shown` rows of the tree of a session's turns; `chosen`: the call whose line the conversation shows."""
    tree = Tree(turns)
    line = frozenset(map(str, tree.line(turns[-1].call.id) if turns and not chosen else _line(tree, turns, chosen)))
    numbers = {str(turn.call.id): number for number, turn in enumerate(turns, 1)}
    places = list(tree.places())
    hidden = max(0, len(places) - shown)
    rows = [
        _row(session_id, place.turn, place.number, place.depth, numbers, chosen=str(place.turn.call.id) in line)
        for place in places[hidden:]
    ]
    more = wording.plural(min(hidden, ROWS_AT_FIRST), "call")
    return TreeView(
        rows=rows,
        earlier=f"Show {more} above of {hidden}" if hidden else "",
        summary=_summary(turns),
        note="Only the newest turns of this session could be loaded." if truncated else "",
    )


def _line(tree: Tree, turns: Sequence[Turn], chosen: str) -> Sequence[str]:
    return next((tree.line(turn.call.id) for turn in turns if turn.call.id == chosen), ())


def _row(session_id: str, turn: Turn, number: int, depth: int, numbers: dict[str, int], *, chosen: bool) -> TreeRow:
    call = turn.call
    parent = numbers.get(turn.after or "")
    word = RELATION_WORDS[turn.relation]
    usage = call.usage
    tokens = wording.token_pair(usage.input_tokens, usage.output_tokens) if usage else ""
    return TreeRow(
        id=call.id,
        href=call_href(call.id),
        number=f"#{number}",
        indent=f"{min(depth, _DEEPEST) * _INDENT}px",
        relation=turn.relation,
        relation_word=f"{word} of #{parent}" if turn.relation in {"branch", "retry", "sub_agent"} and parent else word,
        link=wording.LINK_WORDS[call.link_rule] if call.link_rule else "not linked yet",
        sure=sure_word(call.link_confidence),
        sure_class=_sure_class(call),
        link_title=link_sentence(call),
        state=call.state,
        state_word=wording.CALL_WORDS[call.state],
        model=call.response_model or call.model or wording.NONE,
        says=_says(turn),
        figures=" · ".join(filter(None, (tokens, wording.cost(call.cost_usd), wording.duration(call.duration_ms)))),
        read_href=branch_href(session_id, call.id),
        read_word=f"Read the conversation through #{number}",
        chosen=chosen,
    )


def branch_href(session_id: str, call_id: str) -> str:
    """The address of the conversation along the line through a call."""
    return f"/sessions/{session_id}?view=conversation&branch={quote(call_id)}"


def link_sentence(call: CallView) -> str:
    """Why a call stands where it does, and how sure that is, in a sentence."""
    if call.link_rule is None:
        return "Its request is still being read; it is not linked yet."
    sure = sure_word(call.link_confidence)
    how = f" That is {sure} ({call.link_confidence:.0%})." if sure and call.link_confidence is not None else ""
    return LINKED_BY[call.link_rule] + how


def _sure_class(call: CallView) -> str:
    if call.link_rule == "manual":
        return "hand"
    return "unsure" if (call.link_confidence or 0) < 0.7 else "sure"


def _says(turn: Turn) -> str:
    """What is new in the turn, on one line: what was asked last, else what was answered."""
    asked = [m for m in turn.added if m.role != "system" and any(isinstance(p, TextPart) for p in m.parts)]
    said = asked[-1:] or [*turn.answer[:1]] or [*turn.added[-1:]]
    return wording.one_line(text_of(said[0]), 160) if said else turn.call.preview or turn.call.path


def _summary(turns: Sequence[Turn]) -> str:
    counts = Counter(turn.relation for turn in turns)
    found = [wording.plural(counts[kind], one, many) for kind, one, many in _COUNTED if counts[kind]]
    return " · ".join((wording.plural(len(turns), "call"), *(found or ["one line, no branches"])))

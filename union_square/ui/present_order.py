"""The order of a listing as view values: its heads, which are links to its other orders, and its words. PURE."""

from collections.abc import Sequence
from dataclasses import dataclass

from union_square.domain.sorting import CALL_KEYS, NEWEST, SESSION_KEYS, SessionKey, Sort, SortError, parse_sort
from union_square.ui.present_finding import address_of
from union_square.ui.views import Heads, HeadView, OrderLink

_WORDS: dict[SessionKey, tuple[str, str, str]] = {
    "time": ("Time", "newest first", "oldest first"),
    "cost": ("Cost", "dearest first", "cheapest first"),
    "duration": ("Duration", "longest first", "shortest first"),
    "tokens": ("Tokens", "most tokens first", "fewest tokens first"),
    "input_tokens": ("Tokens in", "most tokens in first", "fewest tokens in first"),
    "output_tokens": ("Tokens out", "most tokens out first", "fewest tokens out first"),
    "ttft": ("First token", "slowest first token first", "quickest first token first"),
    "calls": ("Calls", "most calls first", "fewest calls first"),
    "errors": ("Errors", "most errors first", "fewest errors first"),
}
"""Its name, and what the two directions are called: largest first, smallest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`keys`: what it can be ordered by, with the words of each link; none: the word alone."""

    css: str
    word: str = ""
    keys: tuple[tuple[SessionKey, str], ...] = ()


_TOKENS = Column(css="num c-tokens", keys=(("tokens", "Tokens"), ("input_tokens", "in"), ("output_tokens", "out")))
_FIGURES = (
    _TOKENS,
    Column(css="num c-cost", keys=(("cost", "Cost"),)),
    Column(css="num c-duration", keys=(("duration", "Duration"),)),
    Column(css="num c-first", keys=(("ttft", "First token"),)),
)
SESSION_COLUMNS = (
    Column(css="c-state", word="State"),
    Column(css="c-title", word="Session"),
    Column(css="c-model", word="Models"),
    Column(css="num c-calls", keys=(("calls", "Calls"),)),
    *_FIGURES,
    Column(css="num c-when", keys=(("time", "Last"),)),
)
CALL_COLUMNS = (
    Column(css="c-state", word="State"),
    Column(css="c-title", word="Call"),
    Column(css="c-model", word="Model"),
    Column(css="num c-calls", word="Status"),
    *_FIGURES,
    Column(css="num c-when", keys=(("time", "Began"),)),
)


def read_order(spelled: str, columns: Sequence[Column]) -> Sort:
    """The order that an address asks for; one that there is not is the newest first."""
    try:
        return parse_sort(spelled or NEWEST.spelled, SESSION_KEYS if columns is SESSION_COLUMNS else CALL_KEYS)
    except SortError:
        return NEWEST


def order_words(sort: Sort) -> str:
    return _WORDS[sort.key][1 if sort.descending else 2]


def present_heads(columns: Sequence[Column], sort: Sort, path: str, query: str) -> Heads:
    """Each leads to the listing in its order, largest first; that of the present order turns it round."""

    def link(key: SessionKey, word: str) -> OrderLink:
        current = key == sort.key
        to = Sort(key=key, descending=not sort.descending if current else True)
        return OrderLink(
            word=word,
            href=address_of(path, query, sort=to),
            title=order_words(to),
            arrow=("↓" if sort.descending else "↑") if current else "",
        )

    def head(column: Column) -> HeadView:
        here = sort.key in {key for key, _ in column.keys}
        return HeadView(
            css=column.css,
            word=column.word,
            sorted=("descending" if sort.descending else "ascending") if here else "none",
            links=[link(key, word) for key, word in column.keys],
        )

    keys = SESSION_KEYS if columns is SESSION_COLUMNS else CALL_KEYS
    shown = next(column.css for column in columns if sort.key in {"errors", *(key for key, _ in column.keys)})
    return Heads(
        words=order_words(sort),
        shown=shown.removeprefix("num ").removeprefix("c-"),
        heads=[head(column) for column in columns],
        orders=[link(key, _WORDS[key][0]) for key in keys],
    )

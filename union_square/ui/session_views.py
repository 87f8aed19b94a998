"""Finished view values of the session page's tree, time line, context and changes; see `ui.views`. PURE."""

from dataclasses import dataclass, field

from union_square.ui.views import Pair, ShareView


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """A call in the tree."""

    id: str = ""
    href: str = ""  # its own page
    number: str = ""
    indent: str = ""  # a CSS length
    relation: str = ""
    relation_word: str = ""
    link: str = ""  # what put it there
    sure: str = ""
    sure_class: str = ""  # sure, unsure, hand
    link_title: str = ""
    state: str = ""
    state_word: str = ""
    model: str = ""
    says: str = ""
    figures: str = ""
    read_href: str = ""
    read_word: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeView:
    rows: list[TreeRow] = field(default_factory=list[TreeRow])
    earlier: str = ""  # what brings the rows above; "" = all are here
    summary: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarView:
    """A call on the time line. Lengths are CSS."""

    id: str = ""
    href: str = ""
    number: str = ""
    title: str = ""  # all figures in words
    state: str = ""
    left: str = "0%"
    width: str = "0%"
    top: str = "0px"
    waiting: str = "0%"  # of the bar
    thinking: str = "0%"  # from the first byte to the first token, of the bar
    streaming: str = "0%"  # of the bar


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakView:
    """Time between calls: tools at work, or nothing (cut short where it is long)."""

    key: str = ""
    kind: str = ""  # tools, idle
    left: str = "0%"
    width: str = "0%"
    top: str = "0px"
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleMark:
    left: str = "0%"
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallRow:
    """A call's figures, for the table beside the picture."""

    id: str = ""
    href: str = ""
    number: str = ""
    began: str = ""
    tools: str = ""
    waiting: str = ""
    first_token: str = ""
    streaming: str = ""
    total: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallView:
    bars: list[BarView] = field(default_factory=list[BarView])
    breaks: list[BreakView] = field(default_factory=list[BreakView])
    scale: list[ScaleMark] = field(default_factory=list[ScaleMark])
    height: str = "0px"
    summary: str = ""
    note: str = ""
    totals: list[Pair] = field(default_factory=list[Pair])
    rows: list[WaterfallRow] = field(default_factory=list[WaterfallRow])


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextBar:
    """A turn's request in the stacked bars. `height` is a CSS length: its size beside the largest."""

    id: str = ""
    href: str = ""
    number: str = ""
    height: str = "0%"
    title: str = ""
    shares: list[ShareView] = field(default_factory=list[ShareView])


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextView:
    bars: list[ContextBar] = field(default_factory=list[ContextBar])
    latest: list[ShareView] = field(default_factory=list[ShareView])
    latest_word: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One thing that changed. `kind`: added, removed, edited."""

    key: str = ""
    kind: str = ""
    kind_word: str = ""
    what: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesView:
    """What a request changed. `compared`: with which; "" = there is none to compare it with."""

    id: str = ""  # the call whose changes these are
    compared: str = ""
    compared_href: str = ""
    summary: str = ""
    cache: str = ""  # what a prompt cache could use
    cache_class: str = ""  # good, bad, ""
    changes: list[ChangeView] = field(default_factory=list[ChangeView])
    more: str = ""

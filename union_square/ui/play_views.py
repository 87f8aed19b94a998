"""What the player's page shows, as finished text and CSS lengths (see `ui.views`). PURE."""

from dataclasses import dataclass, field

from union_square.ui.views import TurnView


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentView:
    """A call on the track. `waiting` is the part of it, from its begin on, before its answer began."""

    key: str = ""
    left: str = ""
    width: str = ""
    top: str = ""
    waiting: str = ""
    state: str = ""
    words: str = ""
    at: int = 0  # its begin, in milliseconds played


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackView:
    """Changes only with what is played, not while it plays."""

    segments: list[SegmentView] = field(default_factory=list[SegmentView])
    height: str = ""
    milliseconds: int = 0  # played, in all
    length_words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckView:
    """The buttons and what stands on them."""

    at: int = 0  # milliseconds played
    left: str = "0%"
    clock: str = ""
    doing: str = ""
    playing: bool = False
    speed: str = ""
    skip: bool = True
    link: str = ""  # this page's address at this moment


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayLook:
    """One look at the recording."""

    deck: DeckView = field(default_factory=DeckView)
    settled: list[TurnView] = field(default_factory=list[TurnView])
    running: list[TurnView] = field(default_factory=list[TurnView])
    earlier: str = ""  # that turns before those shown are left out

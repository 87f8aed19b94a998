"""The dashboard's finished view values. PURE. Texts are ready to be shown; `at` is ISO 8601 in UTC."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A link of which one is the current."""

    word: str = ""
    href: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePart:
    word: str = ""
    value: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BigFigure:
    key: str = ""
    name: str = ""
    value: str = ""
    href: str = ""
    note: str = ""
    note_href: str = ""  # "" = the note is no link
    parts: list[FigurePart] = field(default_factory=list[FigurePart])


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    """A span of time: where it stands in every chart, its calls, and what they amounted to."""

    at: str = ""
    href: str = ""
    left: str = ""
    width: str = ""
    tab: str = "-1"
    calls: str = ""
    errors: str = ""
    inputs: str = ""
    outputs: str = ""
    cost: str = ""
    duration: str = ""  # p50 · p95 · p99
    first: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathView:
    kind: str = ""
    d: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartView:
    """Paths in a box of 1000 × 100; `top` and `middle` say what its upper edge and its half stand for."""

    paths: list[PathView] = field(default_factory=list[PathView])
    top: str = ""
    middle: str = ""
    nothing: str = ""  # why there is nothing to draw; "" = there is


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisMark:
    at: str = ""
    left: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """A value of the dimension, and what its calls amounted to."""

    name: str = ""
    href: str = ""  # "" = no filter describes exactly these
    bar: str = ""
    calls: str = ""
    errors: str = ""
    errors_href: str = ""
    inputs: str = ""
    outputs: str = ""
    cost: str = ""
    duration: str = ""
    first: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardView:
    presets: list[Choice] = field(default_factory=list[Choice])
    dimensions: list[Choice] = field(default_factory=list[Choice])
    earlier: str = ""
    later: str = ""
    zoom_in: str = ""
    zoom_out: str = ""
    begin: str = ""
    end: str = ""
    step: str = ""  # how long a column is, in words
    mode: str = ""  # how the marks of the axis are written
    marks: list[AxisMark] = field(default_factory=list[AxisMark])
    figures: list[BigFigure] = field(default_factory=list[BigFigure])
    columns: list[ColumnView] = field(default_factory=list[ColumnView])
    calls: ChartView = field(default_factory=ChartView)
    tokens: ChartView = field(default_factory=ChartView)
    cost: ChartView = field(default_factory=ChartView)
    durations: ChartView = field(default_factory=ChartView)
    firsts: ChartView = field(default_factory=ChartView)
    by: str = ""
    rows: list[ValueRow] = field(default_factory=list[ValueRow])
    more: str = ""  # how many values are left out
    nothing: str = ""  # that there is nothing; "" = there are calls
    advice: str = ""
    everything: str = ""  # the address without filter and range; "" = this is it

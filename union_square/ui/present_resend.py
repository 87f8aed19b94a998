"""The page of a call's re-sends as view values. PURE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from union_square.domain.views import CallDetail, CallView
from union_square.replaying.comparing import Difference, answer_text, differences, word_diff
from union_square.replaying.keys import KeyNames
from union_square.ui import wording

_FULL = 60_000
"""Characters of an answer that the page shows; the call's own page has all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanView:
    kind: str = ""  # same, gone, new
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceView:
    name: str = ""
    before: str = ""
    after: str = ""
    change: str = ""  # "−12 %"; "" = unknown or none
    trend: str = ""  # less, more, ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """One of the two calls."""

    href: str = ""
    title: str = ""  # upstream and model
    state: str = ""
    state_word: str = ""
    spans: list[SpanView] = field(default_factory=list[SpanView])
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendLine:
    """A re-send in the table; the first line is the original."""

    id: str = ""
    href: str = ""
    at: str = ""
    title: str = ""
    state: str = ""
    state_word: str = ""
    duration: str = ""
    tokens: str = ""
    cost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedView:
    before: SideView = field(default_factory=SideView)
    after: SideView = field(default_factory=SideView)
    differences: list[DifferenceView] = field(default_factory=list[DifferenceView])


def present_compared(before: CallDetail, after: CallDetail) -> ComparedView:
    """Both answers and what they took; words are compared once the second has ended."""
    said, says = _answer(before), _answer(after)
    if after.call.state == "running" or not (said and says):
        old, new = _plain(said), _plain(says)  # nothing to compare word by word
    else:
        spans = [SpanView(kind=span.kind, text=span.text) for span in word_diff(said, says)]
        old, new = [s for s in spans if s.kind != "new"], [s for s in spans if s.kind != "gone"]
    running = after.call.state == "running"
    compared = [] if running else [present_difference(each) for each in differences(before.call, after.call)]
    return ComparedView(before=_side(before.call, old), after=_side(after.call, new), differences=compared)


def present_before(before: CallDetail) -> ComparedView:
    """The original alone."""
    return ComparedView(before=_side(before.call, _plain(_answer(before))))


def _answer(detail: CallDetail) -> str:
    """What was said; of a call that failed before anything was: nothing, for the error stands below."""
    return answer_text(detail)[:_FULL] if len(detail.messages) > detail.request_message_count else ""


def _plain(text: str) -> list[SpanView]:
    return [SpanView(kind="same", text=text)] if text else []


def _side(call: CallView, spans: list[SpanView]) -> SideView:
    error = f"{call.error_type}: {call.error_message}".strip(": ") if call.state in {"failed", "cut_off"} else ""
    return SideView(
        href=f"/calls/{call.id}",
        title=_title(call),
        state=call.state,
        state_word=wording.CALL_WORDS[call.state],
        spans=spans,
        error=error,
    )


def _title(call: CallView) -> str:
    return " · ".join(filter(None, (call.upstream, call.response_model or call.model)))


def present_difference(difference: Difference) -> DifferenceView:
    """One figure, before and after."""
    share = difference.share
    change = "" if share is None or abs(share) < 0.005 else _share(share)
    return DifferenceView(
        name=difference.name.capitalize(),
        before=_figure(difference.name, difference.before),
        after=_figure(difference.name, difference.after),
        change=change,
        trend="" if not change else "more" if (share or 0) > 0 else "less",
    )


def _share(share: float) -> str:
    return f"× {share + 1:,.0f}" if share >= 10 else f"{share:+.0%}".replace("-", "−")


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "unknown" if name == "cost" else wording.NOT_REPORTED
    if name in {"duration", "first token"}:
        return wording.duration(value)
    return wording.cost(value) if name == "cost" else wording.grouped(int(value))


def present_lines(original: CallView, resent: Sequence[CallView]) -> list[ResendLine]:
    """The original, then its re-sends, newest first."""
    return [_line(call) for call in (original, *resent)]


def _line(call: CallView) -> ResendLine:
    usage = call.usage
    return ResendLine(
        id=call.id,
        href=f"/calls/{call.id}",
        at=wording.iso(call.started_at),
        title=_title(call),
        state=call.state,
        state_word=wording.CALL_WORDS[call.state],
        duration=wording.duration(call.duration_ms),
        tokens=wording.token_pair(usage.input_tokens, usage.output_tokens) if usage else "",
        cost=wording.cost(call.cost_usd),
    )


def present_key(key_names: KeyNames, upstream: str, environ: Mapping[str, str]) -> str:
    """Whose key it will be sent with, in words. Names the variable, never its value."""
    found = key_names.found(environ, upstream)
    if found:
        return f"Sent with {found} from the environment, unless another key is typed here for this once."
    names = " or ".join(key_names.of(upstream))
    return f"{names} is not set where the UI runs: type a key for this once. It is kept nowhere."


def present_keys(key_names: KeyNames, upstreams: Sequence[str], environ: Mapping[str, str]) -> str:
    """The same for the several upstreams of a session."""
    if len(upstreams) == 1:
        return present_key(key_names, upstreams[0], environ)
    found = [name for name in (key_names.found(environ, upstream) for upstream in upstreams) if name]
    missing = [" or ".join(key_names.of(one)) for one in upstreams if not key_names.found(environ, one)]
    words = [f"Sent with {' and '.join(found)} from the environment."] if found else []
    words += [f"Not set where the UI runs: {', '.join(missing)}."] if missing else []
    return " ".join((*words, "A key that is typed here goes to all of them, for this once. It is kept nowhere."))


def present_model_advice(upstream: str, model: str) -> str:
    """What to think of when another upstream is chosen."""
    if not upstream or model.strip():
        return ""
    return f"The recorded models may have other names at {upstream}: name one to use."

"""What fills a request, and how that grew over a session, as view values. PURE.

No provider says which part of a request took how many tokens. What is shown is characters; tokens are the reported
input shared out by them, and are called an estimate.
"""

from collections.abc import Sequence

from union_square.domain.context import KINDS, Context
from union_square.domain.conversation import Turn
from union_square.domain.views import CallView
from union_square.ui import wording
from union_square.ui.present_sessions import call_href
from union_square.ui.session_views import ContextBar, ContextView
from union_square.ui.views import ShareView

NAMES = {
    "system": "system prompt",
    "tools": "tools offered",
    "user": "user",
    "assistant": "assistant",
    "tool_results": "tool results",
    "media": "images and other media",
}
BARS = 120
"""Turns that are drawn; of a longer session the newest."""

_ESTIMATE = "Tokens are an estimate: the reported input shared out by characters"
_MEDIA = "; an image, sound or document counts as 4,000 characters whatever its size"


def present_shares(context: Context, call: CallView) -> list[ShareView]:
    """The parts of one request, those that are there."""
    whole = context.total
    tokens = call.usage.input_tokens if call.usage else None
    return [
        ShareView(
            kind=kind,
            name=NAMES[kind],
            width=f"{100 * count / whole:.2f}%",
            share=f"{100 * count / whole:.0f} %" if count / whole >= 0.005 else "<1 %",
            tokens="" if tokens is None else f"≈ {wording.grouped(round(tokens * count / whole))} tokens",
            characters=f"{wording.grouped(count)} characters",
        )
        for kind, count in ((kind, int(getattr(context, kind))) for kind in KINDS)
        if count and whole
    ]


def context_note(context: Context, call: CallView) -> str:
    """How the shares were come by."""
    if not context.total:
        return "Nothing was read from the request."
    if call.usage is None or call.usage.input_tokens is None:
        return "No token count was reported; shares are of characters" + (_MEDIA if context.media else "") + "."
    said = f"{_ESTIMATE} ({wording.grouped(call.usage.input_tokens)} input tokens reported)"
    return said + (_MEDIA if context.media else "") + "."


def present_context(turns: Sequence[Turn]) -> ContextView:
    """A stacked bar a turn, and the newest request in figures."""
    filled = [(number, turn) for number, turn in enumerate(turns, 1) if turn.context.total]
    if not filled:
        return ContextView(note="Nothing was read from the requests.")
    shown = filled[-BARS:]
    tallest = max(_size(turn) for _, turn in shown)
    number, latest = filled[-1]
    return ContextView(
        bars=[_bar(n, turn, tallest) for n, turn in shown],
        latest=present_shares(latest.context, latest.call),
        latest_word=f"The newest request, #{number}",
        note=context_note(latest.context, latest.call)
        + (f" The newest {BARS} of {len(filled)} turns are drawn." if len(filled) > BARS else ""),
    )


def _size(turn: Turn) -> float:
    """Reported tokens, where they are; else characters in the place of tokens."""
    usage = turn.call.usage
    return (usage.input_tokens if usage else None) or turn.context.total / 4


def _bar(number: int, turn: Turn, tallest: float) -> ContextBar:
    shares = present_shares(turn.context, turn.call)
    usage = turn.call.usage
    reported = usage.input_tokens if usage else None
    size = (
        f"{wording.grouped(reported)} input tokens" if reported else f"{wording.grouped(turn.context.total)} characters"
    )
    return ContextBar(
        id=turn.call.id,
        href=call_href(turn.call.id),
        number=f"#{number}",
        height=f"{max(3.0, 100 * _size(turn) / tallest):.1f}%",
        title=f"#{number}: {size}: " + ", ".join(f"{share.name} {share.share}" for share in shares),
        shares=[ShareView(kind=share.kind, width=share.width) for share in shares],
    )

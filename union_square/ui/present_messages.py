"""Messages and their parts as people read them, tool calls paired with their results. PURE."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import assert_never

from union_square.domain.messages import (
    MediaPart,
    Message,
    OtherPart,
    Part,
    RefusalPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from union_square.ui import wording
from union_square.ui.longtext import prose_html, value_html
from union_square.ui.markup import is_web_link
from union_square.ui.present_notes import Place
from union_square.ui.sounds import playable
from union_square.ui.views import BlockView, MessageView

ROLE_WORDS = {"system": "System", "user": "User", "assistant": "Assistant", "tool": "Tool"}
_FOLD_SYSTEM_OVER = 280

MEDIA_LIMIT = 1_500_000
"""Characters of base64 that are sent to the browser for one picture or sound."""

_SHOWN = {
    **{f"image/{kind}": ("image", f"image/{kind}") for kind in ("png", "jpeg", "gif", "webp")},
    **{f"audio/{kind}": ("audio", f"audio/{kind}") for kind in ("mpeg", "ogg", "webm", "flac", "mp4", "aac")},
    "image/jpg": ("image", "image/jpeg"),
    **dict.fromkeys(("audio/mp3", "mp3"), ("audio", "audio/mpeg")),
    **dict.fromkeys(("audio/wav", "audio/x-wav", "audio/wave", "wav"), ("audio", "audio/wav")),
}
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool returned. `source`: the address of its pieces; "" = it has none."""

    part: ToolResultPart
    source: str


Results = Mapping[str, Result]
"""Tool results by the id of the call they answer."""


def results_of(messages: Iterable[Message], places: Iterable[Place] = ()) -> dict[str, Result]:
    """Every tool result in the messages, by its call's id; a later one wins."""
    return {
        part.id: Result(part, _source(place, n))
        for message, place in zip_longest(messages, places)
        for n, part in enumerate(message.parts)
        if isinstance(part, ToolResultPart) and part.id
    }


def _source(place: Place | None, part: int) -> str:
    return f"{place.source}/{part}" if place else ""


def _tool_call(part: ToolCallPart, key: str, results: Results, source: str, *, running: bool) -> BlockView:
    result = results.get(part.id)
    if result is None:
        state = "waiting" if running else ""
        title = ""
    else:
        state = "error" if result.part.is_error else "ok"
        title = "returned an error" if result.part.is_error else "returned"
    return BlockView(
        key=key,
        kind="tool_call",
        title=part.name or "(unnamed tool)",
        note=part.id,
        html=value_html(part.arguments, source) if part.arguments.strip() else "",
        result_state=state,
        result_title=title,
        result_html=value_html(result.part.text, result.source) if result is not None else "",
    )


def _media(part: MediaPart, key: str) -> BlockView:
    size = len(part.data) * 3 // 4
    where = part.url or (f"{wording.size(size)} in the body" if size else "no data")
    facts = " · ".join(filter(None, (part.mime_type, part.name, where)))
    source = media_source(part)
    kind = part.modality if source else "media"
    href = part.url if is_web_link(part.url) else ""
    note = wording.one_line(facts, 200)
    return BlockView(key=key, kind=kind, title=part.modality, note=note, source=source, href=href)


def media_source(part: MediaPart) -> str:
    """The data of a picture or a sound as a URL that holds it; "" where it is of another kind, too large to be sent
    along, or no base64. Nothing is ever fetched: a part that only names an address is shown as that address."""
    if not 0 < len(part.data) <= MEDIA_LIMIT:
        return ""
    kind, data = part.mime_type.split(";")[0].strip().lower(), part.data
    if part.modality == "audio":
        kind, data = playable(part.mime_type, part.data)
    known = _SHOWN.get(kind)
    if known is None or known[0] != part.modality:
        return ""
    return f"data:{known[1]};base64,{data}" if _BASE64.fullmatch(data) else ""


def present_part(part: Part, key: str, results: Results, source: str = "", *, running: bool = False) -> BlockView:
    """One part as a block. `source`: the address of its pieces. `running`: its call has not ended."""
    if running:
        source = ""  # what grows is shown anew with each word
    match part:
        case TextPart():
            return BlockView(key=key, kind="text", html=prose_html(part.text, source))
        case ThinkingPart():
            hidden = part.redacted or not part.text
            note = "not shown by the provider" if hidden else wording.plural(len(part.text.split()), "word")
            html = "" if hidden else prose_html(part.text, source)
            return BlockView(key=key, kind="thinking", title="Thinking", note=note, html=html)
        case ToolCallPart():
            return _tool_call(part, key, results, source, running=running)
        case ToolResultPart():
            return BlockView(
                key=key,
                kind="tool_result",
                title=part.name or "result",
                note=part.id,
                html=value_html(part.text, source),
                result_state="error" if part.is_error else "ok",
            )
        case MediaPart():
            return _media(part, key)
        case RefusalPart():
            return BlockView(key=key, kind="refusal", title="Refusal", html=prose_html(part.text, source))
        case OtherPart():
            return BlockView(key=key, kind="other", title=part.label, html=value_html(part.json, source))
        case _:
            assert_never(part)


def text_of(message: Message) -> str:
    """The plain text of a message, its other parts named."""
    words = [part.text if isinstance(part, TextPart) else f"[{part.type.replace('_', ' ')}]" for part in message.parts]
    return " ".join(words)


def present_message(
    message: Message,
    key: str,
    results: Results,
    *,
    paired: frozenset[str] = frozenset(),
    running: bool = False,
    place: Place | None = None,
) -> MessageView | None:
    """One message; None where all it held is shown elsewhere (results paired with their calls, `paired`)."""
    parts = [(n, p) for n, p in enumerate(message.parts) if not (isinstance(p, ToolResultPart) and p.id in paired)]
    if not parts and message.parts and not (place and place.said):
        return None
    text = text_of(message)
    word = ROLE_WORDS[message.role]
    return MessageView(
        key=key,
        role=message.role,
        role_word=f"{word} · {message.name}" if message.name else word,
        folded=message.role == "system" and len(text) > _FOLD_SYSTEM_OVER,
        summary=wording.one_line(text, 140),
        blocks=[
            replace(present_part(part, f"{key}-{n}", results, _source(place, n), running=running), part=str(n))
            for n, part in parts
        ],
        call_id=place.call_id if place else "",
        number=str(place.number) if place else "",
        notes=place.said if place else [],
    )


def present_messages(
    messages: Iterable[Message],
    prefix: str,
    results: Results,
    *,
    paired: frozenset[str] = frozenset(),
    running: bool = False,
    places: Sequence[Place] = (),
) -> list[MessageView]:
    """The messages in order, without those shown elsewhere. `places`: of each message, where notes are put."""
    shown = (
        present_message(message, f"{prefix}-{n}", results, paired=paired, running=running, place=place)
        for n, (message, place) in enumerate(zip_longest(messages, places))
    )
    return [message for message in shown if message is not None]

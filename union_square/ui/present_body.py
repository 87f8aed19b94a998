"""A call's recorded bodies as view values. PURE."""

from union_square.ui import markup, wording
from union_square.ui.longtext import long_html
from union_square.ui.views import BodyView
from union_square.watching.ports import RecordedBody
from union_square.wire.content import ContentDecoder

BODY_LIMIT = 64 * 1024
"""Characters of a raw body that are laid out; a longer one is shown as it stands, in pieces."""

_CURL_BODY_LIMIT = 16 * 1024
_DUMPED = 256


def decoded(body: RecordedBody) -> tuple[bytes, str]:
    """A body without its content encoding, and what stood in the way of that."""
    decoder = ContentDecoder(body.content_encoding)
    return decoder.feed(body.data) + decoder.end(), decoder.problem


def body_text(data: bytes) -> str | None:
    """A body as text; None where it is not UTF-8 text."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(data) - 4:
            return None
        text = data[: error.start].decode("utf-8")  # cut inside a character
    return None if "\0" in text else text


def present_body(recorded: RecordedBody, data: bytes, problem: str, call_id: str, side: str) -> BodyView:
    """A raw body. `data`: what it decodes to, `problem`: what stood in the way of that."""
    total = len(recorded.data)
    text = body_text(data)
    html, notes = "", [problem]
    if not data:
        notes = [problem or "no body"]
    elif text is None:
        html = markup.data_html(" ".join(f"{byte:02x}" for byte in data[:_DUMPED]))
        notes.append("not text: its first bytes")
    elif len(text) > BODY_LIMIT:
        html = long_html(text, f"/pieces/{call_id}/{side}/0", as_tree=False)
    else:
        laid_out = markup.pretty_json(text) if text.lstrip()[:1] in "{[" else None
        html = f'<pre class="data" tabindex="0">{markup.json_spans(laid_out or text)}</pre>'
        notes.append("laid out for reading" if laid_out not in {None, text} else "")
    return BodyView(
        html=html,
        note="; ".join(filter(None, notes)),
        href=f"/api/v1/calls/{call_id}/{side}" if total else "",
        size=wording.size(total),
        kind=" · ".join(filter(None, (recorded.content_type, recorded.content_encoding))),
    )


def curl_body(data: bytes) -> str | None:
    """The request body for a curl command; None = too long, or not text."""
    return body_text(data) if len(data) <= _CURL_BODY_LIMIT else None

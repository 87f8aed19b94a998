"""Forms with files (multipart/form-data, RFC 7578) as the fields that a JSON body would have had.

A file's place is taken by what is known of it; its bytes are not copied, they can be had from the recorded body.
"""

import re
from typing import Any

from union_square.wire.headers import ContentType, parse_content_type

MAX_FIELDS = 1000
"""Of one form. Known ones have up to 20 and some images."""
MAX_FIELD_BYTES = 1 << 20
"""Of a field that is text; what is longer counts as a file."""

_NAME = re.compile(r'(?:\A|[;\s])name=("[^"]*"|[^;]*)', re.IGNORECASE)
_FILE_NAME = re.compile(r'[;\s]filename\*?=("[^"]*"|[^;]*)', re.IGNORECASE)


def is_form(kind: ContentType) -> bool:
    """Whether a content type is that of a form with files."""
    return kind.media_type == "multipart/form-data" and bool(kind.parameters.get("boundary"))


def parse_form(data: bytes, kind: ContentType) -> dict[str, Any]:
    """The fields by name, `[]` at its end left away; those that come again are lists.

    A file is `{"type": "form_file", "filename": …, "mime_type": …, "bytes": its size}`. Never raises; of a body that
    is no such form, nothing.
    """
    mark = b"--" + kind.parameters.get("boundary", "").encode("latin-1", "replace")
    found: dict[str, Any] = {}
    for piece in data.split(mark, MAX_FIELDS + 1)[1:]:
        if piece[:2] == b"--":
            break
        head, blank, content = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
        if not blank:
            head, blank, content = piece.lstrip(b"\n").partition(b"\n\n")
        field = _field(head, content.removesuffix(b"\n").removesuffix(b"\r")) if blank else None
        if field is None:
            continue
        name, value = field
        if name in found:
            found[name] = [*found[name], value] if isinstance(found[name], list) else [found[name], value]
        else:
            found[name] = value
    return found


def _field(head: bytes, content: bytes) -> tuple[str, Any] | None:
    disposition, media_type = "", ""
    for line in head.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            disposition = value
        elif name.strip().lower() == "content-type":
            media_type = parse_content_type(value).media_type
    named = _NAME.search(disposition)
    if named is None:
        return None
    filed = _FILE_NAME.search(disposition)
    name = named[1].strip(' "').removesuffix("[]")
    text = _text(content) if filed is None else None
    if text is not None:
        return name, text
    return name, {
        "type": "form_file",
        "filename": filed[1].strip(' "') if filed else "",
        "mime_type": media_type,
        "bytes": len(content),
    }


def _text(content: bytes) -> str | None:
    if len(content) > MAX_FIELD_BYTES or b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None

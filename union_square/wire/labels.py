"""What our own request headers say of a call: session, tags, metadata. They are taken off before forwarding."""

from dataclasses import dataclass, field
from typing import Any

from union_square.wire.headers import Head
from union_square.wire.jsontext import clean, clean_value, obj_of, parse_json

SESSION_HEADER = "x-union-square-session-id"
METADATA_HEADER = "x-union-square-metadata"
TAGS_HEADER = "x-union-square-tags"

MAX_TAGS = 50
MAX_TAG_CHARACTERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    session: str = ""  # as the application wrote it
    tags: tuple[str, ...] = ()  # in its order, each once
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    problems: tuple[str, ...] = ()


def parse_labels(head: Head) -> Labels:
    """The labels that a request's headers give. What cannot be read is a problem, and stands in it."""
    problems: list[str] = []
    metadata: dict[str, Any] = {}
    for value in head.get_all(METADATA_HEADER):
        text = _utf8(value)
        read = parse_json(text)
        found = obj_of(read.value)
        if read.problem or found != read.value:
            why = read.problem or "is not a JSON object"
            problems.append(f"{METADATA_HEADER} {why}; it says {text[:500]!r}")
        metadata |= clean_value(found)
    tags = [tag.strip()[:MAX_TAG_CHARACTERS] for value in head.get_all(TAGS_HEADER) for tag in _utf8(value).split(",")]
    unique = tuple(dict.fromkeys(tag for tag in tags if tag))
    if len(unique) > MAX_TAGS:
        problems.append(f"{TAGS_HEADER} names {len(unique)} tags; the first {MAX_TAGS} were taken")
    return Labels(
        session=_utf8(head.get(SESSION_HEADER)).strip(),
        tags=unique[:MAX_TAGS],
        metadata=metadata,
        problems=tuple(problems),
    )


def _utf8(value: str) -> str:
    """A header value as its sender meant it: UTF-8 where it is, latin-1 (RFC 9110) where it is not."""
    try:
        return clean(value.encode("latin-1").decode())
    except UnicodeError:
        return clean(value)

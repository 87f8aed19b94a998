"""Identities. Each has one parse function; past it the value is trusted.

Must not: make identities (that takes a clock and randomness; see `proxy_app.clock`).
"""

import re
from typing import NewType

CallId = NewType("CallId", str)
"""32 lower-case hexadecimal digits; sorts by the time the call began (UUID version 7 layout)."""

SessionId = NewType("SessionId", str)
"""What the application called its session when that is safe in a path, else derived from it or from the first call."""

WriterId = NewType("WriterId", str)
"""32 hexadecimal digits; one for each run of each proxy worker, and the name of its event log's folder."""

_HEX32 = re.compile(r"[0-9a-f]{32}\Z")
_SESSION = re.compile(r"[A-Za-z0-9._~:@-]{1,128}\Z")


class IdError(ValueError):
    """A text is not an identity of the kind asked for. The message says which and why."""


def parse_call_id(text: str) -> CallId:
    """The call identity that `text` spells. Raises IdError."""
    if not _HEX32.match(text):
        raise IdError(f"not a call id (32 hexadecimal digits): {text[:64]!r}")
    return CallId(text)


def parse_writer_id(text: str) -> WriterId:
    """The writer identity that `text` spells. Raises IdError."""
    if not _HEX32.match(text):
        raise IdError(f"not a writer id (32 hexadecimal digits): {text[:64]!r}")
    return WriterId(text)


def parse_session_id(text: str) -> SessionId:
    """The session identity that `text` spells. Raises IdError."""
    if not _SESSION.match(text):
        raise IdError(f"not a session id (1 to 128 of letters, digits and ._~:@-): {text[:64]!r}")
    return SessionId(text)

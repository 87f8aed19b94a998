"""Credentials are replaced before anything is recorded: in header values, in the query, and wherever in a head a
string has the shape of a known kind of key.

In a credential's place stands `[redacted:<fingerprint>]`, a keyed BLAKE2b hash of 16 hexadecimal digits: equal
credentials have equal fingerprints, and without the key (which stays in the data folder) they tell nothing.

Must not: keep or show a credential. The cache holds them in memory only, as the connection they came by does.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from union_square.domain.redaction_fields import FieldMask

_CACHE_ENTRIES = 4096
_CACHED_HEAD = 4096
"""Lines of longer heads are not kept, so that the cache stays below some 10 MB."""

_WORDS = frozenset({b"auth", b"key", b"token", b"secret", b"jwt", b"sig", b"password", b"passwd", b"pwd", b"sid"})
_SMELLS = (
    b"authoriz", b"cookie", b"credential", b"signature", b"secret", b"passw", b"bearer",
    b"apikey", b"authkey", b"authtoken", b"accesskey", b"accesstoken", b"sessiontoken", b"privatekey", b"csrf", b"xsrf",
)  # fmt: skip
_COUNTS = frozenset({b"count", b"counts", b"limit", b"limits", b"ratelimit", b"remaining", b"usage", b"max", b"reset"})
_HARMLESS = frozenset(
    {
        b"idempotency-key", b"x-idempotency-key", b"sec-websocket-key", b"surrogate-key", b"x-cache-key", b"cache-key",
        b"prompt-cache-key", b"www-authenticate", b"access-control-allow-credentials", b"x-amz-content-sha256",
    }
)  # fmt: skip
_PRINCIPALS = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"proxy-authorization")
_SCHEMES = frozenset(
    {b"bearer", b"basic", b"token", b"apikey", b"api-key", b"key", b"digest", b"negotiate", b"aws4-hmac-sha256"}
)
_QUERY_NAMES = frozenset(
    {b"key", b"code", b"sig", b"token", b"auth", b"secret", b"password", b"x-amz-credential", b"x-amz-signature"}
)
_QUERY_HARMLESS = frozenset({b"pagetoken", b"page_token", b"nextpagetoken", b"next_token", b"continuation_token"})

_SHAPE_MARKS = (
    b"sk-", b"sk_", b"pk-lf-", b"AIza", b"ya29.", b"gh", b"glpat-", b"AKIA", b"ASIA", b"xox", b"eyJ", b"gsk_", b"hf_",
    b"xai-", b"r8_", b"pplx-", b"nvapi-",
)  # fmt: skip
_SHAPES = re.compile(
    rb"(?<![A-Za-z0-9])(?:"
    rb"(?:sk|pk-lf|xai|pplx|nvapi)-[A-Za-z0-9_-]{12,}|sk_[A-Za-z0-9_]{16,}|(?:gsk|hf|r8)_[A-Za-z0-9]{16,}"
    rb"|AIza[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_.-]{16,}|gh[opsur]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}"
    rb"|glpat-[A-Za-z0-9_-]{12,}|A[KS]IA[A-Z0-9]{12,}|xox[a-z]-[A-Za-z0-9-]{8,}"
    rb"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"
    rb")"
)
_SUBPROTOCOL_KEY = re.compile(rb"(openai-insecure-api-key\.|xai-client-secret\.)([^\s,;]+)")
"""How browsers, which can set no header on a WebSocket, send a key: as a subprotocol."""
_USER_INFO = re.compile(rb"(?<=://)[^/\s@?#]+(?=@)")
_PARAMETER = re.compile(rb"(?<=[?&;])([^=&;#\s]+)=([^&;#\s]*)")


class RedactedHead(NamedTuple):  # made for every call: a third of the time of a frozen dataclass
    """A request head without its credentials. `fingerprint` is that of the principal one; "" = it carried none."""

    head: bytes
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a head, redacted. `principal` is the credential's fingerprint, and `name` where it stood."""

    redacted: bytes
    name: bytes = b""
    principal: bytes = b""


class Redactor:
    """Replaces credentials by fingerprints under one key (32 random bytes). Pure but for its bounded caches: most lines
    of a head are those of the head before it, and looking them up is ten times as fast as reading them."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("the fingerprint key is too short: 16 bytes at least")
        self._key = key[:64]
        self._fingerprint = lru_cache(maxsize=_CACHE_ENTRIES)(self._hash)
        self._shapeless = lru_cache(maxsize=256)(self._redact_shapes)
        self._line = lru_cache(maxsize=_CACHE_ENTRIES)(self._read_line)

    def fingerprint(self, secret: bytes) -> str:
        """16 hexadecimal digits that stand for `secret`."""
        return self._fingerprint(secret).decode()

    def redact_request_head(self, head: bytes) -> RedactedHead:
        """A request head (request line, headers, empty line) with every credential replaced."""
        lines = head[:-4].split(b"\r\n")
        first = lines[0]
        found = self._read_first(first)
        principals = {b"?": found.principal} if found.principal else None
        changed = found.redacted is not first
        lines[0] = found.redacted
        read = self._line if len(head) <= _CACHED_HEAD else self._read_line
        for i in range(1, len(lines)):
            known = read(lines[i])
            if known is not None:
                changed = True
                lines[i] = known.redacted
                if known.principal:
                    principals = principals or {}
                    principals.setdefault(known.name, known.principal)
        if changed:
            head = b"\r\n".join(lines) + b"\r\n\r\n"
        return RedactedHead(head, _principal(principals) if principals else "")

    def redact_response_head(self, head: bytes) -> bytes:
        """A response head with the cookies and tokens it sets replaced."""
        lines = head[:-4].split(b"\r\n")
        known = list(map(self._line if len(head) <= _CACHED_HEAD else self._read_line, lines[1:]))
        first = self._shapeless(lines[0])
        if first == lines[0] and not any(known):
            return head
        kept = (line if new is None else new.redacted for line, new in zip(lines[1:], known, strict=True))
        return b"\r\n".join((first, *kept)) + b"\r\n\r\n"

    def _read_first(self, line: bytes) -> _Line:
        principals: list[bytes] = []
        redacted = self._redact_shapes(line)
        if b"?" in redacted:
            redacted = _PARAMETER.sub(lambda m: self._parameter(m, principals), redacted)
        return _Line(redacted, b"?", principals[0] if principals else b"")

    def _read_line(self, line: bytes) -> _Line | None:
        """What is to stand in the place of a header line; None = the line itself."""
        name, _, value = line.partition(b":")
        if is_credential_name(name):
            replaced, principal = self._replace(value)
            return _Line(name + b":" + replaced, name.strip(b" \t").lower(), principal)
        redacted = self._redact_shapes(line)
        if name.strip(b" \t").lower() == b"x-union-square-metadata":
            name, _, value = redacted.partition(b":")
            redacted = name + b":" + FieldMask().feed(value)
        return None if redacted == line else _Line(redacted)

    def _replace(self, value: bytes) -> tuple[bytes, bytes]:
        """A header's value with the credential in it replaced, and the fingerprint (b"" of an empty value)."""
        secret = value.strip(b" \t")
        if not secret:
            return value, b""
        lead = value[: len(value) - len(value.lstrip(b" \t"))]
        scheme, space, rest = secret.partition(b" ")
        if space and rest.strip() and scheme.lower() in _SCHEMES:
            lead += scheme + space
            secret = rest.strip(b" \t")
        # Of a signed request (AWS) the signature is new each time; who signed is its access key.
        _, marked, signed = secret.partition(b"Credential=")
        print_ = self._fingerprint(signed.partition(b"/")[0] if marked else secret)
        return lead + b"[redacted:" + print_ + b"]", print_

    def _parameter(self, match: re.Match[bytes], principals: list[bytes]) -> bytes:
        name, value = match.group(1), match.group(2)
        if not value or value.startswith(b"[redacted:") or not is_credential_parameter(name):
            return match.group(0)
        print_ = self._fingerprint(value)
        principals.append(print_)
        return name + b"=[redacted:" + print_ + b"]"

    def _redact_shapes(self, line: bytes) -> bytes:
        for mark in _SHAPE_MARKS:
            if mark in line:
                line = _SHAPES.sub(lambda m: b"[redacted:" + self._fingerprint(m.group()) + b"]", line)
                break
        if b"-api-key." in line or b"-secret." in line:
            line = _SUBPROTOCOL_KEY.sub(
                lambda m: m[1] + (m[2] if b"[redacted:" in m[2] else b"[redacted:" + self._fingerprint(m[2]) + b"]"),
                line,
            )
        if b"://" in line:
            if b"?" in line:
                line = _PARAMETER.sub(lambda m: self._parameter(m, []), line)
            if b"@" in line:
                line = _USER_INFO.sub(lambda m: b"[redacted:" + self._fingerprint(m.group()) + b"]", line)
        return line

    def _hash(self, secret: bytes) -> bytes:
        return blake2b(secret, digest_size=8, key=self._key).hexdigest().encode()


def _principal(found: dict[bytes, bytes]) -> str:
    if not found:
        return ""
    for name in _PRINCIPALS:
        if name in found:
            return found[name].decode()
    named = [name for name in found if b"cookie" not in name]
    return found[(named or list(found))[0]].decode()


def is_credential_name(name: bytes) -> bool:
    """Whether a header of this name is taken to hold a credential. When in doubt it is: a wrongly replaced value costs
    a look, a wrongly kept one a key."""
    low = name.strip(b" \t").lower()
    if low in _HARMLESS:
        return False
    words = low.replace(b"_", b"-").split(b"-")
    if not _COUNTS.isdisjoint(words):
        return False
    joined = b"".join(words)
    return not _WORDS.isdisjoint(words) or any(smell in joined for smell in _SMELLS)


def is_credential_parameter(name: bytes) -> bool:
    """Whether a query parameter of this name (as sent, percent-encoding not undone) is taken to hold a credential."""
    low = _unquoted(name).lower()
    if low in _QUERY_HARMLESS:
        return False
    return low in _QUERY_NAMES or is_credential_name(low)


def _unquoted(text: bytes) -> bytes:
    if b"%" not in text:
        return text
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), text)

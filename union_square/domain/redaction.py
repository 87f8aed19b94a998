"""Credentials are replaced before anything is recorded: in header values, in the query, and wherever in a head a
string has the shape of a known kind of key.

In a credential's place stands `[redacted:<fingerprint>]`, a keyed BLAKE2b hash of 16 hexadecimal digits: equal
credentials have equal fingerprints, and without the key (which stays in the data folder) nothing can be learned of them.

Must not: keep or show a credential. The cache holds them in memory only, as the connection they came by does.
"""

import re
from dataclasses import dataclass
from hashlib import blake2b

_CACHE_ENTRIES = 4096
_CACHED_SECRET_BYTES = 4096

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

_SHAPE_MARKS = (b"sk-", b"sk_", b"pk-lf-", b"AIza", b"ya29.", b"gh", b"glpat-", b"AKIA", b"ASIA", b"xox", b"eyJ", b"gsk_", b"hf_", b"xai-", b"r8_", b"pplx-", b"nvapi-")  # fmt: skip
_SHAPES = re.compile(
    rb"(?<![A-Za-z0-9])(?:"
    rb"(?:sk|pk-lf|xai|pplx|nvapi)-[A-Za-z0-9_-]{12,}|sk_[A-Za-z0-9_]{16,}|(?:gsk|hf|r8)_[A-Za-z0-9]{16,}"
    rb"|AIza[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_.-]{16,}|gh[opsur]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}"
    rb"|glpat-[A-Za-z0-9_-]{12,}|A[KS]IA[A-Z0-9]{12,}|xox[a-z]-[A-Za-z0-9-]{8,}"
    rb"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"
    rb")"
)
_USER_INFO = re.compile(rb"(?<=://)[^/\s@?#]+(?=@)")
_PARAMETER = re.compile(rb"(?<=[?&;])([^=&;#\s]+)=([^&;#\s]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactedHead:
    """A request head without its credentials. `fingerprint` is that of the principal one; "" = it carried none."""

    head: bytes
    fingerprint: str


class Redactor:
    """Replaces credentials by fingerprints under one key (32 random bytes). Pure but for its bounded cache."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("the fingerprint key is too short: 16 bytes at least")
        self._key = key[:64]
        self._known: dict[bytes, bytes] = {}
        self._names: dict[bytes, bool] = {}

    def fingerprint(self, secret: bytes) -> str:
        """16 hexadecimal digits that stand for `secret`."""
        return self._fingerprint(secret).decode()

    def redact_request_head(self, head: bytes) -> RedactedHead:
        """A request head (request line, headers, empty line) with every credential replaced."""
        lines = head.split(b"\r\n")
        principals: dict[bytes, bytes] = {}
        first = lines[0]
        if b"?" in first:
            lines[0] = _PARAMETER.sub(lambda m: self._parameter(m, principals), first)
        for i in range(1, len(lines) - 2):
            name, _, value = lines[i].partition(b":")
            if self._is_credential(name):
                low = name.lower()
                replaced, principal = self._replace(value)
                lines[i] = name + b":" + replaced
                if principal:
                    principals.setdefault(low, principal)
        redacted = self._redact_shapes(b"\r\n".join(lines))
        return RedactedHead(head=redacted, fingerprint=_principal(principals))

    def redact_response_head(self, head: bytes) -> bytes:
        """A response head with the cookies and tokens it sets replaced."""
        lines = head.split(b"\r\n")
        changed = False
        for i in range(1, len(lines) - 2):
            name, _, value = lines[i].partition(b":")
            if self._is_credential(name):
                lines[i] = name + b":" + self._replace(value)[0]
                changed = True
        return self._redact_shapes(b"\r\n".join(lines) if changed else head)

    def _is_credential(self, name: bytes) -> bool:
        known = self._names.get(name)
        if known is None:
            if len(self._names) >= _CACHE_ENTRIES:
                self._names.clear()
            known = self._names[name] = is_credential_name(name)
        return known

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

    def _parameter(self, match: re.Match[bytes], principals: dict[bytes, bytes]) -> bytes:
        name, value = match.group(1), match.group(2)
        if not value or not is_credential_parameter(name):
            return match.group(0)
        print_ = self._fingerprint(value)
        principals.setdefault(b"?" + name.lower(), print_)
        return name + b"=[redacted:" + print_ + b"]"

    def _redact_shapes(self, head: bytes) -> bytes:
        for mark in _SHAPE_MARKS:
            if mark in head:
                head = _SHAPES.sub(lambda m: b"[redacted:" + self._fingerprint(m.group()) + b"]", head)
                break
        if b"://" in head:
            if b"?" in head:
                head = _PARAMETER.sub(lambda m: self._parameter(m, {}), head)
            if b"@" in head:
                head = _USER_INFO.sub(lambda m: b"[redacted:" + self._fingerprint(m.group()) + b"]", head)
        return head

    def _fingerprint(self, secret: bytes) -> bytes:
        known = self._known.get(secret)
        if known is None:
            known = blake2b(secret, digest_size=8, key=self._key).hexdigest().encode()
            if len(secret) <= _CACHED_SECRET_BYTES:
                if len(self._known) >= _CACHE_ENTRIES:
                    self._known.clear()
                self._known[secret] = known
        return known


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

"""Known credential fields in bodies: what stands in them is masked before it is recorded.

Every byte of a value becomes `*`, so sizes, offsets and the body's syntax stay what they were, a piece is never held
back, and a value that lies in several pieces is masked in each. Known is, whatever its case and however it is joined
(`api_key`, `apiKey`, `x-api-key`, `OPENAI_API_KEY`), a field whose name ends in one of `_ENDINGS` and not in
`_HARMLESS`, in

- JSON, at any depth, also inside JSON that is itself a string (tool arguments), with a string for a value;
- a form (`a=1&client_secret=…`), and a multipart form's named parts.

Requests are looked at, and answers that are one JSON document; in a stream of events a value lies in many documents.
Not found: names or bodies that are themselves encoded (`api\\u005fkey`, gzip), and values that are not strings.

Must not: change a length, know of heads, keep a body (the last piece's end, for names that lie across two).
"""

import re
from collections.abc import Iterator

OVERLAP = 256
"""So far apart may lie the beginning of a name and the beginning of its value, where pieces part them."""

_NEEDLES = (b"key", b"token", b"secret", b"password", b"passwd", b"passphrase", b"authorization", b"credentials")
_ENDINGS = (
    *_NEEDLES[1:], b"apikey", b"accesskey", b"secretkey", b"privatekey", b"authkey", b"accountkey", b"sharedkey",
    b"subscriptionkey", b"signingkey", b"encryptionkey", b"masterkey", b"adminkey", b"servicekey",
)  # fmt: skip
_HARMLESS = (
    b"pagetoken", b"nexttoken", b"continuationtoken", b"cursortoken", b"synctoken", b"eostoken", b"bostoken",
    b"padtoken", b"unktoken", b"septoken", b"clstoken", b"masktoken", b"stoptoken", b"starttoken", b"endtoken",
    b"firsttoken", b"lasttoken", b"nexttoken", b"pertoken", b"timetofirsttoken",
)  # fmt: skip
_BLANK = rb"(?:[ \t\r\n]|\\+[nrt])*"
_IN_JSON = {
    needle: re.compile(rb"(" + needle + rb')(\\*)"' + _BLANK + rb":" + _BLANK + rb'\2"') for needle in _NEEDLES
}  # a literal first: that is what `re` looks for at the speed of a search
_IN_FORM = {needle: re.compile(rb"(" + needle + rb")()=") for needle in _NEEDLES}
_IN_PARTS = {
    needle: re.compile(rb"(" + needle + rb')()"?[^\r\n]{0,128}\r\n(?:[^\r\n]{1,128}\r\n){0,4}\r\n')
    for needle in _NEEDLES
}
_MAY_NAME = re.compile(
    rb':(?=[" \t\r\nnrt])'  # of a string's value, `n` and the like of what were escapes
    rb'(?:(?<=key":|ken":|ret":|ord":|swd":|ase":|als":|ion":)|(?<=[ \t\r\n]:)|(?<=[nrt" \t\r\n][nrt]:))'
)
"""A colon behind what may be the end of a known name, or behind a blank. From each colon a look back: fifteen times as
fast as looking for the words, which share their letters with all text, and there are fewer colons than quotes."""
_NAME_ENDS = re.compile(rb'"(?:(?<=token"|ecret"|sword"|asswd"|hrase"|tials")|(?<=key")|(?<=authorization"))')
_FORM = re.compile(rb"[\w.%+\[\]-]{1,128}=")
_NOT_IN_A_NAME = re.compile(rb'.*["&;=\s\\]', re.DOTALL)
_QUOTE = re.compile(rb'\\*"')


class FieldMask:
    """One body, piece by piece. `answer`: it is a provider's, where a field named just `token` is a piece of text."""

    __slots__ = ("_answer", "_before", "_depth", "_run", "_syntax", "_within")

    def __init__(self, *, answer: bool = False) -> None:
        self._answer = answer
        self._syntax: dict[bytes, re.Pattern[bytes]] | None = None
        self._before = b""
        self._within = False
        self._depth = 0  # backslashes before the quote that closes the value: 0, 1, 3, 7, …
        self._run = 0  # backslashes at the end of the piece before, inside a value

    def feed(self, data: bytes) -> bytes:
        """`data` as it is to be recorded, of the same length: itself where nothing in it is known."""
        if self._syntax is None:
            self._syntax = _syntax_of(data)
        if not self._syntax:
            return data
        before, whole = self._before, self._before + data
        needles = self._smelt(whole)
        if not needles and not self._within:
            self._before = whole[-OVERLAP:]
            return data
        masked = self._mask(whole, needles)
        return masked[len(before) :] if before else masked

    def _smelt(self, data: bytes) -> list[bytes]:
        """The needles that stand in `data` where a name ends: most bodies are let go here, at more than a
        gigabyte a second."""
        if self._syntax is _IN_JSON and not _has_name(data):
            return []
        low = data.lower()
        return [needle for needle in _NEEDLES if needle in low]

    def _mask(self, data: bytes, needles: list[bytes]) -> bytes:
        begins, at = self._begins(data, needles), 0
        masked = bytearray(data)
        while True:
            if not self._within:
                begin = next((b for b in begins if b.start() >= at), None)
                if begin is None:
                    break
                at = begin.end()
                self._within, self._depth, self._run = True, len(begin[2]), 0
            end = self._end(data, at)
            masked[at:end] = b"*" * (end - at)
            at = end
            if self._within:
                break
        self._before = b"" if self._within else data[max(at, len(data) - OVERLAP) :]
        new = bytes(masked)
        return data if new == data else new

    def _begins(self, data: bytes, needles: list[bytes]) -> Iterator[re.Match[bytes]]:
        """Where values of known fields begin, in their order."""
        low = data.lower()
        patterns = self._syntax or {}
        found = (m for needle in needles for m in patterns[needle].finditer(low))
        return iter(sorted((m for m in found if _is_known(low, m, answer=self._answer)), key=lambda m: m.end()))

    def _end(self, data: bytes, at: int) -> int:
        """Up to where `data` belongs to the value that it is within from `at` on."""
        if self._syntax is not _IN_JSON:
            end = data.find(b"&" if self._syntax is _IN_FORM else b"\r\n--", at)
            self._within = end < 0
            return len(data) if end < 0 else end
        carried, first = self._run, at
        self._run = 0
        for match in _QUOTE.finditer(data, at):
            run = len(match[0]) - 1 + (carried if match.start() == first else 0)
            # An even run closes the outermost string, whatever is inside it.
            if run % 2 == 0 or run < self._depth or (run - self._depth) % (2 * self._depth + 2) == 0:
                self._within = False
                return max(match.end() - 1 - min(self._depth, run), at)
        bare = len(data.rstrip(b"\\")) if data.endswith(b"\\") else len(data)
        bare = max(bare, at)
        self._run = len(data) - bare + (carried if bare == first else 0)
        return bare  # backslashes at the end may belong to the closing quote: they stay


def mask_whole(data: bytes, *, answer: bool = False) -> bytes:
    """A body that came in one piece as it is to be recorded: what a FieldMask makes of it."""
    if data[:1] == b"{" and not _has_name(data):
        return data
    return FieldMask(answer=answer).feed(data)


def _has_name(data: bytes) -> bool:
    """Whether in this JSON, or in JSON inside its strings, one of the needles stands where a name ends."""
    low = data.lower()
    if b"\\" in low:
        low = low.replace(b"\\", b"")
    return _MAY_NAME.search(low) is not None and _NAME_ENDS.search(low) is not None


def is_credential_field(name: bytes) -> bool:
    """Whether a body's field of this name is taken to hold a credential."""
    plain = re.sub(rb"[^a-z0-9]", b"", name.lower())
    return plain.endswith(_ENDINGS) and not plain.endswith(_HARMLESS)


def _is_known(low: bytes, match: re.Match[bytes], *, answer: bool) -> bool:
    start = match.start()
    lead = _NOT_IN_A_NAME.sub(b"", low[max(0, start - 64) : start])
    name = lead + match[1]
    if name == b"token":
        return not answer
    # Azure's data sources: {"type": "api_key", "key": "…"}.
    return is_credential_field(name) or (name == b"key" and b"api_key" in low[max(0, start - 64) : start])


def _syntax_of(data: bytes) -> dict[bytes, re.Pattern[bytes]] | None:
    first = data[:1]
    if first in {b"{", b"[", b'"'} or first.isspace():
        return _IN_JSON
    if first == b"-":
        return _IN_PARTS
    return _IN_FORM if _FORM.match(data) else {}

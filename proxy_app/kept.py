"""Heads that came before are known again by their bytes: those of one client, or of one upstream, are mostly equal but
for the length of the body. So a head is kept in two parts, what stands before that number and what stands behind it.
"""

MAX_KEPT_BYTES = 4096
"""Longer heads are not kept."""
_MARK = b"ength: "  # Content-Length in either case; what else ends so only makes a head one that is not kept
MAX_DIGITS = 18

Parts = tuple[bytes, bytes]
"""A text in two parts, between which the length's digits go; the second is empty where there is no length in it."""


def split_head(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """A whole head in what stands before the length's digits, the digits, and the rest; the last two may be empty."""
    mark = raw.find(_MARK) + len(_MARK)
    if mark < len(_MARK):
        return raw, b"", b""
    end = raw.find(b"\r", mark)
    return raw[:mark], raw[mark:end], raw[end:]


def reach(data: bytes, before: bytes, after: bytes) -> tuple[int, bytes] | None:
    """Where the head ends with which `data` begins, and its length's digits, if it is the head of these two parts."""
    if not data.startswith(before):
        return None
    mark = len(before)
    if not after:
        return mark, b""
    stop = data.find(b"\r", mark, mark + MAX_DIGITS + 1)
    digits = data[mark:stop]
    if stop < 0 or not digits.isdigit() or not data.startswith(after, stop):
        return None
    return stop + len(after), digits


def length_line(before: bytes) -> bytes | None:
    """The beginning of the line that the digits stand in, if it is that of a plain Content-Length."""
    line = before[before.rfind(b"\n") + 1 :]
    return line if line.lower() == b"content-length: " else None


def parted(text: bytes, line: bytes, digits: bytes) -> Parts | None:
    """`text` at the digits of its length; None where they cannot be told, and whole where it has none."""
    whole = line + digits + b"\r\n"
    count = text.count(whole)
    if count > 1:
        return None
    start, found, end = text.partition(whole)
    return (start + line, b"\r\n" + end) if found else (text, b"")

"""JSON that anyone may have written: read without raising, taken apart without trusting its shape.

What Python's reader accepts or makes and UTF-8, SQL and JSON itself do not (lone surrogates, NaN, infinities, nesting
without end) is tamed here, so that everything behind this module can be stored and sent.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

MAX_VALUES = 4_000_000
"""Commas and brackets a body may hold before it is shown as text. A value takes about 60 bytes in memory, so a body of
64 MiB of `[],` would take 2 GB; a long conversation holds some ten thousand."""

MAX_DEPTH = 64
"""Levels of a value that is handed on; deeper ones are handed on as JSON text. Tool schemas reach about 15."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonRead:
    """`value` is what could be read (None where nothing could); `problem` says why it is not all, and where."""

    value: Any = None
    problem: str = ""


def _finite(literal: str) -> float | str:
    number = float(literal)
    return literal if number in {float("inf"), float("-inf")} else number


_STRUCTURE = re.compile(r'["{}\[\]]')
_COLON = re.compile(r"[ \t\r\n]*:")


def parse_json(data: bytes | str) -> JsonRead:
    """The JSON value that `data` is. A body that ends too early is read as far as it goes."""
    text, problem = (data, "") if isinstance(data, str) else _decode(data)
    if len(text) > MAX_VALUES and text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        return JsonRead(problem=f"holds more than {MAX_VALUES:,} values")
    try:
        value, repeated = _load(text)
        return JsonRead(value=value, problem="; ".join(filter(None, (problem, repeated))))
    except RecursionError:
        return JsonRead(problem="is nested too deeply")
    except json.JSONDecodeError as error:
        place = len(text[: error.pos].encode("utf-8", "replace"))
        problem = f"is not JSON: {error.msg.removesuffix(' at')} at byte {place} (line {error.lineno})"
    except ValueError as error:  # an integer of more than 4,300 digits
        return JsonRead(problem=f"is not usable JSON: {error}")
    return JsonRead(value=_read_cut(text), problem=problem)


class _RepeatedKey(ValueError):
    """An object has a key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _RepeatedKey
    return fields


_LENIENT = json.JSONDecoder(parse_constant=str, parse_float=_finite, strict=False)
_DECODER = json.JSONDecoder(parse_constant=str, parse_float=_finite, strict=False, object_pairs_hook=_object)
"""Reading takes a third longer where a body is mostly small objects, and no longer where it is mostly text."""


def _load(text: str) -> tuple[Any, str]:
    """The value, and what there is to say of keys that stand in it twice: the last one counts, as nearly everywhere."""
    try:
        return _DECODER.decode(text), ""
    except _RepeatedKey:
        value = _LENIENT.decode(text)
    key, at = next(_repeated_keys(text))
    place = len(text[:at].encode("utf-8", "replace"))
    shown = json.dumps(clean(key[:80]), ensure_ascii=False)
    return (
        value,
        f"repeats the key {shown} at byte {place} (line {text.count(chr(10), 0, at) + 1}); the last one counts",
    )


def decode_value(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at that place, and where it ends. Raises ValueError, also for a key that stands twice, and
    RecursionError."""
    return _DECODER.raw_decode(text, at)


def _repeated_keys(text: str) -> Iterator[tuple[str, int]]:
    """Each key that stands twice in its object, and where it does, of a text that is JSON."""
    at, open_objects = 0, list[set[str]]()
    while (found := _STRUCTURE.search(text, at)) is not None:
        start, at = found.span()
        match found[0]:
            case "{" | "[":
                open_objects.append(set())
            case "}" | "]":
                open_objects.pop()
            case _:
                string, at = _LENIENT.raw_decode(text, start)
                if _COLON.match(text, at):
                    if string in open_objects[-1]:
                        yield string, start
                    open_objects[-1].add(string)


def _decode(data: bytes) -> tuple[str, str]:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace"), ""
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        return data.decode("utf-8-sig", "replace"), f"is not UTF-8 at byte {error.start}"


def _read_cut(text: str) -> Any:
    """A text that ends inside its JSON value, read as if its open strings and brackets were closed there."""
    closers: list[str] = []
    at, in_string, keep = 0, False, 0  # the text before `keep` is whole, once its brackets are closed
    while (found := _STRUCTURE.search(text, at)) is not None:
        keep = max(keep, text.rfind(",", at, found.start()))
        char, at = found[0], found.end()
        if char == '"':
            at = _string_end(text, at) + 1
            in_string = at > len(text)
            continue
        if char in "{[":
            closers.append("}" if char == "{" else "]")
        elif not closers or closers.pop() != char:
            return None
        if len(closers) > MAX_DEPTH:
            return None
        keep = at
    keep = max(keep, text.rfind(",", at))
    for attempt in _closings(text, in_string, "".join(reversed(closers)), keep):
        try:
            return _LENIENT.decode(attempt)
        except (ValueError, RecursionError):
            continue
    return None


def _closings(text: str, in_string: bool, closers: str, keep: int) -> list[str]:
    if not closers:
        return []
    tail = text.rstrip()
    if not in_string:
        return [tail + closers, text[:keep] + closers]
    cut = text.rfind("\\", max(0, len(text) - 6))  # perhaps an escape that is not whole
    attempts = [text + '"' + closers, text[:keep] + closers]
    return attempts if cut < 0 else [attempts[0], text[:cut] + '"' + closers, attempts[1]]


def _string_end(text: str, at: int) -> int:
    while True:
        quote = text.find('"', at)
        if quote < 0:
            return len(text)
        slash = text.find("\\", at, quote)
        if slash < 0:
            return quote
        at = slash + 2


def clean(text: str) -> str:
    """The text with surrogate halves joined where they are pairs, and replaced by U+FFFD where they are not."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def clean_value(value: Any, depth: int = 0) -> Any:
    """The JSON value with clean texts, and with what lies deeper than `MAX_DEPTH` as JSON text."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict | list) and depth >= MAX_DEPTH:
        return json_text(value)
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {clean(key): clean_value(item, depth + 1) for key, item in items}
    if isinstance(value, list):
        return [clean_value(item, depth + 1) for item in cast("list[Any]", value)]
    return value


def json_text(value: Any) -> str:
    """The value as JSON text, compact; a text that is already one (arguments as written) stays as it is."""
    if isinstance(value, str):
        return clean(value)
    try:
        return clean(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except RecursionError:
        return '"(nested too deeply to be shown)"'


def json_text_of(value: Any) -> str:
    """As `json_text`; "" where the value is null or not there."""
    return "" if value is None else json_text(value)


def obj_of(value: Any) -> dict[str, Any]:
    """The value where it is a JSON object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """The value where it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text_of(value: Any) -> str:
    """The value where it is a text, cleaned, else ""."""
    return clean(value) if isinstance(value, str) else ""


def count_of(value: Any) -> int | None:
    """The value where it is a whole number of 0 or more that fits 63 bits, else None."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 63:
        return None
    return value

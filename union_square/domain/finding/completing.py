"""What may stand where somebody is writing in a filter: field names, then their values. PURE.

Two steps: `place_at` says what is being written, so that a store can be asked what values it knows; `complete` makes
the options of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from union_square.domain.finding.fields import FIELDS, META, Field, Kind, Unit, field_named
from union_square.domain.finding.parsing import HEAD
from union_square.domain.finding.spelling import spell_value

MOST_OPTIONS = 12

_MEASURES: dict[Unit, tuple[str, ...]] = {
    "count": ("0", "1k", "10k", "100k"),
    "usd": ("0.01", "0.10", "1"),
    "duration": ("500ms", "2s", "10s", "1m"),
    "plain": ("0.5", "1", "20"),
}
_AGO = ("1h", "24h", "7d", "30d")
_SIZED: tuple[Kind, ...] = ("number",)
_CLOSES = ' \t\n"(),'


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is being written: the characters from `start` to `end`, so far `typed`; a value of `field`, or (None) the
    name of a field."""

    start: int
    end: int
    typed: str
    field: Field | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """`insert` takes the place of what was typed; `says` is what it means."""

    insert: str
    shows: str
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """`start` and `end`: the characters that an option takes the place of."""

    start: int = 0
    end: int = 0
    options: tuple[Option, ...] = field(default=())


def place_at(text: str, caret: int) -> Place | None:
    """What is being written at the caret; None = nothing that could be completed, as within a phrase."""
    caret = max(0, min(caret, len(text)))
    start, comma, quoted = _token(text, caret)
    head = HEAD.match(text, start, caret)
    if head is None:
        if '"' in text[start:caret]:
            return None
        end = caret
        while end < len(text) and (text[end].isalnum() or text[end] in "._"):
            end += 1
        return Place(start=start, end=end, typed=text[start:caret], field=None)
    named = field_named(head[1])
    if named is None:
        return None
    begin = max(head.end(), comma)
    if begin == head.end() and text[begin:caret][:1] in {"<", ">"}:
        begin += 2 if text[begin + 1 : begin + 2] == "=" else 1
    end = caret
    while end < len(text) and (text[end] != '"' if quoted else text[end] not in _CLOSES):
        end += 1
    if quoted and end < len(text):
        end += 1
    return Place(start=begin, end=end, typed=text[begin:caret].strip('"'), field=named)


def _token(text: str, caret: int) -> tuple[int, int, bool]:
    """Where the term before the caret begins, where the last of its values does, and whether a quote is open."""
    start, comma, quoted, at = 0, 0, False, 0
    while at < caret:
        character = text[at]
        if quoted and character == "\\":
            at += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted and (character.isspace() or character in "()"):
            start = at + 1
        elif not quoted and character == ",":
            comma = at + 1
        at += 1
    while start < caret and text[start] == "-":
        start += 1
    return start, comma, quoted


def complete(place: Place, known: Sequence[str]) -> Completion:
    """`known`: values of the field that the store holds; of `meta.`, the names that it holds."""
    options = _names(place.typed, known) if place.field is None else _values(place.field, place.typed, known)
    return Completion(start=place.start, end=place.end, options=tuple(options[:MOST_OPTIONS]))


def _names(typed: str, known: Iterable[str]) -> list[Option]:
    sought = typed.lower()
    found = list[Option]()
    for one in FIELDS:
        if any(name.startswith(sought) for name in (one.name, *one.aliases)):
            found.append(Option(insert=one.name + (">" if one.kind in _SIZED else ":"), shows=one.name, says=one.says))
    for name in known:
        if name.lower().startswith(sought):
            found.append(Option(insert=f"{name}:", shows=name, says="metadata of the request"))
    if META.startswith(sought) and not sought.startswith(META):
        found.append(Option(insert=META, shows=META + "…", says="metadata of the request"))
    return found


def _values(named: Field, typed: str, known: Iterable[str]) -> list[Option]:
    sought = typed.casefold()
    match named.kind:
        case "number":
            values, says = _MEASURES[named.unit], named.says
        case "time":
            values, says = _AGO, "ago"
        case _:
            values, says = tuple(dict.fromkeys((*named.values, *known))), ""
    begins = [value for value in values if value.casefold().startswith(sought)]
    holds = [value for value in values if sought in value.casefold() and value not in begins]
    return [Option(insert=spell_value(value), shows=value, says=says) for value in (*begins, *holds) if value]

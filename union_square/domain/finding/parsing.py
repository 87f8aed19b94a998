"""A filter's text → its tree. What is wrong is said with its place and what to do about it. PURE.

filter = either ;  either = all { "OR" all } ;  all = { ["-" | "NOT"] term } ;
term   = "(" either ")" | field op value { "," value } | number ".." number | "phrase" ["*"] | word ["*"]
"""

import re
from dataclasses import dataclass
from typing import get_args

from union_square.domain.finding.fields import FIELDS, Field, field_named
from union_square.domain.finding.terms import (
    EVERYTHING,
    All,
    Began,
    Compare,
    Either,
    Filter,
    Has,
    Named,
    Not,
    Operator,
    Pattern,
    Words,
)
from union_square.domain.finding.values import ADVICE, parse_instant, parse_number
from union_square.domain.words import words

MOST_CHARACTERS = 2000
MOST_TERMS = 100
DEEPEST = 20

_SPACE = re.compile(r"\s*")
HEAD = re.compile(r"([A-Za-z_][A-Za-z0-9_.\-]*)(:|>=|<=|>|<|=)")
_SIZE = re.compile(r">=|<=|>|<")
_WORD = re.compile(r'[^\s"()]+')
_BARE = re.compile(r'[^\s"(),*]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_STATUS_NAME = re.compile(r"[1-5]xx|\d\w*\*", re.IGNORECASE)


class FilterError(ValueError):
    """A text is not a filter. `start` and `end` are the characters it is about; `wrong` says what is wrong with
    them and `advice` what to write instead."""

    def __init__(self, start: int, end: int, wrong: str, advice: str) -> None:
        super().__init__(f"{wrong} (at character {start + 1}): {advice}")
        self.start, self.end, self.wrong, self.advice = start, max(end, start), wrong, advice


def parse_filter(text: str) -> Filter:
    """The filter that `text` says; nothing but space is EVERYTHING. Raises FilterError."""
    if len(text) > MOST_CHARACTERS:
        raise FilterError(
            MOST_CHARACTERS, len(text), "the filter is too long", f"use at most {MOST_CHARACTERS} characters"
        )
    parser = _Parser(text)
    found = parser.either(0)
    if parser.place < len(text):
        raise FilterError(parser.place, parser.place + 1, "this parenthesis closes nothing", "remove it")
    return found


@dataclass(slots=True)
class _Parser:
    text: str
    place: int = 0
    count: int = 0

    def either(self, depth: int) -> Filter:
        branches, start = [self.all(depth)], self.place
        while self.keyword("OR"):
            if branches[-1] == EVERYTHING:
                raise FilterError(start, self.place, "OR has nothing before it", "write a term on both sides of OR")
            start = self.place
            branches.append(self.all(depth))
        if len(branches) > 1 and branches[-1] == EVERYTHING:
            raise FilterError(start - 2, start, "OR has nothing after it", "write a term on both sides of OR")
        return branches[0] if len(branches) == 1 else Either(tuple(branches))

    def all(self, depth: int) -> Filter:
        found = list[Filter]()
        while True:
            self.skip_space()
            if self.place >= len(self.text) or self.text[self.place] == ")" or self.sees("OR"):
                break
            if self.keyword("AND"):
                if not found:
                    raise FilterError(
                        self.place - 3,
                        self.place,
                        "AND has nothing before it",
                        "leave it out: terms that stand side by side must all hold",
                    )
                continue
            found.append(self.term(depth))
        return found[0] if len(found) == 1 else All(tuple(found))

    def term(self, depth: int) -> Filter:
        self.count += 1
        start, text = self.place, self.text
        if self.count > MOST_TERMS:
            raise FilterError(start, len(text), "the filter has too many terms", f"use at most {MOST_TERMS}")
        if depth > DEEPEST:
            raise FilterError(start, start + 1, "the filter is nested too deeply", f"use at most {DEEPEST} levels")
        if self.keyword("NOT") or self.takes("-"):
            self.skip_space()
            if self.place >= len(text) or text[self.place] == ")":
                raise FilterError(
                    start, self.place, "nothing follows the minus", "write what must not hold, as in -tag:seen"
                )
            return Not(self.term(depth + 1))
        if text[start] == "(":
            return self.group(depth)
        if text[start] == '"':
            return self.phrase()
        if head := HEAD.match(text, start):
            return self.field(head)
        return self.word()

    def group(self, depth: int) -> Filter:
        start = self.place
        self.place += 1
        found = self.either(depth + 1)
        if self.place >= len(self.text):
            raise FilterError(start, start + 1, "this parenthesis is not closed", "close it with )")
        self.place += 1
        if found == EVERYTHING:
            raise FilterError(
                start, self.place, "there is nothing between the parentheses", "put a term there, or text in quotes"
            )
        return found

    def phrase(self) -> Filter:
        start = self.place
        said = self.quoted()
        return self.words(start, said, open_end=self.takes("*"))

    def word(self) -> Filter:
        start = self.place
        found = _WORD.match(self.text, start)
        assert found  # what begins neither a group nor a phrase nor space
        self.place = found.end()
        return self.words(start, found.group().rstrip("*"), open_end=True)

    def words(self, start: int, said: str, *, open_end: bool) -> Filter:
        if next(words(said), None) is None:
            raise FilterError(
                start,
                self.place,
                "there is no word in this",
                "look for letters or digits; other characters are not searched",
            )
        return Words(said, open_end)

    def field(self, head: re.Match[str]) -> Filter:
        start, name, operator = head.start(), head[1], head[2]
        field = field_named(name)
        if field is None:
            raise FilterError(start, head.end(1), f"there is no field {name}", _advice_for(name))
        self.place = head.end()
        if operator == ":" and (size := _SIZE.match(self.text, self.place)):
            operator, self.place = size.group(), size.end()
        match field.kind:
            case "number":
                return self.number(field, start, operator)
            case "status" if operator not in {":", "="} or self.text[self.place : self.place + 1].isdigit():
                if not _STATUS_NAME.match(self.text, self.place):
                    return self.number(field, start, operator)
            case _:
                pass
        if operator not in {":", "="}:
            raise FilterError(start, self.place, f"{field.name} has no size to compare", f"write {field.example}")
        value_start = self.place
        match field.kind:
            case "time":
                return self.time(field, start)
            case "has":
                return self.has(field, start)
            case _:
                patterns = self.patterns(field, start)
        if field.values:
            self.check_known(field, patterns, value_start)
        return Named(field.name, patterns)

    def number(self, field: Field, start: int, operator: str) -> Filter:
        said = self.value(field, start)
        low, dots, high = said.partition("..")
        if dots and operator in {":", "="}:
            return All((self.compare(field, start, ">=", low), self.compare(field, start, "<=", high)))
        return self.compare(field, start, "=" if operator == ":" else operator, said)

    def compare(self, field: Field, start: int, operator: str, said: str) -> Compare:
        value = parse_number(said, field.unit)
        if value is None:
            what = f"“{said}” is not a number that {field.name} can have"
            raise FilterError(start, self.place, what, ADVICE[field.unit])
        for known in get_args(Operator):
            if known == operator:
                return Compare(field.name, known, value)
        raise AssertionError(operator)

    def time(self, field: Field, start: int) -> Filter:
        said = self.value(field, start)
        at = parse_instant(said)
        if at is None:
            raise FilterError(
                start,
                self.place,
                f"“{said}” is not a date",
                "write 2026-11-01, 2026-11-01T18:00, or how long ago: 30m, 24h, 7d",
            )
        return Began("after" if field.name == "after" else "before", at)

    def has(self, field: Field, start: int) -> Filter:
        said = self.value(field, start).lower()
        if said not in field.values:
            raise FilterError(start, self.place, f"has:{said} is not known", f"use one of {', '.join(field.values)}")
        return Has(said)

    def value(self, field: Field, start: int) -> str:
        """One plain value, quoted or not."""
        if self.text[self.place : self.place + 1] == '"':
            return self.quoted()
        found = _WORD.match(self.text, self.place)
        if found is None:
            raise FilterError(start, self.place, f"{field.name} has no value", f"write {field.example}")
        self.place = found.end()
        return found.group()

    def patterns(self, field: Field, start: int) -> tuple[Pattern, ...]:
        found = [self.pattern(field, start)]
        while self.text[self.place : self.place + 1] == ",":
            self.place += 1
            found.append(self.pattern(field, start))
        return tuple(found)

    def pattern(self, field: Field, start: int) -> Pattern:
        pieces, begin = [""], self.place
        while self.place < len(self.text):
            if self.text[self.place] == '"':
                pieces[-1] += self.quoted()
            elif self.text[self.place] == "*":
                self.place += 1
                pieces.append("")
            elif found := _BARE.match(self.text, self.place):
                self.place = found.end()
                pieces[-1] += found.group()
            else:
                break
        if self.place == begin:
            raise FilterError(start, self.place, f"{field.name} has no value", f"write {field.example}")
        inner = [piece for i, piece in enumerate(pieces) if piece or i in {0, len(pieces) - 1}]
        return Pattern(tuple(inner))

    def check_known(self, field: Field, patterns: tuple[Pattern, ...], start: int) -> None:
        for pattern in patterns:
            if len(pattern.pieces) == 1 and pattern.pieces[0].lower() not in field.values:
                what = f"{field.name} is never “{pattern.pieces[0]}”"
                raise FilterError(start, self.place, what, f"use one of {', '.join(field.values)}")

    def quoted(self) -> str:
        found = _QUOTED.match(self.text, self.place)
        if found is None:
            raise FilterError(self.place, len(self.text), "this quotation mark is not closed", 'close it with "')
        self.place = found.end()
        return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL)

    def takes(self, character: str) -> bool:
        found = self.text.startswith(character, self.place)
        self.place += found
        return found

    def skip_space(self) -> None:
        found = _SPACE.match(self.text, self.place)
        self.place = found.end() if found else self.place

    def sees(self, keyword: str) -> bool:
        end = self.place + len(keyword)
        return self.text.startswith(keyword, self.place) and (end == len(self.text) or self.text[end] in ' \t\n()"')

    def keyword(self, keyword: str) -> bool:
        if self.sees(keyword):
            self.place += len(keyword)
            return True
        return False


def _advice_for(name: str) -> str:
    quote = "to look for the text itself put it in quotes"
    near = [field.name for field in FIELDS if field.name.startswith(name.lower()[:3])]
    return f"perhaps {' or '.join(near[:3])}; {quote}" if near else f"the help lists the fields; {quote}"

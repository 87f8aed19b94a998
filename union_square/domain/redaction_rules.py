"""Redaction rules: what people ask not to have recorded, by named detectors and by patterns of their own.

Off unless set. What a rule finds becomes `*`, byte for byte, so sizes, offsets and syntax stay. Looked at are the bytes
of bodies as they pass, joined over pieces within a line (a piece that does not end a line waits for the next one).
Not found: what is spread over several events of a stream, encoded (`\\u0040`, base64, gzip) or split over lines.

Must not: change a length, know of heads or calls.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

MAX_HELD = 64 << 10
"""The most bytes of an unfinished line that wait; then what is there is looked at as it is."""


class RuleError(ValueError):
    """A rule cannot be used. The message names it and says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`pattern` finds what may be one, `is_one` says whether it is. One of `marks` stands in all that it finds; where
    none does, `pattern` is not tried (a search for a few bytes is thirty times as fast)."""

    name: str
    pattern: re.Pattern[bytes]
    marks: tuple[bytes, ...] = ()
    is_one: Callable[[bytes], bool] = lambda _: True


def is_card(found: bytes) -> bool:
    """Whether digits (with spaces or dashes) are a card's number by their check digit (ISO/IEC 7812, Luhn)."""
    digits = [byte - 48 for byte in found if 48 <= byte <= 57]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = (2 * d - 9 * (d > 4) for d in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def is_iban(found: bytes) -> bool:
    """Whether it is an account's number by its check digits (ISO 13616: modulo 97)."""
    plain = found.replace(b" ", b"").decode()
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


def is_phone(found: bytes) -> bool:
    """Whether it has as many digits as a telephone number (ITU E.164: at most 15), and looks like no date."""
    return 9 <= sum(48 <= byte <= 57 for byte in found) <= 15


_LEFT, _RIGHT = rb"(?<![A-Za-z0-9_])", rb"(?![A-Za-z0-9_])"


def _rule(name: str, pattern: bytes, *marks: bytes, is_one: Callable[[bytes], bool] = lambda _: True) -> Rule:
    return Rule(name=name, pattern=re.compile(pattern), marks=marks, is_one=is_one)


DETECTORS: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        # Bounded on both sides of the @, so that a long word costs no more than its length.
        _rule("email", rb"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])", b"@"),
        _rule("card", rb"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)", is_one=is_card),
        _rule("phone", rb"(?<![\w+.-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)|\d{1,4})(?:[ .-]?\d{2,4}){2,4}"
              rb"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}[.-]\d{3}[.-]\d{4})(?![\w-])", is_one=is_phone),
        _rule("iban", _LEFT + rb"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?" + _RIGHT, is_one=is_iban),
        _rule("openai", _LEFT + rb"sk-(?!ant-)[A-Za-z0-9_-]{16,256}", b"sk-"),
        _rule("anthropic", _LEFT + rb"sk-ant-[A-Za-z0-9_-]{16,256}", b"sk-ant-"),
        _rule("aws", _LEFT + rb"(?:AKIA|ASIA)[A-Z0-9]{16}" + _RIGHT, b"AKIA", b"ASIA"),
        _rule("github", _LEFT + rb"(?:gh[opsur]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})",
              b"ghp_", b"gho_", b"ghs_", b"ghu_", b"ghr_", b"github_pat_"),
        _rule("gitlab", _LEFT + rb"gl(?:pat|ptt|rt|dt)-[A-Za-z0-9_-]{16,255}",
              b"glpat-", b"glptt-", b"glrt-", b"gldt-"),
        _rule("slack", _LEFT + rb"xox[abeoprs]-[A-Za-z0-9-]{10,250}"
              rb"|hooks\.slack\.com/services/[A-Za-z0-9/]{20,80}", b"xox", b"hooks.slack.com"),
        _rule("google", _LEFT + rb"(?:AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_.-]{20,512})", b"AIza", b"ya29."),
        _rule("stripe", _LEFT + rb"(?:[rs]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,255}",
              b"k_live_", b"k_test_", b"whsec_"),
        _rule("huggingface", _LEFT + rb"hf_[A-Za-z0-9]{30,64}", b"hf_"),
        _rule("jwt", _LEFT + rb"eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{4,8192}\.[A-Za-z0-9_-]{8,1024}", b"eyJ"),
        # In JSON the lines of a key stand on one line, parted by \n.
        _rule("private_key", rb"-----BEGIN [A-Z ]{0,24}PRIVATE KEY-----[A-Za-z0-9+/=\\rn :,-]{1,16384}?"
              rb"-----END [A-Z ]{0,24}PRIVATE KEY-----", b"PRIVATE KEY-----"),
    )
}  # fmt: skip
"""Each by the name by which it is turned on."""

SERVICES = (
    "openai", "anthropic", "aws", "github", "gitlab", "slack", "google", "stripe", "huggingface", "jwt", "private_key",
)  # fmt: skip
"""What `tokens` turns on: the tokens and keys of known services."""


def parse_rules(detectors: Iterable[str], patterns: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The rules by their detectors' names (`tokens`: all of SERVICES) and patterns. Raises RuleError."""
    names = [name for asked in detectors for name in (SERVICES if asked == "tokens" else (asked,))]
    unknown = sorted(set(names) - set(DETECTORS))
    if unknown:
        raise RuleError(f"there is no detector {unknown[0]!r}; there are tokens, {', '.join(DETECTORS)}")
    return (*(DETECTORS[name] for name in dict.fromkeys(names)), *map(_own_rule, patterns))


def _own_rule(pattern: str) -> Rule:
    try:
        compiled = re.compile(pattern.encode())
    except re.error as error:
        raise RuleError(f"the pattern {pattern!r} is no regular expression: {error}") from error
    if compiled.search(b"") is not None:
        raise RuleError(f"the pattern {pattern!r} finds nothing at all everywhere: it matches an empty text")
    return Rule(name=pattern, pattern=compiled)


def redact_text(rules: Iterable[Rule], data: bytes) -> bytes:
    """`data` with all that the rules find turned into `*`, of the same length."""
    for rule in rules:
        if rule.marks and not any(mark in data for mark in rule.marks):
            continue
        data = rule.pattern.sub(lambda m, rule=rule: b"*" * len(m[0]) if rule.is_one(m[0]) else m[0], data)
    return data


class RuleMask:
    """One body, piece by piece. `feed` gives the pieces that are ready, each as long as it came, with what was handed
    in beside it; `end` gives those that waited for more."""

    __slots__ = ("_held", "_rules")

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._held: list[tuple[int, bytes]] = []

    def feed(self, at: int, data: bytes) -> list[tuple[int, bytes]]:
        self._held.append((at, data))
        if data.endswith(b"\n") or sum(len(piece) for _, piece in self._held) > MAX_HELD:
            return self.end()
        return []

    def end(self) -> list[tuple[int, bytes]]:
        held, self._held = self._held, []
        whole = redact_text(self._rules, b"".join(piece for _, piece in held))
        out: list[tuple[int, bytes]] = []
        start = 0
        for at, piece in held:
            out.append((at, whole[start : start + len(piece)]))
            start += len(piece)
        return out

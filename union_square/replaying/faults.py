"""What a mock does wrong on demand.

    cut        break the connection off in the middle of the answer; cut:3 after three pieces of it
    stall      go silent in the middle of the answer; stall:3 after three pieces
    delay:2    begin to answer two seconds later than otherwise
    fail       answer with an error in the provider's own words; fail:429 with that status (503 where none is given)
    …@2        only the second request; without it every one

Must not: do I/O.
"""

import re
from dataclasses import dataclass
from typing import Literal, cast

from union_square.replaying.failures import ReplayFailure

FaultKind = Literal["cut", "stall", "delay", "fail"]
HEADER = "x-union-square-mock-fault"
"""A request's own fault, which goes before the others."""

_FAULT = re.compile(r"(?P<kind>cut|stall|delay|fail)(?::(?P<value>[0-9.]+))?(?:@(?P<only>[0-9]+))?\Z")


class FaultError(ReplayFailure):
    """A text names no fault. The message says what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`value`: pieces (cut, stall), seconds (delay) or a status (fail); None = the usual. `only`: of which request in
    the order they come, from 1; None = of every one."""

    kind: FaultKind
    value: float | None = None
    only: int | None = None


def parse_fault(text: str) -> Fault:
    """The fault that a text names. Raises FaultError."""
    found = _FAULT.match(text.strip().lower())
    if found is None:
        raise FaultError(f"no fault: {text!r}; say cut, cut:3, stall, stall:3, delay:1.5, fail or fail:429, and @2 …")
    kind = cast("FaultKind", found["kind"])
    try:
        value = None if found["value"] is None else float(found["value"])
    except ValueError:
        raise FaultError(f"no number: {found['value']!r} in {text!r}") from None
    only = None if found["only"] is None else int(found["only"])
    if only == 0:
        raise FaultError(f"requests are counted from 1: {text!r}")
    if kind == "delay" and value is None:
        raise FaultError("say how many seconds: delay:1.5")
    if kind in {"cut", "stall"} and value is not None and not value.is_integer():
        raise FaultError(f"say after how many pieces, a whole number: {text!r}")
    if kind == "fail" and value is not None and not (value.is_integer() and 400 <= value <= 599):
        raise FaultError(f"an error's status is between 400 and 599: {text!r}")
    return Fault(kind=kind, value=value, only=only)


def parse_timing(text: str) -> float:
    """How many seconds of the recording pass in one second: 1 = `original`, 2 = `2x`; 0 = at once (`none`). Raises
    FaultError."""
    plain = text.strip().lower().removesuffix("×").removesuffix("x")
    if plain in {"none", "original"}:
        return 0.0 if plain == "none" else 1.0
    try:
        speed = float(plain)
    except ValueError:
        speed = 0.0
    if not 0.001 <= speed <= 1_000_000:
        raise FaultError(f"no timing: {text!r}; say original, none, or how many times as fast: 2x, 0.5x")
    return speed

"""The player's buttons: where it is, whether it plays, how fast. PURE.

`at` is played time in microseconds of the score that `skip` chooses (`domain.playback`).
"""

from dataclasses import dataclass, replace
from typing import Literal, assert_never, get_args

from union_square.domain.playback import Score

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)

Command = Literal[
    "toggle", "next_piece", "previous_piece", "next_call", "previous_call", "begin", "end", "faster", "slower", "waits"
]
COMMANDS: tuple[str, ...] = get_args(Command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """One recording's time lines: with its waits cut, and as the clock showed it."""

    cut: Score
    whole: Score

    def of(self, *, skip: bool) -> Score:
        return self.cut if skip else self.whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    at: int = 0
    playing: bool = False
    speed: float = 1.0
    skip: bool = True  # waits are jumped over


def recorded(transport: Transport, scores: Scores) -> int:
    """What the clock showed at that place, in microseconds since the session began."""
    return scores.of(skip=transport.skip).to_recorded(transport.at)


def advanced(transport: Transport, elapsed_us: int, scores: Scores) -> Transport:
    """So much later, by the watcher's clock. At the end it stops."""
    if not transport.playing:
        return transport
    length = scores.of(skip=transport.skip).length
    at = transport.at + round(elapsed_us * transport.speed)
    return replace(transport, at=min(at, length), playing=at < length)


def sought(transport: Transport, at: int, scores: Scores) -> Transport:
    """Moved to that place, or the nearest there is."""
    return replace(transport, at=min(max(at, 0), scores.of(skip=transport.skip).length))


def told(transport: Transport, command: Command, scores: Scores) -> Transport:
    """What a button does. Stepping pauses: who steps wants to look."""
    score = scores.of(skip=transport.skip)
    match command:
        case "toggle":
            again = not transport.playing and transport.at >= score.length
            return replace(transport, playing=not transport.playing, at=0 if again else transport.at)
        case "next_piece" | "previous_piece":
            at = score.step(transport.at, 1 if command == "next_piece" else -1)
            return replace(transport, at=at, playing=False)
        case "next_call" | "previous_call":
            return replace(transport, at=score.step_call(transport.at, 1 if command == "next_call" else -1))
        case "begin":
            return replace(transport, at=0)
        case "end":
            return replace(transport, at=score.length, playing=False)
        case "faster" | "slower":
            return replace(transport, speed=_speed(transport.speed, 1 if command == "faster" else -1))
        case "waits":
            at = scores.of(skip=not transport.skip).to_played(score.to_recorded(transport.at))
            return replace(transport, skip=not transport.skip, at=at)
        case _:
            assert_never(command)


def _speed(speed: float, by: int) -> float:
    return SPEEDS[min(max(SPEEDS.index(speed) + by, 0), len(SPEEDS) - 1)]

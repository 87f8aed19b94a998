"""Numbers and instants as people write them in a filter, both ways. PURE."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from union_square.domain.finding.fields import Unit

PICO = 10**12
MILLIONTHS = 10**6

_SIZES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_DURATIONS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_NUMBER = re.compile(r"\$?(?P<digits>-?\d{1,18}(?:\.\d{0,18})?|-?\.\d{1,18})(?P<suffix>[a-zA-Zµ]{0,2})\Z")
_AGO = re.compile(r"\d{1,9}[smhdw]\Z")
_LARGEST = (1 << 62) - 1

ADVICE: dict[Unit, str] = {
    "count": "write a number, as in 1000, 10k or 1.5m",
    "usd": "write US dollars, as in 0.10",
    "duration": "write a number with its unit, as in 500ms, 2s, 1.5m or 1h",
    "plain": "write a number, as in 0.8",
}


def parse_number(text: str, unit: Unit) -> int | None:
    """The value in whole units; a bare duration is in seconds. None = it is not such a number."""
    found = _NUMBER.match(text)
    if found is None:
        return None
    suffix = found["suffix"].lower().replace("µ", "u")
    match unit:
        case "duration":
            factor = _DURATIONS.get(suffix or "s")
        case "usd":
            factor = PICO if not suffix else None
        case "plain":
            factor = MILLIONTHS if not suffix else None
        case "count":
            factor = _SIZES.get(suffix)
    if factor is None:
        return None
    try:
        value = int((Decimal(found["digits"]) * factor).to_integral_value())
    except InvalidOperation:
        return None
    return value if abs(value) <= _LARGEST else None


def spell_number(value: int, unit: Unit) -> str:
    """The shortest plain text that `parse_number` reads as exactly this value."""
    match unit:
        case "count":
            return str(value)
        case "usd":
            return _decimal(value, PICO)
        case "plain":
            return _decimal(value, MILLIONTHS)
        case "duration":
            for name in ("h", "m", "s", "ms"):
                if value and value % _DURATIONS[name] == 0:
                    return f"{value // _DURATIONS[name]}{name}"
            return f"{_decimal(value, 1_000)}ms"


def _decimal(value: int, of: int) -> str:
    whole, rest = divmod(abs(value), of)
    digits = str(rest).zfill(len(str(of)) - 1).rstrip("0")
    return f"{'-' if value < 0 else ''}{whole}{'.' + digits if digits else ''}"


def parse_instant(text: str) -> datetime | timedelta | None:
    """A date, a date with a time (UTC unless an offset is given), or how long ago: 30m, 24h, 7d, 2w."""
    if _AGO.match(text):
        number, unit = int(text[:-1]), text[-1]
        seconds = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}[unit] * number
        return timedelta(seconds=seconds) if seconds <= 10_000 * 86_400 else None
    if not re.match(r"\d{4}-\d\d-\d\d(?:$|[T ])", text):
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def spell_instant(at: datetime | timedelta) -> str:
    """What `parse_instant` reads as exactly this."""
    if isinstance(at, timedelta):
        seconds = round(at.total_seconds())
        for unit, size in (("w", 7 * 86_400), ("d", 86_400), ("h", 3600), ("m", 60)):
            if seconds and seconds % size == 0:
                return f"{seconds // size}{unit}"
        return f"{seconds}s"
    plain = at.astimezone(UTC)
    if plain.time() == plain.min.time():
        return plain.date().isoformat()
    return plain.replace(tzinfo=None).isoformat() + "Z"

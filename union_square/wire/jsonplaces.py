"""Places inside a JSON value, by path: `temperature`, `messages.0.content`, `generationConfig.topP`. Pure.

Values are never changed in place: what comes back is a copy where it differs.
"""

from typing import Any, cast


class PlaceError(ValueError):
    """There is no such place. The message names it and says why."""


def value_at(whole: Any, where: str) -> Any:
    """What stands at a path; None = nothing does."""
    here = whole
    for step in where.split("."):
        if isinstance(here, dict):
            here = cast("dict[str, Any]", here).get(step)
        elif isinstance(here, list) and step.isdecimal() and int(step) < len(cast("list[Any]", here)):
            here = cast("list[Any]", here)[int(step)]
        else:
            return None
    return here


def with_value_at(whole: Any, where: str, value: Any) -> Any:
    """The same with that value at a path; objects that are missing on the way are made. Raises PlaceError."""
    return _put(whole, where.split("."), value, where)


def _put(here: Any, steps: list[str], value: Any, where: str) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(here, list):
        items = list(cast("list[Any]", here))
        if not step.isdecimal() or int(step) >= len(items):
            raise PlaceError(f"nothing can be set at {where}: there are {len(items)} entries, and no {step!r}")
        items[int(step)] = _put(items[int(step)], rest, value, where)
        return items
    if here is None or isinstance(here, dict):
        fields = cast("dict[str, Any]", here or {})
        return fields | {step: _put(fields.get(step), rest, value, where)}
    raise PlaceError(f"nothing can be set at {where}: there is {str(here)[:40]!r}")


def without(whole: Any, where: str) -> Any:
    """The same without what stands at a path, nor objects and arrays that held nothing else."""
    return _take(whole, where.split("."))


def _take(here: Any, steps: list[str]) -> Any:
    step, rest = steps[0], steps[1:]
    if isinstance(here, dict):
        fields = dict(cast("dict[str, Any]", here))
        if step in fields:
            left = _take(fields[step], rest) if rest else None
            if rest and (left or left == fields[step]):
                fields[step] = left
            else:
                del fields[step]
        return fields
    if isinstance(here, list) and step.isdecimal():
        items = list(cast("list[Any]", here))
        if int(step) >= len(items):
            return items
        left = _take(items[int(step)], rest) if rest else None
        if rest and (left or left == items[int(step)]):
            items[int(step)] = left
        else:
            del items[int(step)]
        return items
    return cast("object", here)

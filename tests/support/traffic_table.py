"""The table that a test run prints at its end, and that docs/providers.md has: for each format, what became of the
recorded exchanges. The parts are found out by tests of several rooms, maybe in several processes: they leave what they
found in files, which the run's last word is made of.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.projecting.test_recorded_sessions import edges
from tests.support.cassettes import exchanges
from tests.support.expectations import expected_dialect, expected_usage, json_values, usage_of_headers
from tests.support.providers_table import is_understood, played

OTHERS = "others"
HEAD = (
    "| format | exchanges | byte-equal | understood | usage equal | edges found | wrong |",
    "|---|---|---|---|---|---|---|",
)


@dataclass(slots=True)
class FormatRow:
    """`names` are the exchanges; of the others nothing can be understood or counted."""

    names: list[str] = field(default_factory=list[str])
    asking: int = 0
    understood: int = 0
    counted: int = 0
    equal: int = 0
    stated: int = 0
    found: int = 0
    wrong: int = 0


def format_rows() -> dict[str, FormatRow]:
    """What the formats' readers and the session ladder make of the recordings, the largest first."""
    rows, formats = dict[str, FormatRow](), dict[tuple[str, int], str]()
    for exchange in exchanges():
        expected = expected_dialect(exchange)
        call = played(exchange) if expected else None
        name = formats[exchange.file, exchange.index] = call.request.dialect if call else OTHERS
        row = rows.setdefault(name, FormatRow())
        row.names.append(exchange.name)
        if call is None:
            continue
        row.asking += 1
        row.understood += is_understood(exchange, expected, call)
        usage = expected_usage(expected, json_values(exchange)) or usage_of_headers(exchange)
        if exchange.status == 200 and usage is not None:
            row.counted += 1
            row.equal += call.response.usage == usage
    known = edges()
    for file, first, second in known.stated:
        row = rows[formats[file, second]]
        row.stated += 1
        row.found += (file, first, second) in known.found
    for place in known.wrong:
        rows[formats[place]].wrong += 1
    return dict(sorted(rows.items(), key=lambda item: (item[0] == OTHERS, -len(item[1].names), item[0])))


def table(rows: dict[str, FormatRow], byte_equal: Collection[str] | None) -> list[str]:
    """Its lines; `byte_equal` None = no test of that was run."""
    lines = [_line(name, [row], byte_equal) for name, row in rows.items()]
    return [*HEAD, *lines, _line("**all**", rows.values(), byte_equal)]


def _line(name: str, rows: Iterable[FormatRow], byte_equal: Collection[str] | None) -> str:
    found = list(rows)

    def of(part: str, whole: str) -> str:
        first, second = (sum(getattr(row, field) for row in found) for field in (part, whole))
        return f"{first} of {second}" if second else ""

    names = [one for row in found for one in row.names]
    same = "not run" if byte_equal is None else sum(one in byte_equal for one in names)
    wrong = sum(row.wrong for row in found)
    cells = (name, len(names), same, of("understood", "asking"), of("equal", "counted"), of("found", "stated"), wrong)
    return "| " + " | ".join(map(str, cells)) + " |"


def leave_rows(folder: Path, rows: dict[str, FormatRow]) -> None:
    (folder / "rows.json").write_text(json.dumps({name: asdict(row) for name, row in rows.items()}))


def leave_byte_equal(folder: Path, names: Iterable[str]) -> None:
    (folder / "byte_equal.json").write_text(json.dumps(sorted(set(names))))


def left_table(folder: Path) -> list[str]:
    """The table of what tests left; nothing where none did."""
    rows, same = folder / "rows.json", folder / "byte_equal.json"
    if not rows.exists():
        return []
    found = {name: FormatRow(**row) for name, row in json.loads(rows.read_text()).items()}
    return table(found, set(json.loads(same.read_text())) if same.exists() else None)

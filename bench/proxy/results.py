"""What was measured, round by round, and the medians that are spoken of.

Subjects of one scenario are measured in turn within each round, so a ratio of two is taken in each round, where both
met the same machine, and the median of the ratios is what counts.
"""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of one round. `scenario` names the load, `metric` the quantity with its unit at the end."""

    scenario: str
    subject: str
    round: int
    metric: str
    value: float


class Results:
    """The figures of a run."""

    def __init__(self, figures: Iterable[Figure] = ()) -> None:
        self.figures = list(figures)

    def add(self, scenario: str, subject: str, number: int, **metrics: float) -> None:
        for metric, value in metrics.items():
            self.figures.append(
                Figure(scenario=scenario, subject=subject, round=number, metric=metric, value=round(value, 4))
            )

    def subjects(self, scenario: str) -> list[str]:
        """Those measured in a scenario, in the order of their first measurement."""
        return list(dict.fromkeys(f.subject for f in self.figures if f.scenario == scenario))

    def rounds(self, scenario: str, subject: str, metric: str) -> dict[int, float]:
        return {
            f.round: f.value
            for f in self.figures
            if f.scenario == scenario and f.subject == subject and f.metric == metric
        }

    def median(self, scenario: str, subject: str, metric: str) -> float | None:
        """None where it was not measured."""
        found = self.rounds(scenario, subject, metric)
        return median(found.values()) if found else None

    def ratio(self, scenario: str, metric: str, subject: str, other: str) -> float | None:
        """The median over the rounds of `subject` ÷ `other`."""
        return self._paired(scenario, metric, (subject, other), lambda a, b: a / b if b else None)

    def added(self, scenario: str, metric: str, subject: str) -> float | None:
        """The median over the rounds of what `subject` has more than the direct way."""
        return self._paired(scenario, metric, (subject, "direct"), lambda a, b: a - b)

    def added_ratio(self, scenario: str, metric: str, subject: str, other: str) -> float | None:
        """What `subject` adds to the direct way ÷ what `other` adds to it."""
        mine, others = self.added(scenario, metric, subject), self.added(scenario, metric, other)
        return mine / others if mine is not None and others is not None and others > 0 else None

    def _paired(
        self, scenario: str, metric: str, subjects: tuple[str, str], of: Callable[[float, float], float | None]
    ) -> float | None:
        mine, others = (self.rounds(scenario, subject, metric) for subject in subjects)
        found = [of(value, others[number]) for number, value in mine.items() if number in others]
        known = [value for value in found if value is not None]
        return median(known) if known else None

    def write(self, path: Path) -> None:
        """Every round, as CSV."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["scenario", "subject", "round", "metric", "value"])
            rows.writerows([f.scenario, f.subject, f.round, f.metric, f.value] for f in self.figures)


def read_results(path: Path) -> Results:
    """What `write` wrote."""
    with path.open(newline="") as file:
        return Results(
            Figure(
                scenario=row["scenario"], subject=row["subject"], round=int(row["round"]), metric=row["metric"],
                value=float(row["value"]),
            )
            for row in csv.DictReader(file)
        )  # fmt: skip

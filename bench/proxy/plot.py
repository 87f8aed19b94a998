"""`plot.py TABLE.csv PICTURE.svg`: requests a second and CPU time of a call, of each subject, at 64 clients.

Run by the interpreter of an environment that has matplotlib; it imports nothing of the project for that reason.
"""

# pyright: basic, reportMissingImports=false

import csv
import sys
from pathlib import Path
from statistics import median

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "union-square"  # the same figures give the same file
import matplotlib.pyplot as plt  # noqa: E402

SCENARIOS = ("calls, 64 clients", "beside others, 64 clients", "TLS upstream, 64 clients")
OURS, OTHERS = "#4f46e5", "#9ca3af"


def medians(table: Path, metric: str) -> dict[str, float]:
    """The median over the rounds by subject; a subject counts in the first scenario that has it."""
    rounds: dict[tuple[str, str], list[float]] = {}
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["metric"] == metric and row["scenario"] in SCENARIOS:
                rounds.setdefault((row["scenario"], row["subject"]), []).append(float(row["value"]))
    found: dict[str, float] = {}
    for scenario in SCENARIOS:
        for (where, subject), values in rounds.items():
            if where == scenario and subject != "direct":
                found.setdefault(subject, median(values))
    return dict(sorted(found.items(), key=lambda item: item[1]))


def main(table: Path, picture: Path) -> None:
    if not medians(table, "requests_per_s"):
        sys.exit("calls at 64 clients were not measured")
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    for axes, metric, title in (
        (left, "requests_per_s", "requests/s on one core, 64 clients"),
        (right, "cpu_us", "CPU time of a request, µs"),
    ):
        found = medians(table, metric)
        colours = [OURS if name.startswith("recording") else OTHERS for name in found]
        bars = axes.barh(list(found), list(found.values()), color=colours)
        axes.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=8)
        axes.set_xscale("log")
        axes.margins(x=0.18)
        axes.set_title(title, fontsize=10)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

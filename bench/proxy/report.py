"""The report of a run: goals beside results, and a table a scenario, in Markdown; the same into docs/performance.md."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.proxy import goals
from bench.proxy.peers import ROOT, NotHad, python_environment
from bench.proxy.results import Results

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_METRICS = {
    "requests_per_s": ("requests/s", "{:,.0f}"),
    "p50_ms": ("p50 ms", "{:.3f}"),
    "p99_ms": ("p99 ms", "{:.2f}"),
    "cpu_us": ("CPU µs", "{:.1f}"),
    "events_per_s": ("events/s", "{:,.0f}"),
    "ttfb_p50_ms": ("first byte p50 ms", "{:.2f}"),
    "ttfb_p99_ms": ("first byte p99 ms", "{:.2f}"),
    "delay_p50_ms": ("delay p50 ms", "{:.3f}"),
    "delay_p99_ms": ("delay p99 ms", "{:.3f}"),
    "idle_mb": ("idle MB", "{:.0f}"),
    "after_100000_calls_mb": ("after 100,000 calls MB", "{:.0f}"),
    "after_1000000_chunks_mb": ("over chunks MB", "{:.1f}"),
    "calls_per_cpu_s": ("calls per CPU s", "{:,.0f}"),
}


def markdown(results: Results, machine: str) -> str:
    """Everything of the run, as it stands in docs/performance.md."""
    return "\n".join([machine, "", *_goals(results), *_scenarios(results)])


def is_reached(results: Results) -> bool:
    """Whether no goal that was measured is missed."""
    values = [(goal, goal.value(results)) for goal in goals.GOALS]
    return all(value is None or goal.is_reached(value) for goal, value in values)


def _goals(results: Results) -> Iterator[str]:
    yield "| recording on | goal | result | | prototype |"
    yield "|---|---|---|---|---|"
    for goal in goals.GOALS:
        value = goal.value(results)
        wanted = f"{'≥' if goal.at_least else '≤'} {goal.limit:g} {goal.unit}".rstrip()
        shown = "not measured" if value is None else f"{value:.3g} {goal.unit}".rstrip()
        verdict = "" if value is None else "reached" if goal.is_reached(value) else "**missed**"
        yield f"| {goal.text} | {wanted} | {shown} | {verdict} | {goal.prototype} |"


def _scenarios(results: Results) -> Iterator[str]:
    for scenario in dict.fromkeys(figure.scenario for figure in results.figures):
        subjects = results.subjects(scenario)
        metrics = [
            metric for metric in _METRICS
            if any(results.median(scenario, subject, metric) is not None for subject in subjects)
        ]  # fmt: skip
        if scenario != goals.WORKERS:
            metrics = [metric for metric in metrics if metric != "calls_per_cpu_s"]
        limit = next((subject for subject in (goals.NGINX_TLS, goals.NGINX) if subject in subjects), "")
        beside = "requests_per_s" if limit and "requests_per_s" in metrics else ""
        yield ""
        yield f"**{scenario[0].upper()}{scenario[1:]}**"
        yield ""
        titles = [_METRICS[metric][0] for metric in metrics]
        yield "| " + " | ".join(["", *titles, *(["÷ nginx"] if beside else [])]) + " |"
        yield "|---" * (len(metrics) + 1 + bool(beside)) + "|"
        for subject in subjects:
            cells = [_cell(results, scenario, subject, metric) for metric in metrics]
            if beside:
                ratio = results.ratio(scenario, beside, subject, limit)
                cells.append("" if ratio is None else f"{ratio:.2g}")
            yield "| " + " | ".join([subject, *cells]) + " |"


def _cell(results: Results, scenario: str, subject: str, metric: str) -> str:
    value = results.median(scenario, subject, metric)
    if value is None or (metric == "cpu_us" and subject == goals.DIRECT):
        return ""
    return _METRICS[metric][1].format(value)


def plot(table: Path, picture: Path) -> str:
    """Draw the picture (SVG) of a run's CSV; a word where that is not possible here, else nothing."""
    try:
        binaries = python_environment("plot", "matplotlib>=3.10")
        script = Path(__file__).with_name("plot.py")
        subprocess.run(
            [str(binaries / "python"), str(script), str(table), str(picture)],
            check=True,
            timeout=120,
            capture_output=True,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        return f"no picture: {error.stderr.strip().splitlines()[-1:]}"
    except (NotHad, OSError, subprocess.SubprocessError) as error:
        return f"no picture: {error}"
    return ""


def write_into(document: Path, text: str) -> None:
    """Put the figures between the marks of a document. Raises SystemExit when it has none."""
    whole = document.read_text()
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{document} has no place for figures: it needs the lines {BEGIN} and {END}")
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def picture_of(document: Path) -> Path:
    """Where the picture goes that a document shows."""
    return (document.parent if document.is_relative_to(ROOT) else ROOT / "docs") / "images" / "performance.svg"

"""The benchmark's report: medians of ratios taken round by round, and goals beside them."""

from pathlib import Path

import pytest

from bench.proxy import goals, report
from bench.proxy.results import Results, read_results


def rounds(metric: str, scenario: str, **subjects: list[float]) -> Results:
    names = {"direct": goals.DIRECT, "nginx": goals.NGINX, "off": goals.OFF, "on": goals.ON}
    results = Results()
    for subject, values in subjects.items():
        for number, value in enumerate(values):
            results.add(scenario, names[subject], number, **{metric: value})
    return results


def test_a_ratio_is_taken_in_each_round_and_their_median_counts() -> None:
    results = rounds("requests_per_s", goals.calls(64), nginx=[100, 10, 40], on=[50, 9, 10])
    assert results.ratio(goals.calls(64), "requests_per_s", goals.ON, goals.NGINX) == 0.5


def test_what_is_added_is_what_is_above_the_direct_way_in_the_same_round() -> None:
    results = rounds("p50_ms", goals.calls(1), direct=[1, 2, 3], nginx=[3, 4, 6], on=[4, 5, 6])
    assert results.added(goals.calls(1), "p50_ms", goals.ON) == 3
    assert results.added_ratio(goals.calls(1), "p50_ms", goals.ON, goals.NGINX) == 1.5


def test_a_round_that_one_of_two_did_not_take_part_in_is_left_out() -> None:
    results = rounds("requests_per_s", goals.calls(64), nginx=[100, 10], on=[50])
    assert results.ratio(goals.calls(64), "requests_per_s", goals.ON, goals.NGINX) == 0.5
    assert results.ratio(goals.calls(64), "requests_per_s", goals.PORTKEY, goals.NGINX) is None


@pytest.mark.parametrize(("on", "verdict"), [(60, "reached"), (40, "**missed**")])
def test_a_goal_stands_beside_its_result(on: float, verdict: str) -> None:
    results = rounds("requests_per_s", goals.calls(64), nginx=[100], on=[on])
    lines = report.markdown(results, "a machine").splitlines()
    (line,) = [line for line in lines if line.startswith("| requests/s at 64 clients ÷ nginx's |")]
    assert f"| ≥ 0.5 | {on / 100:g} | {verdict} |" in line
    assert report.is_reached(results) == (verdict == "reached")
    assert any("not measured" in line for line in lines)


def test_the_kept_table_gives_the_same_report(tmp_path: Path) -> None:
    results = rounds("p99_ms", goals.calls(8), direct=[0.1, 0.2], nginx=[0.5, 0.4], on=[0.9, 0.8])
    results.write(tmp_path / "proxy.csv")
    assert report.markdown(read_results(tmp_path / "proxy.csv"), "m") == report.markdown(results, "m")


def test_figures_go_between_the_marks_of_a_document_and_nowhere_else(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write_into(document, "new")
    assert document.read_text() == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    document.write_text("no marks")
    with pytest.raises(SystemExit, match="no place for figures"):
        report.write_into(document, "new")

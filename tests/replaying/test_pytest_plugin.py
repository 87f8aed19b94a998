"""The fixture as a project uses it: its own pytest run, beside recordings."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.recorded import recorded, recording
from union_square.replaying.loading import write_file

ROOT = Path(__file__).resolve().parents[2]
CHAT = "/v1/chat/completions"
TESTS = """
import httpx

def ask(mock, text):
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return httpx.post(mock.url("openai/v1/chat/completions"), json=body, trust_env=False)

def test_all_is_asked_in_any_order(union_square_mock):
    mock = union_square_mock("recordings/two.jsonl")
    assert [ask(mock, text).json()["said"] for text in ("two", "one")] == ["two", "one"]

def test_something_is_left(union_square_mock):
    ask(union_square_mock("recordings/two.jsonl"), "one")

def test_something_is_left_of_a_loose_match(union_square_mock):
    ask(union_square_mock("recordings/two.jsonl", match="loose"), "one")

def test_something_is_left_and_nobody_looks(union_square_mock):
    ask(union_square_mock("recordings/two.jsonl", check=False), "one")

def test_something_else_is_asked(union_square_mock):
    mock = union_square_mock("recordings/two.jsonl")
    assert [ask(mock, text).status_code for text in ("one", "two", "tow")] == [200, 200, 404]

def test_something_is_asked_twice(union_square_mock):
    mock = union_square_mock("recordings/two.jsonl")
    assert [ask(mock, text).status_code for text in ("one", "two", "one")] == [200, 200, 404]

def test_something_may_be_asked_twice(union_square_mock):
    mock = union_square_mock("recordings/two.jsonl", repeat=True)
    assert [ask(mock, text).status_code for text in ("one", "two", "one")] == [200, 200, 200]

def test_a_fault_is_met(union_square_mock):
    mock = union_square_mock("recordings/two.jsonl")
    mock.fail_next("fail:429")
    assert [ask(mock, text).status_code for text in ("one", "one", "two")] == [429, 200, 200]
"""
PASSING = {
    "test_all_is_asked_in_any_order",
    "test_something_is_left_of_a_loose_match",
    "test_something_is_left_and_nobody_looks",
    "test_something_may_be_asked_twice",
    "test_a_fault_is_met",
}
WORDS = {
    "test_something_is_left": "never asked for:\n  call 2 (POST /v1/chat/completions, user: two)",
    "test_something_else_is_asked": "-user: two\n+user: tow",
    "test_something_is_asked_twice": "is recorded as call 1 (POST /v1/chat/completions, user: one), which has been",
}


def test_a_projects_tests_pass_or_say_what_was_asked_otherwise(tmp_path: Path) -> None:
    calls = [
        recorded(n, CHAT, {"model": "m", "messages": [{"role": "user", "content": text}]}, {"said": text})
        for n, text in enumerate(["one", "two"])
    ]
    (tmp_path / "recordings").mkdir()
    write_file(tmp_path / "recordings" / "two.jsonl", recording(*calls))
    (tmp_path / "test_it.py").write_text(TESTS)
    plugin = ["-p", "no:union_square", "-p", "union_square.replaying.pytest_plugin"]  # installed or not
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "pytest",
        "-q",
        "-rA",
        "-p",
        "no:cacheprovider",
        *plugin,
        str(tmp_path),
    ]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    failed = set(re.findall(r"^ERROR \S+::(\w+)", found.stdout, re.MULTILINE))
    passed = set(re.findall(r"^PASSED \S+::(\w+)", found.stdout, re.MULTILINE))
    assert (passed - failed, failed) == (PASSING, set(WORDS)), found.stdout + found.stderr
    for words in WORDS.values():
        assert words in found.stdout


def test_pytests_start_loads_nothing_of_ours_but_the_plugin() -> None:
    code = (
        "import sys; import pytest; before = set(sys.modules); import union_square.replaying.pytest_plugin; "
        "print(sorted(set(sys.modules) - before))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "['union_square', 'union_square.replaying', 'union_square.replaying.pytest_plugin']"


def test_the_package_names_the_plugin() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"union_square": "union_square.replaying.pytest_plugin"}

"""The import contracts hold, and each of them can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

VIOLATIONS = {
    "the core learns of a framework": (
        "union_square/domain/ids.py",
        "import anyio",
        "The core is pure: no framework, no I/O",
    ),
    "the core takes the time": ("union_square/wire/sse.py", "import time", "The core is pure: no framework, no I/O"),
    "a lower layer reaches up": (
        "union_square/store/mapping.py",
        "import union_square.watching.ports",
        "Data flows one way: each layer knows only those below it",
    ),
    "the settings are read in the middle": (
        "union_square/recording/tap.py",
        "import union_square.settings",
        "Data flows one way: each layer knows only those below it",
    ),
    "the proxy opens the store": (
        "proxy_app/clock.py",
        "import union_square.store.engine",
        "The proxy needs no store, no UI and no reader",
    ),
    "the UI knows the proxy": (
        "union_square/ui/routes.py",
        "import proxy_app.clock",
        "The UI and what it reads through do not know the proxy",
    ),
    "a page reads tables": (
        "union_square/ui/routes.py",
        "import union_square.domain.models",
        "Only the store touches tables",
    ),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LINT), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def test_every_contract_holds() -> None:
    found = lint(ROOT)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("case", VIOLATIONS)
def test_a_violation_is_caught(case: str, tmp_path: Path) -> None:
    file, line, contract = VIOLATIONS[case]
    for package in ("union_square", "proxy_app"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "_ui"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / file
    # At the end: a docstring and `from __future__` stay where they must be.
    target.write_text(f"{target.read_text()}\n{line}\n")
    found = lint(tmp_path)
    assert found.returncode != 0, found.stdout
    assert f"{contract} BROKEN" in " ".join(found.stdout.split())

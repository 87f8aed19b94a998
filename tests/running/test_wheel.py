"""The wheel carries everything: pages, migrations, the demo. It runs without Node and without the source tree."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.product import eventually, running_product

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    yield from folder.glob("*.whl")


def test_a_wheel_holds_pages_migrations_and_demo_and_no_path_of_the_builder(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for needed in (
            "union_square/_ui/build/client/index.html",
            "union_square/_ui/rxconfig.py",
            "union_square/_alembic/env.py",
            "union_square/demo/conversations.py",
            "proxy_app/main.py",
        ):
            assert needed in names
        assert not [name for name in names if name.startswith(("tests/", "bench/"))]
        for name in names:
            assert str(ROOT).encode() not in archive.read(name), name


def test_an_installed_wheel_runs_the_demo_without_node_and_without_the_sources(wheel: Path, tmp_path: Path) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(installed)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True, timeout=120)
    shown = subprocess.run(
        [sys.executable, "-c", "import union_square; print(union_square.__file__)"],
        env={"PYTHONPATH": str(installed)},
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith(str(installed))
    with running_product(
        tmp_path / "home",
        arguments=("--demo",),
        environment={"PYTHONPATH": str(installed), "PATH": "/nowhere"},
        cwd=elsewhere,
    ) as product:
        page = httpx.get(product.ui, timeout=20, trust_env=False)
        assert page.status_code == 200
        assert "Union Square" in page.text
        eventually(lambda: product.api("/calls")["items"], what="the demo's first call")
        assert "Traceback" not in product.words()

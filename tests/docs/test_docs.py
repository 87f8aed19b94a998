"""What the documents say is there."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from tests.support.tour import MOST_BYTES, STEPS
from union_square.cli import app
from union_square.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WORDS = "\n".join(document.read_text() for document in DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", WORDS)) | set(re.findall(r"^make ([a-z]+)", WORDS, re.MULTILINE))
    assert {"up", "test", "demo", "check", "dist"} <= named
    assert named <= targets


def test_every_command_that_is_named_exists() -> None:
    commands = set(getattr(get_command(app), "commands"))  # noqa: B009
    named = set(re.findall(r"`union-square ([a-z]+)", WORDS))
    assert named <= commands
    section = (ROOT / "README.md").read_text().split("## Commands")[1].split("\n## ")[0]
    shown = {name for name in commands if re.search(rf"`{name}\b", section)}
    hidden = {"demo-upstream", "demo-player", "local-model"}
    assert shown == commands - hidden


def test_every_setting_that_is_named_exists() -> None:
    fields = {name.upper() for name in Settings.model_fields}
    known_elsewhere = {"CASSETTES", "CHROMIUM", "SOAK", "SEED"}  # of the tests
    for name in set(re.findall(r"UNION_SQUARE_([A-Z_]+?)(?:__|\b)", WORDS)) - {""}:
        assert name.rstrip("_") in fields | known_elsewhere, f"UNION_SQUARE_{name}"


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:union_square|proxy_app|tests|docs|alembic)/[\w./-]+)`", WORDS)))
)
def test_every_file_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_tour_shows_each_of_its_pictures_once_and_they_stay_small() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(images/([a-z]+)\.png\)", (ROOT / "docs" / "tour.md").read_text())
    assert sorted(shown) == sorted(STEPS)
    sizes = [(ROOT / "docs" / "images" / f"{name}.png").stat().st_size for name in shown]
    assert max(sizes) <= MOST_BYTES
    assert sum(sizes) <= 10 * MOST_BYTES

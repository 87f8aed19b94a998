"""What the documents say is there."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from tests.support.tour import MOST_BYTES, STEPS
from union_square.cli import app
from union_square.domain.finding import parse_filter
from union_square.domain.finding.fields import FIELDS
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


def test_the_filter_language_is_described_as_it_is() -> None:
    """Every field is in the table with its aliases, values and example, and nothing else is."""
    text = (ROOT / "docs" / "finding.md").read_text()
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*) \| (.*) \| `(.*)` \|$", text, re.MULTILINE)
    told = {name: (re.findall(r"`(\w+)`", also), says, example) for name, also, says, example in rows}
    assert list(told) == [field.name for field in FIELDS]
    for field in FIELDS:
        also, says, example = told[field.name]
        assert (tuple(also), example) == (field.aliases, field.example)
        assert says == field.says + (": " + ", ".join(f"`{value}`" for value in field.values) if field.values else "")
    for example in [*(field.example for field in FIELDS), *re.findall(r"^    (.+)$", text, re.MULTILINE)]:
        parse_filter(example)

"""What a built UI was built from: a small key beside the files, compared before every start."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
UI_FOLDER = PACKAGE / "_ui"
KEY_FILE = "built_from.json"

# Parts of the UI that run in the server only: a change there needs no new bundle.
_SERVER_ONLY = frozenset(
    {
        "build.py",
        "built.py",
        "serve.py",
        "services.py",
        "values.py",
        "security.py",
        "markup.py",
        "jsontree.py",
        "longtext.py",
        "pieces.py",
        "sounds.py",
    }
)
_SERVER_ONLY_PREFIXES = ("present", "wording")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKey:
    """`sources`: SHA-256 over names and contents; `packages`: the versions whose code ends up in the bundle."""

    sources: str
    packages: dict[str, str]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


def _reflex_packages() -> dict[str, str]:
    names = sorted({(d.metadata["Name"] or "").lower().replace("_", "-") for d in distributions()})
    return {n: version(n) for n in names if n.startswith("reflex") and not n.endswith(("-cli", "-sdk"))}


def _sources(root: Path) -> Iterable[Path]:
    ui = root / "union_square" / "ui"
    yield root / "rxconfig.py"
    yield root / "union_square" / "union_square.py"
    for file in sorted(ui.rglob("*.py")):
        if file.name not in _SERVER_ONLY and not file.name.startswith(_SERVER_ONLY_PREFIXES):
            yield file
    yield from sorted((ui / "js_lock").glob("*.json"))
    yield from sorted(f for f in (root / "assets").rglob("*") if f.is_file())


def current_key(root: Path) -> BuildKey:
    """The key of the sources below `root` as they are now."""
    digest = hashlib.sha256()
    for file in _sources(root):
        if file.is_file():
            data = file.read_bytes()
            digest.update(f"{file.relative_to(root).as_posix()}\0{len(data)}\0".encode())
            digest.update(data)
    return BuildKey(sources=digest.hexdigest(), packages=_reflex_packages())


def read_key(folder: Path) -> BuildKey | None:
    """The key of the UI built into `folder`; None where none was, or its key cannot be read."""
    try:
        raw = json.loads((folder / KEY_FILE).read_text(encoding="utf-8"))
        return BuildKey(sources=str(raw["sources"]), packages={str(k): str(v) for k, v in raw["packages"].items()})
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None


def reflex_mismatch(key: BuildKey) -> str:
    """In words, when the installed Reflex is not the one the UI was built with; "" when it is."""
    try:
        installed = version("reflex")
    except PackageNotFoundError:
        return "Reflex is not installed"
    built = key.packages.get("reflex", "")
    return "" if built == installed else f"the UI was built with Reflex {built}, but {installed} is installed"


def style_folder() -> Path:
    """Where the style sheets are: beside the built pages, or, before they were built, in the checkout."""
    built = UI_FOLDER / "build" / "client"
    return built if (built / "tokens.css").is_file() else PACKAGE.parent / "assets"

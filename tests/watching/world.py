"""A log written by hand, the real store on SQLite, the real projector and the real watcher, moved step by step."""

import shutil
from pathlib import Path

from tests.recording.logs import HandLog
from union_square.domain import events as ev
from union_square.projecting.projector import Projector
from union_square.recording.log_reader import FolderLogReader
from union_square.store.migrate import migrate
from union_square.store.ports import StoreUnavailable
from union_square.store.sql import SqlStore
from union_square.watching.feed import LiveFeed
from union_square.watching.watcher import Watcher


def migrated(folder: Path) -> Path:
    """An empty, migrated SQLite database, to be copied."""
    path = folder / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


class Switch:
    """A part of the store that can be away."""

    def __init__(self, part: object) -> None:
        self._part = part
        self.away = False

    def __getattr__(self, name: str) -> object:
        if self.away:
            raise StoreUnavailable("no answer")
        return getattr(self._part, name)


class World:
    def __init__(self, folder: Path, database: Path) -> None:
        folder.mkdir(exist_ok=True)
        shutil.copy(database, folder / "union-square.db")
        self.folder = folder
        self.log = HandLog(folder / "log")
        self.store = SqlStore(f"sqlite:///{folder / 'union-square.db'}")
        self.reader, self.annotator = Switch(self.store.reader), Switch(self.store.annotator)
        self.projector = Projector(FolderLogReader(folder / "log"), self.store.writer, refresh_seconds=0)
        self.followed = FolderLogReader(folder / "log")
        self.feed = LiveFeed(self.followed)
        self.heartbeat = folder / "projector.json"
        self.watcher = Watcher(
            self.feed,
            self.reader,  # pyright: ignore[reportArgumentType]
            self.annotator,  # pyright: ignore[reportArgumentType]
            problems=self.followed.problems,
            heartbeat=self.heartbeat,
        )

    def store_away(self, *, away: bool = True) -> None:
        self.reader.away = self.annotator.away = away

    async def happen(self, *events: ev.Event) -> None:
        """Write events; the feed sees them."""
        self.log.append(*events)
        await self.feed.poll()

    def project(self) -> None:
        while self.projector.step().more:
            pass

    def close(self) -> None:
        self.followed.close()
        self.store.close()
        self.log.die()

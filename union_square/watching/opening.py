"""Puts a watcher together and keeps it running."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from union_square.recording.log_reader import FolderLogReader
from union_square.store.ports import StoreAnnotator, StoreReader
from union_square.watching.feed import LiveFeed
from union_square.watching.watcher import Watcher
from union_square.wire.prices import Prices


@asynccontextmanager
async def open_watcher(
    log_folder: Path,
    reader: StoreReader,
    annotator: StoreAnnotator,
    *,
    heartbeat: Path | None = None,
    prices: Prices = (),
) -> AsyncGenerator[Watcher]:
    """A watcher that follows the logs below `log_folder` while the context is open.

    `heartbeat`: the projector's file (`<home>/run/projector.json`); None where nobody is expected to project.
    `prices` are the user's own."""
    log = FolderLogReader(log_folder)
    watcher = Watcher(LiveFeed(log, prices=prices), reader, annotator, problems=log.problems, heartbeat=heartbeat)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watcher.run)
            yield watcher
            tasks.cancel_scope.cancel()
    finally:
        log.close()

"""The UI's own server over an imagined world: for the UI's browser tests, and for looking at it.

python -m tests.support.fake_ui WORLD --home FOLDER [--port N]
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support import worlds
from tests.support.fake_watching import FakeWatching, Told
from union_square.ui.serve import run
from union_square.ui.values import UiValues
from union_square.watching.ports import Watching

_TALK = (
    "Two roads met here at an awkward angle, and the surveyors found no way to make the corner fit their grid. "
    "So they left it open, and called the gap a square. "
)


def _down() -> FakeWatching:
    watching = FakeWatching(worlds.running())
    watching.down = True
    return watching


def _broken() -> FakeWatching:
    watching = FakeWatching(worlds.afternoon())
    watching.broken = True
    return watching


WORLDS: dict[str, Callable[[], FakeWatching]] = {
    "empty": FakeWatching,
    "afternoon": lambda: FakeWatching(worlds.afternoon()),
    "problem": lambda: FakeWatching(
        worlds.afternoon(),
        problem="3 pieces (47.1 KiB) of 1 call could not be recorded: the recording memory was full",
    ),
    "down": _down,
    "broken": _broken,
    "hostile": lambda: FakeWatching([worlds.hostile()]),
    "huge": lambda: FakeWatching([worlds.huge()]),
    "many": lambda: FakeWatching(worlds.many()),
}


async def _talk(watching: FakeWatching) -> None:
    """Let the running answer of the afternoon go on, a few words at a time."""
    words = (_TALK * 40).split(" ")
    for count in range(len(words)):
        await asyncio.sleep(0.12)
        watching.say(21, " ".join(words[:count]))


async def _count(watching: FakeWatching, file: Path) -> None:
    """Keep in `file` how often the pages have looked, for a test of when they stop."""
    while True:
        file.write_text(str(watching.looks))
        await asyncio.sleep(0.1)


@asynccontextmanager
async def _opened(name: str, home: Path) -> AsyncIterator[Watching]:
    watching = WORLDS[name]()
    tasks = [asyncio.create_task(_count(watching, home / "looks"))]
    if _has_talker(watching.told):
        tasks.append(asyncio.create_task(_talk(watching)))
    try:
        yield watching
    finally:
        for task in tasks:
            task.cancel()


def _has_talker(told: list[Told]) -> bool:
    return any(t.id == "museum-wall" for t in told)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("world", choices=sorted(WORLDS))
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="")
    options = parser.parse_args()
    values = UiValues(
        home=options.home,
        log_folder=options.home / "log",
        database="sqlite://",
        host="127.0.0.1",
        port=options.port,
        token=options.token,
        proxy_url="http://127.0.0.1:8787",
        upstreams=(
            ("openai", "https://api.openai.com"),
            ("anthropic", "https://api.anthropic.com"),
            ("ollama", "http://127.0.0.1:11434"),
        ),
        shown=(("home", str(options.home)), ("database", "postgresql+psycopg://app:***@db/union"), ("recording", "on")),
    )
    run(values, lambda values: _opened(options.world, values.home))


if __name__ == "__main__":
    main()

"""A mock running: in a thread of its own beside a test, or in the foreground until it is told to stop."""

import asyncio
import signal
import threading
from collections.abc import Callable

from union_square.replaying.mock import Mock, Report
from union_square.replaying.mock_server import MockServer

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


def run_until_stopped(mock: Mock, *, host: str, port: int, speed: float, ready: Callable[[int], None]) -> Report:
    """Serve until SIGINT or SIGTERM; what came of it. `ready` is told the port. Raises OSError."""

    async def serve() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        server = MockServer(mock, speed=speed)
        ready(await server.start(host, port))
        await stopped.wait()
        await server.stop()

    asyncio.run(serve())
    return mock.report()


class MockThread:
    """A mock on a free port of loopback, served by a thread with a loop of its own. Methods may be called from any
    other thread."""

    def __init__(self, mock: Mock, *, speed: float = 0.0) -> None:
        self._mock = mock
        self._server = MockServer(mock, speed=speed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="union-square-mock", daemon=True)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._server.start("127.0.0.1", 0), self._loop).result(
            _START_SECONDS
        )

    def ask(self, look: Callable[[Mock], "Report | None"]) -> "Report | None":
        """What `look` says of the mock, asked in the mock's own thread."""

        async def asked() -> Report | None:
            return look(self._mock)

        return asyncio.run_coroutine_threadsafe(asked(), self._loop).result(_START_SECONDS)

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(_STOP_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

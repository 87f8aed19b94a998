"""Start the parts, say when they are ready, start again what dies, and stop everything in order.

Each part is a process of its own: what goes wrong in one cannot reach the others. They are stopped in an order of their
own, so that the proxy has drained before what reads its log goes.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream

from union_square.running.expected import ExpectedFailure

Say = Callable[[str], None]
BACK_OFF_SECONDS = (0.2, 0.5, 1, 2, 5, 10)
STEADY_SECONDS = 30  # a part that ran this long starts again without delay


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process of the product."""

    name: str
    command: tuple[str, ...]
    is_ready: Callable[[int], bool]
    """Asked with the process id, from a thread, until it says yes."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    stop_seconds: float = 10
    """How long it may take to stop before it is killed."""
    stop_order: int = 1
    """Parts with a smaller number are stopped, and gone, before those with a larger one."""


class NotReady(ExpectedFailure):
    """A part did not come up. The message says which and shows its last words."""


@dataclass(slots=True)
class _Running:
    part: Part
    process: anyio.abc.Process
    began: float


class Supervisor:
    """Runs parts until it is asked to stop: `async with Supervisor(say) as s: await s.start(part); await s.wait()`."""

    def __init__(self, say: Say, *, patience_seconds: float = 60) -> None:
        self._say = say
        self._patience = patience_seconds
        self._parts: list[_Running] = []
        self._stopping = anyio.Event()
        self._group: anyio.abc.TaskGroup | None = None

    async def __aenter__(self) -> "Supervisor":
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._listen_for_signals)
        return self

    async def __aexit__(self, *error: Any) -> bool | None:
        assert self._group is not None
        self._stopping.set()
        with anyio.CancelScope(shield=True):
            for order in sorted({running.part.stop_order for running in self._parts}):
                async with anyio.create_task_group() as stopping:
                    for running in self._parts:
                        if running.part.stop_order == order:
                            stopping.start_soon(self._stop, running)
        self._group.cancel_scope.cancel()
        return await self._group.__aexit__(*error)

    async def start(self, *parts: Part) -> None:
        """Start parts side by side and wait until all are ready; from then on one that dies is started again.

        Raises NotReady."""
        failures: list[NotReady] = []

        async def start_one(part: Part) -> None:
            try:
                await self._start(part)
            except NotReady as error:
                failures.append(error)

        async with anyio.create_task_group() as starting:
            for part in parts:
                starting.start_soon(start_one, part)
        if failures:
            raise failures[0]

    async def _start(self, part: Part) -> None:
        assert self._group is not None
        running = _Running(part, await self._open(part), time.monotonic())
        self._parts.append(running)
        if await self._until_ready(running):
            self._group.start_soon(self._keep, running)

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    async def wait(self) -> None:
        """Until someone asks to stop (Ctrl-C, SIGTERM)."""
        await self._stopping.wait()

    async def _open(self, part: Part) -> anyio.abc.Process:
        # A session of its own: Ctrl-C reaches only the supervisor, which then stops the parts in order.
        process = await anyio.open_process(
            part.command,
            stdin=None,
            stdout=-1,
            stderr=-2,
            env={**os.environ, **part.environment},
            start_new_session=True,
        )
        assert self._group is not None
        self._group.start_soon(self._relay, part.name, process)
        return process

    async def _relay(self, name: str, process: anyio.abc.Process) -> None:
        """Show what a part says, with its name before each line."""
        assert process.stdout is not None
        lines = BufferedByteReceiveStream(process.stdout)
        with anyio.CancelScope(shield=True):  # its last words come while everything stops; they end with the process
            while True:
                try:
                    line = await lines.receive_until(b"\n", 64 << 10)
                except anyio.DelimiterNotFound:
                    line = await lines.receive()
                except (anyio.IncompleteRead, anyio.EndOfStream, anyio.ClosedResourceError):
                    if lines.buffer:
                        self._say(f"[{name}] {lines.buffer.decode('utf-8', 'replace')}")
                    return
                self._say(f"[{name}] {line.decode('utf-8', 'replace').rstrip()}")

    async def _until_ready(self, running: _Running) -> bool:
        """True once it is ready, False when a stop was asked for meanwhile. Raises NotReady."""
        part, process = running.part, running.process
        deadline = time.monotonic() + self._patience
        while not self._stopping.is_set():
            if process.returncode is not None:
                raise NotReady(f"{part.name} ended at its start (exit code {process.returncode}); its words are above.")
            if await anyio.to_thread.run_sync(part.is_ready, process.pid):
                return True
            if time.monotonic() > deadline:
                raise NotReady(f"{part.name} was not ready after {self._patience:g} s; its words are above.")
            await anyio.sleep(0.03)
        return False

    async def _keep(self, running: _Running) -> None:
        """Start the part again whenever it dies."""
        failures = 0
        while True:
            code = await running.process.wait()
            if self._stopping.is_set():
                return
            lasted = time.monotonic() - running.began
            failures = 0 if lasted >= STEADY_SECONDS else failures + 1
            pause = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)]
            self._say(f"{running.part.name} died ({_cause(code)}); starting it again in {pause:g} s")
            with anyio.move_on_after(pause):
                await self._stopping.wait()
            if self._stopping.is_set():
                return
            running.process, running.began = await self._open(running.part), time.monotonic()
            try:
                if await self._until_ready(running):
                    self._say(f"{running.part.name} is back")
            except NotReady as error:
                self._say(str(error))
                if running.process.returncode is None:
                    running.process.kill()

    async def _stop(self, running: _Running) -> None:
        if running.process.returncode is not None:
            return
        running.process.terminate()
        with anyio.move_on_after(running.part.stop_seconds):
            await running.process.wait()
        if running.process.returncode is None:
            self._say(f"{running.part.name} did not stop within {running.part.stop_seconds:g} s; killing it")
            running.process.kill()
            await running.process.wait()

    async def _listen_for_signals(self) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                if self._stopping.is_set():
                    continue
                self._say("stopping: running calls may finish first …")
                self._stopping.set()


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def python_command(arguments: Sequence[str]) -> tuple[str, ...]:
    """This very program's command line in the same Python, whatever the PATH holds."""
    return (sys.executable, "-m", "union_square.cli", *arguments)

"""The sockets of a mock: HTTP/1.1 on one port, answered byte for byte as recorded.

`/-/healthy`, `/-/report`, `/-/reset` and `/-/faults` are for tests; everything else is the provider's API, with or
without the upstream's name before its path.
"""

import asyncio
import socket
import struct
from typing import Any

from union_square.replaying.answering import Answer
from union_square.replaying.faults import HEADER, Fault, FaultError, parse_fault
from union_square.replaying.incoming import Incoming, refusal
from union_square.replaying.mock import Mock, Reply, control_answer, report_json
from union_square.replaying.mock_websocket import converse
from union_square.wire.headers import parse_head
from union_square.wire.http1_body import BodyError
from union_square.wire.jsontext import obj_of, parse_json


class MockServer:
    """One mock on one port. `speed`: seconds of the recording that pass in one second; 0 = all at once."""

    def __init__(self, mock: Mock, *, speed: float = 0.0) -> None:
        self.mock = mock
        self._speed = speed
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; the port (another one than asked for where that was 0). Raises OSError."""
        self._server = await asyncio.start_server(self._connected, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        incoming = Incoming(reader, writer)
        try:
            while await self._serve_one(incoming, writer):
                pass
        except (ConnectionError, BodyError):
            return  # the client went away, or speaks no HTTP
        except asyncio.CancelledError:
            return  # stopped; asyncio.streams would report the cancellation of its own task as an error
        finally:
            writer.close()

    async def _serve_one(self, incoming: Incoming, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False = the connection ends."""
        head, body, keep_alive = await incoming.request()
        fields = parse_head(head)
        method, target, *_ = fields.start_line.split(" ")
        if target.startswith("/-/"):
            await self._send(Reply(answer=self._control(method, target.partition("?")[0], body)), writer)
            return keep_alive
        try:
            fault = parse_fault(fields.get(HEADER)) if fields.get(HEADER) else None
        except FaultError as error:
            await self._send(Reply(answer=refusal(str(error))), writer)
            return keep_alive
        reply = self.mock.reply(head, body, fault)
        if reply.recorded is not None and reply.recorded.call.status == 101:
            await asyncio.sleep(reply.delay_seconds)
            await converse(reply.recorded, fields, incoming, writer, self._speed)
            return False
        await self._send(reply, writer)
        return await _after(reply.answer, incoming, writer) and keep_alive

    async def _send(self, reply: Reply, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time() + reply.delay_seconds
        await asyncio.sleep(reply.delay_seconds)
        for piece in reply.answer.pieces:
            if self._speed:
                await asyncio.sleep(began + piece.at_us / 1_000_000 / self._speed - loop.time())
            writer.write(piece.data)
            await writer.drain()
            if not self._speed:
                await asyncio.sleep(0)  # a piece is a piece: let it go before the next one is written

    def _control(self, method: str, path: str, body: bytes) -> Answer:
        match method, path:
            case "GET", "/-/healthy":
                return control_answer(200, {"status": "ok"})
            case "GET", "/-/report":
                return control_answer(200, report_json(self.mock.report()))
            case "POST", "/-/reset":
                self.mock.reset()
                return control_answer(200, report_json(self.mock.report()))
            case "POST", "/-/faults":
                return self._add_fault(obj_of(parse_json(body).value))
            case _:
                known = "GET /-/healthy, GET /-/report, POST /-/reset, POST /-/faults"
                return control_answer(404, {"error": {"message": f"no such control endpoint; there are {known}"}})

    def _add_fault(self, fields: dict[str, Any]) -> Answer:
        """`{"fault": "cut:3"}`: for the next request; `"every": true`: for every one from now on."""
        try:
            fault: Fault = parse_fault(str(fields.get("fault", "")))
        except FaultError as error:
            return refusal(str(error))
        if fields.get("every") is True:
            self.mock.faults.append(fault)
        else:
            self.mock.fail_next(fault)
        return control_answer(200, {"faults": len(self.mock.faults)})


async def _after(answer: Answer, incoming: Incoming, writer: asyncio.StreamWriter) -> bool:
    """What follows an answer; False = the connection ends."""
    match answer.after:
        case "keep":
            return True
        case "stall":
            while await incoming.more():
                pass
        case "reset":
            _reset(writer)
        case _:
            pass
    return False


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection off without a goodbye (RST): its orderly end would end the answer as well."""
    connected: socket.socket | None = writer.get_extra_info("socket")
    if connected is not None:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()

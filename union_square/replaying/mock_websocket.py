"""A recorded WebSocket played again: what the provider said, each message once the client has said as much as it had
said before it in the recording.

Messages are sent whole and uncompressed. What the client says is counted and not compared: a spoken conversation is
never said twice alike.
"""

import asyncio
import struct
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha1

from union_square.domain import events as ev
from union_square.replaying.incoming import Incoming
from union_square.replaying.recording import RecordedCall
from union_square.wire.headers import Head, parse_head
from union_square.wire.http1 import HEAD_END
from union_square.wire.websocket import FrameReader, WebSocketMessage, open_readers, payload_of, write_frame

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 4.2.2
_NORMAL_CLOSE = 1000
_EXTENSIONS = "sec-websocket-extensions"
_DROPPED = {"sec-websocket-accept", _EXTENSIONS, f"x-union-square-forwarded-{_EXTENSIONS}", "connection", "upgrade"}


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A message of the provider's; `after`: how many data messages the client had sent before it."""

    message: WebSocketMessage
    after: int


async def converse(
    recorded: RecordedCall, request: Head, incoming: Incoming, writer: asyncio.StreamWriter, speed: float
) -> None:
    """Answer the upgrade, then speak until the recording ends or the client leaves."""
    writer.write(_switch(parse_head(recorded.call.response_head), request))
    client = _Client(incoming, writer)
    listening = asyncio.create_task(client.listen())
    before = recorded.call.started_at
    try:
        for spoken in _conversation(recorded):
            await client.until(spoken.after)
            if client.has_left:
                return
            at = recorded.call.started_at + spoken.message.offset_us
            if speed:
                await asyncio.sleep(max(0, at - before) / 1_000_000 / speed)
            before = at
            writer.write(write_frame(spoken.message.kind, payload_of(spoken.message)))
            await writer.drain()
        if not client.has_left:
            writer.write(write_frame("close", struct.pack(">H", _NORMAL_CLOSE)))
            await writer.drain()
            await asyncio.wait([listening], timeout=5)
    finally:
        listening.cancel()


class _Client:
    """What the client says, as far as it matters: how much, and whether it is still there."""

    def __init__(self, incoming: Incoming, writer: asyncio.StreamWriter) -> None:
        self.has_left = False
        self._said = 0
        self._incoming = incoming
        self._writer = writer
        self._changed = asyncio.Event()

    async def listen(self) -> None:
        reader = FrameReader("sent")
        while not self.has_left:
            data = await self._incoming.more()
            self.has_left = not data or bool(reader.problem)
            for message in reader.feed(data, 0):
                self._take(message)
            self._changed.set()

    async def until(self, count: int) -> None:
        """Wait until the client has sent so many data messages, or has left."""
        while self._said < count and not self.has_left:
            self._changed.clear()
            await self._changed.wait()

    def _take(self, message: WebSocketMessage) -> None:
        match message.kind:
            case "ping":
                self._writer.write(write_frame("pong", message.data))
            case "close":
                self._writer.write(write_frame("close", payload_of(message)))
                self.has_left = True
            case "text" | "binary":
                self._said += 1
            case _:
                return


def _conversation(recorded: RecordedCall) -> Iterator[_Spoken]:
    sent, received = open_readers(parse_head(recorded.call.response_head))
    said = 0
    for event in recorded.events:
        match event:
            case ev.RequestChunk():
                found = sent.feed(event.data, event.at - recorded.call.started_at)
                said += sum(message.kind in {"text", "binary"} for message in found)
            case ev.ResponseChunk():
                for message in received.feed(event.data, event.at - recorded.call.started_at):
                    if message.kind in {"text", "binary", "close"}:
                        yield _Spoken(message, said)
            case _:
                continue


def _switch(recorded: Head, request: Head) -> bytes:
    accept = b64encode(sha1(request.get("sec-websocket-key").encode() + _GUID).digest()).decode()  # noqa: S324 - the RFC's
    lines = [recorded.start_line, "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"]
    lines += [f"{name}: {value}" for name, value in recorded.headers if name.lower() not in _DROPPED]
    return "\r\n".join(lines).encode("latin-1") + HEAD_END

"""Requests read from a connection to a mock, one after the other."""

import asyncio
import json
import re

from union_square.replaying.answering import Answer, plain_answer
from union_square.wire.http1 import HeadError, parse_request_head
from union_square.wire.http1_body import MORE, BodyError, body_of

MAX_HEAD = 1 << 20
MAX_BODY = 256 << 20
_READ = 1 << 16
_LEADING = re.compile(rb"\A(\S+ )/{2,}")  # of a base URL that ends in a slash
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Incoming:
    """The receiving side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._held = b""  # came behind what was asked for

    async def request(self) -> tuple[bytes, bytes, bool]:
        """Head, body (transfer framing taken off), and whether another request may follow. Raises ConnectionError,
        BodyError."""
        head = await self._head()
        try:
            parsed = parse_request_head(head)
        except HeadError as error:
            self._writer.write(b"".join(piece.data for piece in refusal(str(error)).pieces))
            await self._writer.drain()
            raise ConnectionError(str(error)) from error
        if parsed.expects_continue:
            self._writer.write(_CONTINUE)
        body, data = body_of(parsed.length), bytearray()
        while body is not None:
            came = await self.more()
            if not came:
                raise ConnectionError("the client went away in the middle of its request")
            payload, end = body.feed(came, 0)
            data += payload
            if len(data) > MAX_BODY:
                raise BodyError("the request body is too large")
            if end != MORE:
                self._held = came[end:]
                break
        return head, bytes(data), parsed.keep_alive

    async def more(self) -> bytes:
        """The next bytes as they come; none at the connection's end."""
        if self._held:
            held, self._held = self._held, b""
            return held
        return await self._reader.read(_READ)

    async def _head(self) -> bytes:
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            came = await self._reader.read(_READ)
            if not came or len(self._held) > MAX_HEAD:
                raise ConnectionError("the connection ended")
            self._held += came
        head, self._held = self._held[: end + 4], self._held[end + 4 :]
        return _LEADING.sub(rb"\1/", head)


def refusal(message: str) -> Answer:
    """The answer to a request that the mock itself does not understand."""
    content = json.dumps({"error": {"message": f"Union Square mock: {message}", "type": "union_square_mock"}})
    return plain_answer(400, "Bad Request", content.encode())

"""The client's socket: when it is read from, and the ways of ending it.

Must not: know of requests, calls or upstreams; what is read and written is `forward`'s.
"""

import asyncio
import socket
import struct
from typing import cast

MAX_WAITING = 64 << 10
"""Bytes that may come ahead of their turn before reading pauses."""
LINGER_SECONDS = 2.0
"""How long what a client still sends is read and thrown away, so that it gets to read why (RFC 9112 section 9.6)."""
GOODBYE_SECONDS = 5.0
"""How long a client that speaks TLS may take to answer our goodbye, once everything is written; many that keep idle
connections never look at them."""
_RESET = struct.pack("ii", 1, 0)

HEAD, BODY, WAIT, RAW, LINGER, CLOSED, GATHER = range(7)
"""Reading a request's head, its body; waiting for its answer; tunnelling; reading what nobody wants; nothing more;
holding a body until it is whole."""


class Connection(asyncio.Protocol):
    """Reads as far as there is room. `_stage` is one of the constants above."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._loop = asyncio.get_running_loop()
        self._stage = HEAD
        self._buffer = b""
        self._held = False  # the upstream takes no more for now
        self._read_paused = False

    def hold(self) -> None:
        self._held = True
        self.regulate()

    def unhold(self) -> None:
        self._held = False
        self.regulate()

    def linger(self) -> None:
        """Nothing more is answered; read on for a moment, so that what was written arrives."""
        self._stage = LINGER
        self._buffer = b""
        self.regulate()
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._loop.call_later(LINGER_SECONDS, self.transport.close)

    def close(self, *, reset: bool = False) -> None:
        self._stage = CLOSED
        if reset:
            connected = cast("socket.socket", self.transport.get_extra_info("socket"))
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            if self.transport.get_extra_info("sslcontext"):
                self.transport.abort()  # closing would first say TLS's goodbye, which makes an end of the break
                return
        self.transport.close()
        if self.transport.get_extra_info("sslcontext"):
            self._loop.call_later(GOODBYE_SECONDS, self._hang_up)

    def _hang_up(self) -> None:
        if self.transport.get_write_buffer_size():
            self._loop.call_later(GOODBYE_SECONDS, self._hang_up)
        else:
            self.transport.abort()

    def regulate(self) -> None:
        """Read, or stop reading, as far as there is room for what comes."""
        pause = (self._held and self._stage in (BODY, RAW)) or (self._stage == WAIT and len(self._buffer) > MAX_WAITING)
        if pause == self._read_paused or self.transport.is_closing():
            return
        self._read_paused = pause
        if pause:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

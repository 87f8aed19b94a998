"""Time and identities for the data plane: cheap, and the only place of the proxy that makes either."""

import os
import time


class Clock:
    """Microseconds since 1970-01-01T00:00:00Z: the wall clock read once, then the monotonic one, so that the times of
    one call never run backwards."""

    __slots__ = ("base_ns",)

    def __init__(self) -> None:
        self.base_ns = time.time_ns() - time.monotonic_ns()
        """Added to the monotonic clock's nanoseconds it gives the time; on the hot path, where a call counts."""

    def __call__(self) -> int:
        return (self.base_ns + time.monotonic_ns()) // 1000


class CallIds:
    """Identities of calls in the layout of a UUID version 7: 48 bits of milliseconds, a counter of 12 bits within the
    millisecond, and 62 random bits that this worker drew when it began. They sort by time, in a worker by order."""

    __slots__ = ("_count", "_millisecond", "_tail")

    def __init__(self) -> None:
        tail = int.from_bytes(os.urandom(8), "big")
        self._tail = (tail & (1 << 62) - 1 | 1 << 63).to_bytes(8, "big")
        self._millisecond = 0
        self._count = 0

    def next(self, at_us: int) -> bytes:
        """The 16 bytes of a new identity for a call that begins at `at_us` microseconds."""
        millisecond = at_us // 1000
        if millisecond > self._millisecond:
            self._millisecond, self._count = millisecond, 0
        else:
            self._count += 1
            if self._count > 0xFFF:  # over four million calls a second: borrow from the next millisecond
                self._millisecond, self._count = self._millisecond + 1, 0
        return (self._millisecond << 16 | 0x7000 | self._count).to_bytes(8, "big") + self._tail


def new_writer_id() -> str:
    """The identity of one run of one worker, in the same layout: logs sort by when their writers began."""
    return CallIds().next(time.time_ns() // 1000).hex()

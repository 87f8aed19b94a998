"""Writing messages, each once, however many calls repeat it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from union_square.domain.ids import CallId
from union_square.domain.messages import Message
from union_square.domain.threads_kept import size_of
from union_square.store import mapping
from union_square.store.tables import MESSAGES, pieces, put

MOST_CHARACTERS = 32 << 20
"""Of messages whose numbers are remembered; then all are forgotten, and learned again."""

_NUMBERS = select(MESSAGES.c.digest, MESSAGES.c.id).where(MESSAGES.c.digest.in_(bindparam("digests", expanding=True)))


class MessageWriter:
    """Remembers the numbers of messages it wrote or met lately: of a call's history, only what is new is digested and
    looked for, and objects that were met before are not even compared. Nothing else may delete messages meanwhile. For
    one thread."""

    def __init__(self) -> None:
        self._known = dict[Message, int]()
        self._met = dict[int, tuple[Message, int]]()  # by the object's id, which is its own for as long as it is here
        self._characters = 0

    def write(self, connection: Connection, calls: Mapping[CallId, Sequence[Message]]) -> dict[CallId, list[int]]:
        """Store the messages that are not there yet; the numbers of each call's messages."""
        if self._characters > MOST_CHARACTERS:
            self.forget()
        unmet = [message for messages in calls.values() for message in messages if id(message) not in self._met]
        if new := dict.fromkeys(message for message in unmet if message not in self._known):
            self._learn(connection, new)
        for message in unmet:
            self._met[id(message)] = message, self._known[message]
            self._characters += size_of(message)
        return {call_id: [self._met[id(message)][1] for message in messages] for call_id, messages in calls.items()}

    def forget(self) -> None:
        """After a transaction that failed: what was written in it is not there."""
        self._known.clear()
        self._met.clear()
        self._characters = 0

    def _learn(self, connection: Connection, new: Iterable[Message]) -> None:
        contents, digests = dict[str, dict[str, Any]](), dict[Message, str]()
        for message in new:
            content = mapping.message_content(message)
            digest = digests[message] = mapping.content_digest(content)
            contents[digest] = content
        numbers = _numbers(connection, contents)
        if missing := [digest for digest in contents if digest not in numbers]:
            rows = [{"digest": digest, "content": contents[digest]} for digest in missing]
            put(connection, MESSAGES, rows, existing="keep", key=("digest",))
            numbers |= _numbers(connection, missing)
        for message, digest in digests.items():
            self._known[message] = numbers[digest]


def _numbers(connection: Connection, digests: Iterable[str]) -> dict[str, int]:
    found = dict[str, int]()
    for some in pieces(digests):
        found |= {row[0]: row[1] for row in connection.execute(_NUMBERS, {"digests": some})}
    return found

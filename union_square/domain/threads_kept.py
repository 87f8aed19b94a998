"""Histories kept from one request to the next: an agent sends its whole history again with every call, and only what is
new in it is to be digested. What is told of a history does not depend on what was kept.

Messages that were read once are mostly the same objects again (`wire.bodies`): comparing those is comparing pointers.
"""

from collections import OrderedDict
from collections.abc import Sequence

from union_square.domain.messages import Message
from union_square.domain.threads import History

MOST_OPENINGS = 512
MOST_OF_AN_OPENING = 4
"""Conversations that begin with the same message: retries, branches, and everyone's "Hello"."""


class Memory:
    """The latest histories, by their first message. For one thread."""

    MOST_CHARACTERS = 32 << 20

    def __init__(self) -> None:
        self._kept = OrderedDict[Message, list[tuple[History, int]]]()  # with the characters it takes
        self._characters = 0

    def history(self, messages: Sequence[Message]) -> History:
        """The history that these messages are. Compares them with a kept one, and digests what that has not."""
        said = tuple([message for message in messages if message.role != "system"])
        if not said:
            return History(())
        alike = self._kept.pop(said[0], [])
        place = next((i for i, (known, _) in enumerate(alike) if known.messages == said[: len(known.messages)]), None)
        known, size = alike.pop(place) if place is not None else (None, 0)
        history = History(said, known)
        more = sum(map(size_of, said[len(known.messages) if known else 0 :]))
        alike.insert(0, (history, size + more))
        self._characters += more
        self._kept[said[0]] = alike
        self._forget(alike)
        return history

    def _forget(self, alike: list[tuple[History, int]]) -> None:
        while len(alike) > MOST_OF_AN_OPENING:
            self._characters -= alike.pop()[1]
        while self._kept and (self._characters > self.MOST_CHARACTERS or len(self._kept) > MOST_OPENINGS):
            self._characters -= sum(size for _, size in self._kept.popitem(last=False)[1])


def size_of(message: Message) -> int:
    """About how many characters it takes to keep it."""
    texts = (getattr(part, name) for part in message.parts for name in part.__slots__)
    return 200 + sum(len(text) for text in texts if isinstance(text, str))

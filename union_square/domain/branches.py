"""A session's turns as a tree: which continues which, and the line that is read when one of them is chosen. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from union_square.domain.conversation import Turn
from union_square.domain.ids import CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A turn's place in the tree. `depth` grows where a line branches off another, not along a line."""

    turn: Turn
    number: int  # in the order of time, from 1
    depth: int


class Tree:
    """The tree of turns that are given in the order of time."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = {turn.call.id: turn for turn in turns}
        self._numbers = {turn.call.id: number for number, turn in enumerate(turns, 1)}
        self._children: dict[CallId | None, list[CallId]] = {}
        for turn in turns:
            after = turn.after if turn.after in self._turns else None
            self._children.setdefault(after, []).append(turn.call.id)
        self._sizes: dict[CallId, int] = {}
        for turn in reversed(turns):  # children come after their parents
            own = self._children.get(turn.call.id, ())
            self._sizes[turn.call.id] = 1 + sum(self._sizes.get(child, 0) for child in own)

    def places(self) -> Iterator[Place]:
        """Every turn, a line's branches before the line goes on."""
        stack = [(id_, 0) for id_ in reversed(self._children.get(None, []))]
        while stack:
            id_, depth = stack.pop()
            yield Place(turn=self._turns[id_], number=self._numbers[id_], depth=depth)
            main = self._main_child(id_)
            if main is not None:
                stack.append((main, depth))
            stack += [(one, depth + 1) for one in reversed(self._children.get(id_, [])) if one != main]

    def line(self, call_id: CallId) -> tuple[CallId, ...]:
        """The turns from the beginning to that call and on to the end of its line; none where it is not here."""
        if call_id not in self._turns:
            return ()
        up, here = list[CallId](), self._turns[call_id].after
        while here is not None and here in self._turns and here not in up:
            up.append(here)
            here = self._turns[here].after
        found, down = [*reversed(up), call_id], self._main_child(call_id)
        while down is not None:
            found.append(down)
            down = self._main_child(down)
        return tuple(found)

    def below(self, call_id: CallId) -> tuple[CallId, ...]:
        """That call and all that continue it."""
        found, stack = list[CallId](), [call_id]
        while stack:
            one = stack.pop()
            found.append(one)
            stack += self._children.get(one, [])
        return tuple(found)

    def _main_child(self, call_id: CallId) -> CallId | None:
        """Of the calls that continue it, the one on which the most was built; of equals the latest. A sub-agent that it
        called begins a line of its own."""
        own = [one for one in self._children.get(call_id, ()) if self._turns[one].relation != "sub_agent"]
        return max(own, key=lambda one: (self._sizes[one], self._numbers[one])) if own else None

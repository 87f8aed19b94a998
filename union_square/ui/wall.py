"""The wall: which session stands where. PURE.

A panel never moves while it is shown, so that the eye finds it again. A session that has ended stays readable until its
place is needed, or somebody takes it off.
"""

from collections.abc import Collection, Sequence

MOST_PANELS = 12
"""As many as a screen holds and a person follows; it also bounds what goes to the browser ten times a second."""


def arrange(places: Sequence[str], running: Sequence[str], limit: int = MOST_PANELS) -> list[str]:
    """The session ids by their places, given those before and what runs now (oldest first). A newcomer takes a free
    place, else that of the session that ended and has stood there longest; where none is left it is not shown."""
    arranged = list(places[:limit])
    known, alive = set(arranged), set(running)
    free = [number for number, id_ in enumerate(arranged) if id_ not in alive]
    for id_ in running:
        if id_ in known:
            continue
        if len(arranged) < limit:
            arranged.append(id_)
        elif free:
            arranged[free.pop(0)] = id_
    return arranged


def left_out(places: Collection[str], running: Sequence[str]) -> int:
    """How many of those that run have no place."""
    return sum(id_ not in places for id_ in running)

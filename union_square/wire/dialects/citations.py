"""Where a text has its knowledge from, as providers tell it: beside the text, each in a form of its own.

It is kept as it stands, in one part behind the text it belongs to. It tells of the answer and is none: where histories
are compared it counts for nothing, since clients mostly do not send it back.
"""

from collections.abc import Iterable
from typing import Any

from union_square.domain.messages import CITATIONS, OtherPart, Part
from union_square.wire.jsontext import json_text, list_of, obj_of

MOST_CITATIONS = 1000
"""Of one text that are kept. Known answers have some dozens."""


def cited(found: Iterable[Any]) -> list[Part]:
    """A part that holds those citations; none where there are none."""
    kept = [item for item in found if item][:MOST_CITATIONS]
    return [OtherPart(label=CITATIONS, json=json_text(kept))] if kept else []


def cited_by(item: Any, name: str) -> list[Part]:
    """What a text part has in its list `name`."""
    return cited(list_of(obj_of(item).get(name)))


def is_citations(part: Part) -> bool:
    return isinstance(part, OtherPart) and part.label == CITATIONS

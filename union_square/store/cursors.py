"""Page cursors: where the last page ended. Opaque to those who hand them back; nothing in them is trusted.

A listing is ordered by a value and an id, and a page begins behind the pair the last one ended with. So calls that come
in while someone pages through do not shift anything: among the newest first they are newer than every cursor, and in
another order each stands before or behind the cursor as its value says.
"""

import base64
import binascii
import json
from typing import Any, Literal

from union_square.domain.sorting import Sort
from union_square.store.ports import CursorError

Listing = Literal["sessions", "calls"]
Last = tuple[int | None, str]
"""The value that the listing is ordered by (None = not known) and the id, of the last item of a page."""


def encode_cursor(listing: Listing, sort: Sort, last: Last) -> str:
    """The cursor of the page after that item."""
    value, id_ = last
    return base64.urlsafe_b64encode(json.dumps([listing, sort.spelled, value, id_]).encode()).decode().rstrip("=")


def parse_cursor(listing: Listing, sort: Sort, cursor: str) -> Last:
    """The item after which the page begins. Raises CursorError; of a cursor of another order too."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found: Any = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, ValueError, RecursionError) as error:
        raise CursorError(_explanation(listing, sort)) from error
    match found:
        case [str(kind), str(spelled), int() | None as value, str(id_)] if (
            (kind, spelled) == (listing, sort.spelled) and abs(value or 0) < 1 << 62 and _is_text(id_)
        ):
            return value, id_
        case _:
            raise CursorError(_explanation(listing, sort))


def _is_text(id_: str) -> bool:
    """Whether a database takes it."""
    return "\0" not in id_ and not any("\ud800" <= character <= "\udfff" for character in id_)


def _explanation(listing: Listing, sort: Sort) -> str:
    order = f"a listing of {listing} in the order {sort.spelled}"
    return f"this cursor is not one that {order} gave; leave it out to begin anew"

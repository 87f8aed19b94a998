"""Page cursors: where the last page ended. Opaque to those who hand them back; nothing in them is trusted.

A listing is ordered by a time and an id, newest first, and a page begins behind the pair the last one ended with. So
calls that come in while someone pages through do not shift anything: they are newer than every cursor.
"""

import base64
import binascii
import json
from typing import Any, Literal

from union_square.store.ports import CursorError

Listing = Literal["sessions", "calls"]


def encode_cursor(listing: Listing, at: int, id_: str) -> str:
    """The cursor of the page after the item of that time (microseconds since the epoch) and id."""
    return base64.urlsafe_b64encode(json.dumps([listing, at, id_]).encode()).decode().rstrip("=")


def parse_cursor(listing: Listing, cursor: str) -> tuple[int, str]:
    """The time and id after which the page begins. Raises CursorError."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        found: Any = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, ValueError, RecursionError) as error:
        raise CursorError(_explanation(listing)) from error
    match found:
        case [str(kind), int(at), str(id_)] if kind == listing and abs(at) < 1 << 62 and "\0" not in id_:
            return at, id_
        case _:
            raise CursorError(_explanation(listing))


def _explanation(listing: Listing) -> str:
    return f"this cursor is not one that a listing of {listing} gave; leave it out to begin at the newest"

"""What went wrong with reading, in words for the page."""

from typing import Literal

from union_square.domain.ids import IdError
from union_square.store.ports import CursorError, NoSuchSubject, StoreUnavailable

Phase = Literal["loading", "ready", "failed", "missing"]

EXPECTED = (StoreUnavailable, NoSuchSubject, IdError, CursorError)
"""Expected outcomes of a read; anything else is a defect and goes to the log."""

RETRY_SECONDS = 2.0


def phase_of(error: Exception) -> tuple[Phase, str]:
    """The phase a page is in after that outcome, and its words."""
    match error:
        case StoreUnavailable():
            return "failed", (
                f"The database did not answer. Calls go on being recorded; this page tries again by itself. ({error})"
            )
        case NoSuchSubject() | IdError():
            return "missing", "There is no recording under this address. It may still be on its way into the store."
        case CursorError():
            return "missing", "This page of the listing is not there any more."
        case _:
            return "failed", f"{type(error).__name__}: {error}"

"""What the command says when something went wrong."""

import tempfile
import traceback
from typing import cast

from union_square.replaying.failures import ReplayFailure
from union_square.running.expected import ExpectedFailure
from union_square.settings import SettingsError
from union_square.store.migrate import MigrationsMissing
from union_square.store.ports import StoreUnavailable
from union_square.ui.build import UiBuildError
from union_square.ui.serve import UiServeError

EXPECTED = (ExpectedFailure, ReplayFailure, SettingsError, MigrationsMissing, UiBuildError, UiServeError)


def explain(error: BaseException) -> str:
    """The words for a failure. One that nobody expected is written whole to a file, which the words name."""
    error = _innermost(error)
    if isinstance(error, EXPECTED):
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, StoreUnavailable):
        return f"the database cannot be used: {error}\nCheck UNION_SQUARE_DATABASE_URL, or ask `union-square doctor`."
    with tempfile.NamedTemporaryFile("w", prefix="union-square-", suffix=".txt", delete=False) as file:
        traceback.print_exception(error, file=file)
    return f"{type(error).__name__}: {error}\nThis was not expected; the details are in {file.name}. Please report it."


def _innermost(error: BaseException) -> BaseException:
    """What a task group wrapped, where it wrapped one thing."""
    while isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        if len(group.exceptions) != 1:
            return group
        error = group.exceptions[0]
    return error

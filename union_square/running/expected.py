"""Failures that a user can do something about."""


class ExpectedFailure(Exception):
    """What went wrong, where, and what to do: the message is shown to the user as it is, without a traceback."""

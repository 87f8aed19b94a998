"""What a mock says where it cannot answer from the recording: JSON in the form in which the provider of that dialect
reports an error, so that an SDK shows it.

Must not: do I/O.
"""

import json
from typing import Any

from union_square.replaying.matching import Unmatched

NO_ANSWER = "no_recorded_answer"
HEADER = "x-union-square-mock"
_GOOGLE = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
           429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip
_ANTHROPIC = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
              404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error",
              529: "overloaded_error"}  # fmt: skip


def unmatched_body(unmatched: Unmatched, names: tuple[str, ...], most: int = 20) -> bytes:
    """The error for a request that nothing recorded answers. `names` are the recorded calls', by their number."""
    message = unmatched_words(unmatched, names, most)
    nearest = None if unmatched.nearest is None else names[unmatched.nearest]
    more = {"nearest": nearest, "diff": list(unmatched.diff)}
    return error_body(unmatched.asked.request.dialect, 404, NO_ANSWER, message, more)


def unmatched_words(unmatched: Unmatched, names: tuple[str, ...], most: int = 20) -> str:
    """The same for people."""
    asked = unmatched.asked.lines[0]
    if unmatched.nearest is None:
        return f"Union Square mock: nothing is recorded that answers {asked}; the recording holds no calls."
    name = names[unmatched.nearest]
    if unmatched.is_used_up:
        return (
            f"Union Square mock: {asked} is recorded as call {name}, which has been answered already. "
            "Allow repeats (--repeat, repeat=True) if it may be asked again."
        )
    diff = unmatched.diff[2:]  # without the names of the sides
    shown = [line for line in diff if not line.startswith("@@")][:most]
    left = "" if len(shown) == len(diff) else "\n…"
    return (
        f"Union Square mock: no recorded request matches {asked}. The nearest is call {name}; "
        "it differs so (- recorded, + asked):\n" + "\n".join(shown) + left * (len(shown) == most)
    )


def error_body(dialect: str, status: int, code: str, message: str, more: dict[str, Any] | None = None) -> bytes:
    """An error as that dialect's provider reports it; what the mock adds stands under `union_square`."""
    added = {"union_square": {"code": code, **(more or {})}}
    match dialect:
        case "anthropic-messages":
            kind = _ANTHROPIC.get(status, "api_error")
            value: dict[str, Any] = {"type": "error", "error": {"type": kind, "message": message}, "request_id": None}
        case "gemini-generate":
            value = {"error": {"code": status, "message": message, "status": _GOOGLE.get(status, "UNKNOWN")}}
        case "ollama-chat":
            value = {"error": message}
        case "cohere-chat" | "cohere-v1-chat" | "bedrock-converse" | "bedrock-invoke":
            value = {"message": message}
        case _:
            value = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return json.dumps(value | added, ensure_ascii=False).encode()

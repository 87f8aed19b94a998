"""The error bodies and error events of all providers: their shapes overlap, so they are read in one place."""

from typing import Any

from union_square.wire.jsontext import json_text, list_of, obj_of, text_of

MAX_MESSAGE_CHARACTERS = 4000


def failure_of(value: Any) -> tuple[str, str] | None:
    """The type and message of the error that a body or event reports; None = it reports none.

    {"error": {"message", "type", "code"}} (OpenAI and most), {"type": "error", "error": {…}} (Anthropic),
    {"error": {"message", "status"}}, alone or in a list (Google), {"error": "…"} (Ollama, Hugging Face),
    {"object" or "type": "error", "message"} (Mistral, vLLM, Responses events), {"detail": …} (FastAPI servers).
    """
    items = list_of(value)
    body = obj_of(items[0] if items else value)
    error = body.get("error")
    if error:
        return _named(error, body)
    if body.get("object") == "error" or body.get("type") == "error":
        return _named(body, {})
    return None


def failure_of_status(value: Any, status: int) -> tuple[str, str]:
    """The type and message in the body of an answer of status 400 or more, in any shape; empty where it has none."""
    found = failure_of(value)
    if found is not None:
        return found
    body = obj_of(value)
    for key in ("message", "Message", "detail", "title", "error_description"):
        if body.get(key):
            kind = next((text_of(body.get(name)) for name in ("type", "code", "__type") if text_of(body.get(name))), "")
            return kind or f"http_{status}", _message(body[key])
    return f"http_{status}", ""


def _named(error: Any, around: dict[str, Any]) -> tuple[str, str]:
    if isinstance(error, str):
        return text_of(around.get("type")) or "error", _message(around.get("message") or error)
    fields = obj_of(error)
    names = (fields.get(key) for key in ("type", "status", "code"))
    kind = next((name for name in names if name not in (None, "", "error")), "error")
    message = fields.get("message") or fields.get("detail") or fields.get("msg") or error
    return (text_of(kind) if isinstance(kind, str) else str(kind))[:200], _message(message)


def _message(value: Any) -> str:
    return json_text(value)[:MAX_MESSAGE_CHARACTERS]

"""Rung 1 of the session ladder: the ids by which known clients and peers name a session, in headers and in bodies.

Only what names one conversation or one run counts. Not taken: `traceparent` and Portkey's trace id (one request),
`prompt_cache_key` and `safety_identifier` (shared by many), `user` (a person), `x-client-request-id`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

OWN_HEADER = "x-union-square-session-id"

HEADERS = (
    "x-claude-code-session-id",  # Claude Code from 2.1.86
    "helicone-session-id",
    "langfuse_session_id",  # through LiteLLM
    "x-langfuse-session-id",
    "x-litellm-session-id",
    "x-opencode-session",
    "x-session-affinity",  # OpenCode before that
    "session-id",  # Codex
    "session_id",  # Codex before that
    "conversation_id",  # Codex's first
    "x-session-id",  # OpenRouter, and the name most applications choose
    "x-conversation-id",
)
"""The more telling one first."""

METADATA_KEYS = (
    "langfuse_session_id",
    "litellm_session_id",
    "session_id",  # LiteLLM, LangSmith
    "sessionId",
    "thread_id",  # LangSmith
    "conversation_id",  # LangSmith
)

BODY_KEYS = ("litellm_session_id", "session_id")  # LiteLLM; OpenRouter

LONGEST_ID = 512
"""A longer value is not somebody's id of a session."""

_CLAUDE_CODE = re.compile(r"_session_([0-9A-Za-z-]{8,64})\Z")


def own_session(headers: Sequence[tuple[str, str]]) -> str:
    """What our own header says; "" = nothing."""
    return next((_utf8(value).strip() for key, value in headers if key.lower() == OWN_HEADER and value.strip()), "")


def client_session(headers: Sequence[tuple[str, str]], parameters: Mapping[str, Any]) -> str:
    """The session id that a known client or peer sends along; "" = none."""
    for name in HEADERS:
        if value := _header(headers, name):
            return value
    return _from_baggage(headers) or _from_body(parameters)


def _header(headers: Sequence[tuple[str, str]], name: str) -> str:
    return next((_id(_utf8(value)) for key, value in headers if key.lower() == name and value.strip()), "")


def _utf8(value: str) -> str:
    """Heads are decoded as latin-1; an id in UTF-8 is the same id as in a body."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _id(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= LONGEST_ID else ""


def _from_baggage(headers: Sequence[tuple[str, str]]) -> str:
    """OpenTelemetry's `session.id` in W3C baggage: `key=value;property, key=value`, values percent-encoded."""
    for name, value in headers:
        if name.lower() != "baggage":
            continue
        for member in value.split(","):
            key, _, rest = member.partition("=")
            if key.strip() == "session.id" and (found := _id(unquote(rest.split(";", 1)[0].strip()))):
                return found
    return ""


def _from_body(parameters: Mapping[str, Any]) -> str:
    for container in (parameters.get("metadata"), parameters.get("litellm_metadata")):
        if isinstance(container, Mapping):
            metadata: Mapping[str, Any] = container  # pyright: ignore[reportUnknownVariableType]
            for key in METADATA_KEYS:
                if found := _id(metadata.get(key)):
                    return found
            if found := _from_user_id(metadata.get("user_id")):
                return found
    return next((found for key in BODY_KEYS if (found := _id(parameters.get(key)))), "")


def _from_user_id(user_id: Any) -> str:
    """Claude Code's `metadata.user_id`: `user_…_account_…_session_<uuid>`, later a JSON object in that string."""
    if not isinstance(user_id, str):
        return ""
    if user_id.startswith("{"):
        try:
            value: Any = json.loads(user_id)
        except (ValueError, RecursionError):
            return ""
        return _id(value.get("session_id"))
    found = _CLAUDE_CODE.search(user_id)
    return found[1] if found else ""

"""Who speaks which dialect, at which path, and how a request is written in it."""

from collections.abc import Callable

from union_square.domain.messages import Request
from union_square.wire.writing.anthropic_messages import write_messages
from union_square.wire.writing.gemini_generate import write_gemini
from union_square.wire.writing.openai_chat import PATH as CHAT_PATH
from union_square.wire.writing.openai_chat import write_chat
from union_square.wire.writing.openai_responses import write_responses
from union_square.wire.writing.written import Written

WRITERS: dict[str, Callable[[Request], Written]] = {
    "openai-chat": write_chat,
    "openai-responses": write_responses,
    "anthropic-messages": write_messages,
    "gemini-generate": write_gemini,
}
"""The dialects a request can be written in."""

_CHAT = ("openai-chat",)
SPOKEN: dict[str, tuple[str, ...]] = {
    "openai": ("openai-chat", "openai-responses"),
    "anthropic": ("anthropic-messages",),
    "gemini": ("gemini-generate",),
    "xai": ("openai-chat", "openai-responses"),
    "openrouter": _CHAT,
    "mistral": _CHAT,
    "groq": _CHAT,
    "deepseek": _CHAT,
    "together": _CHAT,
    "fireworks": _CHAT,
    "perplexity": _CHAT,
    "ollama": ("openai-chat", "anthropic-messages"),
}
"""By upstream, the one to take first. Others may speak any."""

_BASES = {"openrouter": "/api", "groq": "/openai", "fireworks": "/inference"}


def choose_dialect(upstream: str, recorded: str) -> str:
    """The dialect to speak to an upstream: the recorded one where it speaks that, else its first."""
    spoken = SPOKEN.get(upstream, ())
    return recorded if recorded in spoken or not spoken else spoken[0]


def path_at(upstream: str, path: str) -> str:
    """A path of a dialect as that upstream has it."""
    if upstream == "perplexity" and path == CHAT_PATH:
        return "/chat/completions"
    return _BASES.get(upstream, "") + path

"""The smaller pages as view values: how to connect, upstreams. PURE."""

from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType

from union_square.replaying.keys import WELL_KNOWN, KeyNames
from union_square.ui.views import Snippet, UpstreamLine

NO_KEYS: Mapping[str, str] = MappingProxyType({})

_OPENAI = """from openai import OpenAI

client = OpenAI(base_url="{proxy}/openai/v1")"""

_ANTHROPIC = """from anthropic import Anthropic

client = Anthropic(base_url="{proxy}/anthropic")"""

_CURL = """curl {proxy}/openai/v1/chat/completions \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "gpt-5-mini", "stream": true,
       "messages": [{{"role": "user", "content": "Hello"}}]}}'"""

_ENVIRONMENT = """export OPENAI_BASE_URL={proxy}/openai/v1
export ANTHROPIC_BASE_URL={proxy}/anthropic"""


def present_snippets(proxy_url: str) -> list[Snippet]:
    """The lines that connect an application, with the proxy's real address."""
    named = (
        ("env", "Environment", _ENVIRONMENT),
        ("openai", "OpenAI SDK", _OPENAI),
        ("anthropic", "Anthropic SDK", _ANTHROPIC),
        ("curl", "curl", _CURL),
    )
    filled = ((key, name, text.format(proxy=proxy_url)) for key, name, text in named)
    return [Snippet(key=key, name=name, code=code, html=_marked(code, proxy_url)) for key, name, code in filled]


def _marked(code: str, proxy_url: str) -> str:
    return escape(code).replace(escape(proxy_url), f"<mark>{escape(proxy_url)}</mark>")


def present_upstreams(
    upstreams: Sequence[tuple[str, str]],
    proxy_url: str,
    key_names: KeyNames = WELL_KNOWN,
    environ: Mapping[str, str] = NO_KEYS,
) -> list[UpstreamLine]:
    """Each upstream: where it leads, the base URL that an application uses for it, and the name of the variable with
    the key by which its calls are sent again."""
    return [
        UpstreamLine(
            name=name,
            target=target,
            base_url=f"{proxy_url}/{name}" + ("/v1" if name == "openai" else ""),
            key=key_names.found(environ, name) or " or ".join(key_names.of(name)),
            key_word="set" if key_names.found(environ, name) else "not set",
        )
        for name, target in upstreams
    ]

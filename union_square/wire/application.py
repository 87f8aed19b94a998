"""Who calls: the application, as far as its requests say. PURE.

What the metadata names comes first (it was put there to be seen), then the title that OpenRouter's clients send, then
the client's own name in User-Agent without its version. "" = nothing said so.
"""

import re
from typing import Any

from union_square.wire.headers import Head
from union_square.wire.jsontext import clean

METADATA_KEYS = ("application", "app", "service", "service.name")
TITLE_HEADERS = ("x-openrouter-title", "x-title")
LONGEST = 100

_PRODUCT = re.compile(r"\s*([^\s/()]+(?:/[A-Za-z][^\s/()]*)?)")
"""OpenAI/Python 1.2 → OpenAI/Python; claude-cli/2.0 (…) → claude-cli."""


def application_of(metadata: dict[str, Any], head: Head) -> str:
    """The name of the application behind a request."""
    for key in METADATA_KEYS:
        if isinstance(value := metadata.get(key), str) and value.strip():
            return value.strip()[:LONGEST]
    for header in TITLE_HEADERS:
        if value := head.get(header).strip():
            return clean(value)[:LONGEST]
    found = _PRODUCT.match(head.get("user-agent"))
    return clean(found[1])[:LONGEST] if found else ""

"""Where a key for an upstream is looked for, and how that upstream is shown it. Pure; keeps names, never a key."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from union_square.replaying.resend import Outgoing

_WELL_KNOWN = {
    "azure-openai": ("AZURE_OPENAI_API_KEY",),
    "bedrock": ("AWS_BEARER_TOKEN_BEDROCK",),
    "cohere": ("CO_API_KEY", "COHERE_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyNames:
    """The environment variables that hold keys. `configured`: by upstream, what the settings say."""

    configured: Mapping[str, str] = field(default_factory=dict[str, str])

    def of(self, upstream: str) -> tuple[str, ...]:
        """Where a key for that upstream is looked for, the first that is set."""
        if upstream in self.configured:
            return (self.configured[upstream],)
        own = upstream.upper().replace("-", "_").replace(".", "_") + "_API_KEY"
        return _WELL_KNOWN.get(upstream, (own,))

    def found(self, environ: Mapping[str, str], upstream: str) -> str:
        """The name of the variable that is set; "" = none is."""
        return next((name for name in self.of(upstream) if environ.get(name)), "")

    def key(self, environ: Mapping[str, str], upstream: str) -> str:
        """The key for an upstream in an environment; "" = there is none."""
        return environ.get(self.found(environ, upstream), "")


WELL_KNOWN = KeyNames()


def key_header(outgoing: Outgoing, key: str) -> tuple[str, str]:
    """The header by which that upstream is shown a key."""
    if outgoing.upstream == "azure-openai":
        return ("api-key", key)
    if outgoing.dialect == "anthropic-messages":
        return ("x-api-key", key)
    if outgoing.dialect == "gemini-generate":
        return ("x-goog-api-key", key)
    return ("authorization", f"Bearer {key}")

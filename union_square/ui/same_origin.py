"""A Reflex plugin: the built page finds its server at its own origin, whatever port that turns out to be.

Reflex writes the server's address into the bundle when it builds. One build has to serve every port (and a wheel
carries it), so the addresses in the finished files become expressions that ask the page where it came from.
"""

import re
from pathlib import Path
from typing import Any

from reflex.plugins import Plugin

BUILT_FOR = "http://localhost:1"
"""The address Reflex is told; port 1 never serves anything, so one that escaped the rewriting is seen at once."""

_ADDRESS = re.compile(r"""(["'`])(http|ws)://localhost:1(/[^"'`]*)?\1""")


class AddressesNotFound(RuntimeError):
    """The bundle holds no address to rewrite: this version of Reflex writes them in another way."""


def point_at_own_origin(script: str) -> tuple[str, int]:
    """`script` with every built-in address turned into the page's own origin, and how many there were."""

    def expression(match: re.Match[str]) -> str:
        return f'(globalThis.location.origin.replace(/^http/,"{match[2]}")+"{match[3] or ""}")'

    return _ADDRESS.subn(expression, script)


class SameOrigin(Plugin):
    """Rewrites the addresses in the finished scripts."""

    def post_build(self, **context: Any) -> None:
        """Called by Reflex after the production build, before compression. Raises AddressesNotFound."""
        folder: Path = context["static_dir"]
        found = 0
        for file in sorted(folder.rglob("*.js")):
            text = file.read_text(encoding="utf-8")
            rewritten, count = point_at_own_origin(text)
            if count:
                file.write_text(rewritten, encoding="utf-8")
                found += count
        if not found:
            raise AddressesNotFound(f"no server address in the scripts below {folder}")

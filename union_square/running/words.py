"""What `up` and `mock` print once they run."""

from collections.abc import Sequence
from urllib.parse import quote

from rich.markup import escape

from union_square.running.up import Addresses

_LOCAL = """
  The small model is upstream [bold]local[/]. Talk to it:
    curl {proxy}/local/v1/chat/completions -H 'content-type: application/json' \\
      -d '{{"model":"smollm2","stream":true,"messages":[{{"role":"user","content":"Name three rivers."}}]}}'
    curl {proxy}/local/v1/messages -H 'content-type: application/json' \\
      -d '{{"model":"smollm2","max_tokens":99,"stream":true,"messages":[{{"role":"user","content":"Tell a story."}}]}}'
"""

_BASE_URLS = {
    "openai": "OPENAI_BASE_URL={url}/{name}/v1",
    "anthropic": "ANTHROPIC_BASE_URL={url}/{name}",
    "gemini": "GOOGLE_GEMINI_BASE_URL={url}/{name}",
    "ollama": "OLLAMA_HOST={url}/{name}",
}
"""The variables in which the SDKs look for them."""


def addresses_text(addresses: Addresses) -> str:
    """Where to look and what to change, as rich markup."""
    proxy = addresses.proxy
    lines = ["", "[bold green]Union Square is running.[/]", ""]
    if addresses.ui:
        token = f"/?token={quote(addresses.ui_token)}" if addresses.ui_token else ""
        lines.append(f"  Watch    [bold]{addresses.ui}{token}[/]")
        lines.append(f"  API      {addresses.ui}/api/v1/docs")
    lines += [
        f"  Proxy    [bold]{proxy}[/]",
        "",
        "  Change one line in an application:",
        f"    OPENAI_BASE_URL={proxy}/openai/v1",
        f"    ANTHROPIC_BASE_URL={proxy}/anthropic",
    ]
    if addresses.demo_home:
        home = escape(addresses.demo_home)
        lines += ["", "  The demo's conversations are playing now, for about five minutes. They are kept apart:"]
        lines += [f"    UNION_SQUARE_HOME={home} union-square sessions"]
    if addresses.model:
        lines.append(_LOCAL.format(proxy=proxy).rstrip())
    return "\n".join([*lines, "", "  Stop with Ctrl-C.", ""])


def mock_text(host: str, port: int, upstreams: Sequence[str], calls: int) -> str:
    """What `mock` prints once it listens, as rich markup."""
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    lines = ["", f"[bold green]The mock answers at {url}[/] with {calls} recorded calls.", "", "  Base URLs:"]
    lines += [f"    {escape(_BASE_URLS.get(name, '{url}/{name}').format(url=url, name=name))}" for name in upstreams]
    return "\n".join([*lines, "", f"  What was asked so far: {url}/-/report. Stop with Ctrl-C.", ""])

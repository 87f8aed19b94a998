"""The page on which a browser is asked for the token: whole in itself, without script, in the light or dark that the
system wears."""

import base64
from hashlib import sha256
from html import escape

_STYLE = """
:root { color-scheme: light dark; --bg: #f8f8fa; --surface: #fff; --line: #c9cdd6; --text: #1a1c22; --muted: #595e6b;
  --accent: #4338ca; --on-accent: #fff; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --bg: #0e1014; --surface: #15181e; --line: #3b4250; --text: #e7e9ef;
  --muted: #9ca3b3; --accent: #a5acff; --on-accent: #10122b; --bad: #ff8f85; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--bg);
  color: var(--text); font: 15px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
main { width: 100%; max-width: 26rem; padding: 1.75rem; background: var(--surface); border: 1px solid var(--line);
  border-radius: 8px; }
h1 { margin: 0 0 .25rem; font-size: 1.25rem; }
p { margin: 0 0 1rem; color: var(--muted); }
p.wrong { color: var(--bad); }
label { display: block; margin-bottom: .25rem; font-weight: 600; }
input, button { width: 100%; padding: .55rem .7rem; border-radius: 6px; border: 1px solid var(--line); font: inherit; }
input { background: var(--bg); color: var(--text); }
button { margin-top: .75rem; border-color: var(--accent); background: var(--accent); color: var(--on-accent);
  font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .9em; }
small { display: block; margin-top: 1rem; color: var(--muted); }
"""
_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
SIGN_IN_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
).encode()
_HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Union Square</title>'


def present_sign_in(goes_to: str, *, wrong: bool) -> str:
    """The form. `goes_to`: the path on this server to be shown afterwards."""
    told = '<p class="wrong" role="alert">That is not this server&#8217;s token.</p>' if wrong else ""
    return (
        f'{_HEAD}<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        "<body><main><h1>Union Square</h1><p>Recorded conversations are shown to those who have the token.</p>"
        f'{told}<form method="post" action="/sign-in"><label for="token">Token</label>'
        '<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>'
        f'<input type="hidden" name="next" value="{escape(goes_to)}"><button>Show me</button></form>'
        "<small><code>union-square up</code> prints it at its start. It is <code>UNION_SQUARE_UI_TOKEN</code>, or else "
        "the file <code>ui-token</code> in the data folder.</small></main></body></html>"
    )


def present_bounce(goes_to: str) -> str:
    """Goes on to `goes_to` by itself, from a page of this server."""
    return (
        f'{_HEAD}<meta http-equiv="refresh" content="0; url={escape(goes_to)}"></head>'
        f'<body><a href="{escape(goes_to)}">Go on to Union Square</a></body></html>'
    )

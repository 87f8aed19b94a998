"""What a model wrote, as HTML that does nothing. PURE.

Markdown is parsed into tokens, and this module writes its own few tags around escaped text: no tag, attribute or URL of
the source reaches the page unless a line here puts it there. Images are named, never loaded. A link is followed only
on a click, shows where it leads, and opens without opener or referrer. Everything else (`<script>`, HTML, an unknown
token) is text.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType]
from pygments.token import Token as PygmentsToken
from pygments.util import ClassNotFound

MARKDOWN_LIMIT = 40_000
"""Characters of one part that are rendered as Markdown; the parser takes about 1 ms for each 1,000."""

TEXT_LIMIT = 100_000
"""Characters of one part that are shown at all; the rest is a download away."""

_DEEPEST = 20
_PARSER = MarkdownIt("commonmark", {"html": False, "maxNesting": 2 * _DEEPEST}).enable(["table", "strikethrough"])

_PLAIN_TAGS = {
    "paragraph_open": "<p>",
    "paragraph_close": "</p>",
    "blockquote_open": "<blockquote>",
    "blockquote_close": "</blockquote>",
    "bullet_list_open": "<ul>",
    "bullet_list_close": "</ul>",
    "ordered_list_close": "</ol>",
    "list_item_open": "<li>",
    "list_item_close": "</li>",
    "strong_open": "<strong>",
    "strong_close": "</strong>",
    "em_open": "<em>",
    "em_close": "</em>",
    "s_open": "<s>",
    "s_close": "</s>",
    "hr": "<hr>",
    "hardbreak": "<br>",
    "softbreak": "<br>",  # a chat's line ends are meant
    "table_open": '<div class="scroll" tabindex="0"><table>',
    "table_close": "</table></div>",
    "thead_open": "<thead>",
    "thead_close": "</thead>",
    "tbody_open": "<tbody>",
    "tbody_close": "</tbody>",
    "tr_open": "<tr>",
    "tr_close": "</tr>",
    "th_open": '<th scope="col">',
    "th_close": "</th>",
    "td_open": "<td>",
    "td_close": "</td>",
}
_HEADING = {"h1": "h3", "h2": "h4", "h3": "h5"}  # below the page's own headings
_CODE_KINDS: tuple[tuple[Any, str], ...] = (
    (PygmentsToken.Comment, "c"),
    (PygmentsToken.Literal.String, "s"),
    (PygmentsToken.Literal.Number, "n"),
    (PygmentsToken.Keyword, "k"),
    (PygmentsToken.Name.Function, "f"),
    (PygmentsToken.Name.Class, "f"),
    (PygmentsToken.Name.Tag, "k"),
    (PygmentsToken.Operator.Word, "k"),
    (PygmentsToken.Generic.Deleted, "n"),
    (PygmentsToken.Generic.Inserted, "s"),
)
_LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,24}")
_STRING = r'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)'  # one cut off goes to the end; nothing is tried twice, whatever the text
_JSON_PIECE = re.compile(
    rf"(?P<key>{_STRING}(?=\s*+:))|(?P<string>{_STRING})"
    r"|(?P<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?P<word>\b(?:true|false|null)\b)",
    re.DOTALL,
)


def is_web_link(url: str) -> bool:
    """Whether a click on it may leave for it: http, https or mailto, with nothing hidden in front of the host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return bool(parts.path)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc


def _target(url: str) -> str:
    parts = urlsplit(url)
    shown = (parts.netloc + parts.path + ("?…" if parts.query else "")) or url
    shown = shown.removeprefix("www.").rstrip("/")
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _open_link(token: Token) -> tuple[str, str]:
    url = str(token.attrGet("href") or "")
    if not is_web_link(url):
        return "<span>", f' <bdi class="md-target">({escape(url[:80])})</bdi></span>'
    attributes = f'href="{escape(url)}" target="_blank" rel="noopener noreferrer nofollow"'
    return f'<a class="md-link" {attributes}>', f'</a> <bdi class="md-target">({escape(_target(url))})</bdi>'


def _inline(tokens: Sequence[Token]) -> str:
    out: list[str] = []
    link_ends: list[str] = []
    for token in tokens:
        match token.type:
            case "text" | "text_special":
                out.append(escape(token.content))
            case "code_inline":
                out.append(f"<code>{escape(token.content)}</code>")
            case "link_open":
                start, end = _open_link(token)
                out.append(start)
                link_ends.append(end)
            case "link_close":
                out.append(link_ends.pop() if link_ends else "")
            case "image":
                source = str(token.attrGet("src") or "")
                words = f"image “{token.content}” not loaded: {source[:80]}"
                out.append(f'<span class="md-image">{escape(words)}</span>')
            case known if known in _PLAIN_TAGS:
                out.append(_PLAIN_TAGS[known])
            case _:
                out.append(escape(token.content))
    return "".join(out) + "".join(reversed(link_ends))


def _block(token: Token) -> str:
    match token.type:
        case "inline":
            return _inline(token.children or ())
        case "fence" | "code_block":
            return code_html(token.content, token.info.strip().split(" ")[0])
        case "heading_open":
            return f"<{_HEADING.get(token.tag, 'h6')}>"
        case "heading_close":
            return f"</{_HEADING.get(token.tag, 'h6')}>"
        case "ordered_list_open":
            start = token.attrGet("start")
            return f'<ol start="{int(start)}">' if isinstance(start, int) else "<ol>"
        case known if known in _PLAIN_TAGS:
            # Tight lists hide their paragraphs.
            return "" if token.hidden else _PLAIN_TAGS[known]
        case _:
            return escape(token.content)


@lru_cache(maxsize=512)
def markdown_html(text: str) -> str:
    """Markdown as HTML. Text beyond MARKDOWN_LIMIT is shown as it stands, beyond TEXT_LIMIT not at all."""
    if len(text) > MARKDOWN_LIMIT:
        return text_html(text)
    tokens = _PARSER.parse(text)
    if any(token.level >= _DEEPEST for token in tokens):
        return text_html(text)  # the parser drops what lies deeper; nothing recorded may be hidden that way
    return "".join(_block(token) for token in tokens)


def text_html(text: str) -> str:
    """Text as it stands: escaped, line breaks kept."""
    cut = f'<p class="md-cut">… {len(text) - TEXT_LIMIT:,} more characters: open the call and download its body</p>'
    shown = text[:TEXT_LIMIT]
    return f'<div class="md-plain">{escape(shown)}</div>' + (cut if len(text) > TEXT_LIMIT else "")


def code_html(code: str, language: str = "") -> str:
    """A block of code with its language and a copy button."""
    known = language if _LANGUAGE.fullmatch(language) else ""
    body = _coloured(code, known) if known and len(code) < MARKDOWN_LIMIT else escape(code)
    head = (
        f'<span class="code-name">{escape(known)}</span><button type="button" class="copy" data-copy-code>Copy</button>'
    )
    return f'<div class="code"><div class="code-head">{head}</div><pre tabindex="0"><code>{body}</code></pre></div>'


def _coloured(code: str, language: str) -> str:
    """Code, escaped, its words marked for the style sheet; as it stands where the language is not known."""
    if language == "json":
        return json_spans(code)
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escape(code)
    out: list[str] = []
    for token, text in lexer.get_tokens(code):
        kind = next((name for of, name in _CODE_KINDS if token in of), "")
        out.append(f'<span class="h-{kind}">{escape(text)}</span>' if kind else escape(text))
    return "".join(out)


def json_spans(text: str) -> str:
    """JSON text, escaped, with its keys and values marked for the style sheet."""
    out: list[str] = []
    here = 0
    for match in _JSON_PIECE.finditer(text):
        out.append(escape(text[here : match.start()]))
        out.append(f'<span class="j-{match.lastgroup}">{escape(match[0])}</span>')
        here = match.end()
    out.append(escape(text[here:]))
    return "".join(out)


def pretty_json(text: str) -> str | None:
    """The JSON text laid out with two spaces; None where it is not JSON (or still streaming)."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    try:
        return json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


@lru_cache(maxsize=512)
def data_html(text: str) -> str:
    """A tool's arguments or result: JSON laid out and marked, else text as it stands."""
    if len(text) > TEXT_LIMIT:
        return text_html(text)
    stripped = text.strip()
    pretty = pretty_json(stripped) if stripped[:1] in "{[" and stripped else None
    if pretty is not None and len(pretty) <= TEXT_LIMIT:
        return f'<pre class="data" tabindex="0">{json_spans(pretty)}</pre>'
    return f'<pre class="data" tabindex="0">{escape(text)}</pre>'

"""A session as one HTML file to hand on: works offline, holds no script, asks for nothing from anywhere. PURE.

What models wrote comes from `ui.markup` alone, as on the pages; everything else is escaped here. The file's own policy
forbids scripts and fetches, should anything have slipped through.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from union_square.domain.conversation import build_turns
from union_square.exporting.exported import Exported
from union_square.exporting.formats import FORMATS, Format
from union_square.ui import wording
from union_square.ui.present_conversation import present_turn
from union_square.ui.present_messages import results_of
from union_square.ui.views import BlockView, MessageView, TurnView

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"
_OWN_STYLE = """
body { padding: 24px; } .shared { max-width: 1080px; margin: 0 auto; display: flex; flex-direction: column; gap: 14px; }
.turn { content-visibility: visible; } .shared > footer { color: var(--muted); font-size: 12.5px; }
"""
STYLES = ("tokens", "union-square", "reading")


def write_page(exported: Exported, style: str) -> str:
    """The file. `style`: the style sheets that the pages have."""
    title = escape(exported.title or exported.name)
    turns = "".join(map(_turn, _present(exported)))
    count = wording.plural(len(exported.calls), "call")
    began = exported.calls[0].detail.call.started_at
    head = (
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">',
        f"<title>{title}</title><style>{_themed(style)}{_OWN_STYLE}</style>",
    )
    facts = f"{count} · began {wording.iso(began)} · {escape(exported.name)}"
    return (
        f'<!doctype html>\n<html lang="en"><head>{"".join(head)}</head><body><main class="shared">'
        f'<header><h1>{title}</h1><p class="muted">{facts}</p></header>'
        f'<section class="conversation" aria-label="conversation">{turns}</section>'
        "<footer>Recorded by Union Square.</footer></main></body></html>\n"
    )


def _themed(style: str) -> str:
    """The dark tokens follow the reader's own preference: there is no script to switch them."""
    dark = style.partition(":root.dark {")[2].partition("}")[0]
    closed = style.replace("</", "<\\/")
    return f"{closed}\n@media (prefers-color-scheme: dark) {{ :root {{{dark}}} }}" if dark else closed


def _present(exported: Exported) -> list[TurnView]:
    turns = build_turns([call.detail for call in exported.calls])
    results = results_of(message for turn in turns for message in (*turn.added, *turn.answer))
    numbers = {str(turn.call.id): number for number, turn in enumerate(turns, 1)}
    return [
        present_turn(turn, number=number, numbers=numbers, results=results, paired=frozenset(), placed=False)
        for number, turn in enumerate(turns, 1)
    ]


def _turn(turn: TurnView) -> str:
    facts = (turn.state_word, turn.status, turn.model, turn.tokens, turn.cost, turn.duration, turn.link)
    head = "".join(f"<span>{escape(fact)}</span>" for fact in facts if fact)
    tags = "".join(f'<span class="chip">{escape(tag)}</span>' for tag in turn.tags)
    error = "".join(f'<p class="turn-error">{escape(text)}</p>' for text in (turn.error, turn.gap) if text)
    return (
        f'<section class="turn" id="{escape(turn.anchor)}" data-state="{escape(turn.state)}">'
        f'<header class="turn-head"><a class="turn-number" href="#{escape(turn.anchor)}">{escape(turn.number)}</a>'
        f'{head}{tags}<span class="muted push">{escape(turn.started)}</span></header>'
        f"{''.join(map(_message, turn.messages))}{error}</section>"
    )


def _message(message: MessageView) -> str:
    blocks = f'<div class="blocks">{"".join(map(_block, message.blocks))}</div>'
    if message.folded:
        blocks = f"<details><summary>{escape(message.summary)}</summary>{blocks}</details>"
    return (
        f'<div class="message" data-role="{escape(message.role)}"><div class="role">{escape(message.role_word)}</div>'
        f"{blocks}</div>"
    )


def _block(block: BlockView) -> str:
    return "".join(_block_parts(block))


def _block_parts(block: BlockView) -> Iterator[str]:
    if block.kind == "text":
        yield f'<div class="prose">{block.html}</div>'
        return
    opened = "" if block.kind in {"thinking", "tool_result", "other"} else " open"
    label = " ".join(filter(None, (block.title or block.kind.replace("_", " "), block.note)))
    yield f'<details class="tool"{opened}><summary class="tool-head">{escape(label)}</summary>'
    yield f'<div class="tool-body">{block.html}</div>'
    if block.result_html:
        yield f'<div class="tool-result-head">{escape(block.result_title)}</div>'
        yield f'<div class="tool-body">{block.result_html}</div>'
    yield "</details>"


def all_formats(assets: Path) -> tuple[Format, ...]:
    """Every format, the page first. `assets`: the folder of the style sheets. Raises OSError."""
    style = "\n".join((assets / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)
    page = Format(
        name="html",
        words="a page: one file that shows the conversation, offline and without script",
        media_type="text/html",
        suffix=".html",
        write=lambda exported: write_page(exported, style),
    )
    return (page, *FORMATS)

"""The table of docs/providers.md, made by having every recorded exchange understood.

`python -m tests.support.providers_table --write` writes the document anew; without `--write` it is printed.
"""

import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.calls import events_of, understand
from tests.support.cassettes import ROOT, Exchange, exchanges
from tests.support.expectations import (
    decoded,
    expected_dialect,
    expected_text,
    expected_usage,
    json_values,
    usage_of_headers,
)
from union_square.wire.understanding import Understanding

DOCUMENT = Path(__file__).parents[2] / "docs" / "providers.md"
OTHERS = "others"
KNOWN = (
    "openai",
    "anthropic",
    "gemini",
    "vertex-ai",
    "bedrock",
    "azure-openai",
    "mistral",
    "groq",
    "deepseek",
    "openrouter",
    "xai",
    "cohere",
    "together",
    "perplexity",
    "ollama",
)
NOT_COVERED = {
    "openai": "Files, conversations, vector stores and batches are shown as the JSON they are.",
    "anthropic": "Files and models are shown as the JSON they are. What a batch cost is not told.",
    "gemini": "Files and file search stores are shown as the JSON they are; uploads as bytes.",
    "vertex-ai": "Other models than those of Google, Anthropic and whoever speaks OpenAI's chat are shown as JSON.",
    "bedrock": "Agents and knowledge bases are shown as they are; a profile's ARN names no model, so it has no price.",
    "azure-openai": "A deployment's name is taken for the model where the answer names none.",
    "mistral": "Files, OCR and agents are shown as the JSON they are. Sound is not in the tokens it counts.",
    "groq": "Nothing that is known.",
    "deepseek": "Nothing that is known.",
    "openrouter": "What it says a call cost is not taken; list prices are.",
    "xai": "Batches and their results are shown as the JSON they are; an image's cost in ticks is not taken.",
    "cohere": "The tokens it bills are counted, not those that its own prompts add. Datasets are shown as JSON.",
    "together": "Nothing that is known.",
    "perplexity": "The price of a search is not taken; it stands in the recorded body.",
    "ollama": "No price: it runs on one's own machine. `/api/show` and the like are shown as the JSON they are.",
    OTHERS: "Whatever has the shape of a known format is read by it; Replicate and the like are shown as they are.",
}


@dataclass(slots=True)
class Row:
    exchanges: int = 0
    asking: int = 0  # those that ask a model for something
    recognised: int = 0
    understood: int = 0
    counted: int = 0  # answers in which the provider counts tokens
    equal: int = 0
    dialects: Counter[str] = field(default_factory=Counter[str])


def corpus_digest() -> str:
    """Tells one set of recordings from another."""
    found = hashlib.sha256()
    for exchange in exchanges():
        found.update(f"{exchange.name} {len(exchange.response_body)}\n".encode())
    return found.hexdigest()[:16]


def played(exchange: Exchange) -> Understanding:
    """The exchange as a call that was understood."""
    return understand(
        events_of(
            exchange.path,
            exchange.request_body,
            exchange.response_body,
            method=exchange.method,
            upstream=exchange.provider or "custom",
            request_headers=exchange.request_headers,
            response_headers=exchange.response_headers,
            status=exchange.status,
        )
    )


def rows(recorded: Iterable[Exchange]) -> dict[str, Row]:
    """A row for each provider, in the order of the document."""
    found = {name: Row() for name in (*KNOWN, OTHERS)}
    for exchange in recorded:
        row = found[exchange.provider if exchange.provider in found else OTHERS]
        row.exchanges += 1
        dialect = expected_dialect(exchange)
        if dialect:
            _add(row, exchange, dialect)
    return {name: row for name, row in found.items() if row.exchanges}


def _add(row: Row, exchange: Exchange, dialect: str) -> None:
    call = played(exchange)
    row.asking += 1
    row.recognised += call.request.dialect == dialect
    row.dialects[call.request.dialect] += 1
    row.understood += is_understood(exchange, dialect, call)
    if exchange.status == 200:
        expected = expected_usage(dialect, json_values(exchange)) or usage_of_headers(exchange)
        row.counted += expected is not None
        row.equal += expected is not None and call.response.usage == expected


def is_understood(exchange: Exchange, dialect: str, call: Understanding) -> bool:
    """Whether all that was asked and answered is there: a refusal in the provider's words, an answer in the model's."""
    if call.detail().problems or (exchange.request_body and not call.request.messages):
        return False
    view = call.view()
    if exchange.status != 200 or view.error_message:
        return bool(view.error_message) and view.error_message[:20] in decoded(exchange).replace("\\\\", "\\")
    said = call.response.messages[0].parts if call.response.messages else ()
    text = "".join(part.text for part in said if part.type == "text")
    return bool(call.response.messages) and text == expected_text(dialect, json_values(exchange))


def document(by_format: Sequence[str]) -> str:
    """The whole document; `by_format` are the lines of the other table."""
    found = rows(exchanges())
    total = Row()
    lines: list[str] = []
    for name, row in found.items():
        for key in ("exchanges", "asking", "recognised", "understood", "counted", "equal"):
            setattr(total, key, getattr(total, key) + getattr(row, key))
        lines.append(_line(name, row, ", ".join(f"{dialect} {count}" for dialect, count in row.dialects.most_common())))
    lines.append(_line("**all**", total, ""))
    notes = [f"- **{name}**: {NOT_COVERED[name]}" for name in found]
    return "\n".join(
        [
            *_HEAD,
            *lines,
            "",
            *_BY_FORMAT,
            *by_format,
            "",
            *_BEFORE_NOTES,
            *notes,
            "",
            f"<!-- recordings: {corpus_digest()} -->",
            "",
        ]
    )


def _line(name: str, row: Row, formats: str) -> str:
    share = f"{row.equal} of {row.counted}"
    cells = (name, row.exchanges, row.asking, row.recognised, row.understood, share, formats)
    return "| " + " | ".join(map(str, cells)) + " |"


_HEAD = (
    "# Providers",
    "",
    "What an application says is understood by its shape, whatever provider it speaks to; what has no known shape is",
    "forwarded and recorded all the same, and shown as what it is. This table is measured on recorded traffic of real",
    "applications. `python -m tests.support.providers_table --write` makes it anew; a test checks it.",
    "",
    "- **exchanges**: recorded requests with their answers, refusals included;",
    "- **ask a model**: those that ask for text, vectors, images or sound; the others (files, batches, tokens, …) are",
    "  shown as they are;",
    "- **recognised**: read by the format that the path says, **understood**: without a problem, and the text is",
    "  what the model wrote, or the error what the provider said, compared with a second reader of the bytes;",
    "- **usage equal**: of the answers that count tokens, those whose counts are the same here.",
    "",
    "| provider | exchanges | ask a model | recognised | understood | usage equal | formats |",
    "|---|---|---|---|---|---|---|",
)
_BY_FORMAT = (
    "The same by format, as a run of all tests prints it at its end:",
    "",
    "- **byte-equal**: played by an upstream in three framings and odd pieces, it arrived at the client byte for byte,",
    "  and was recorded so but for secrets (`tests/proxy/test_corpus.py` plays every one, and fails if one does not);",
    "- **edges found**: of the requests that continue an earlier one of their file, those that were linked to it;",
    "  **wrong**: calls that were put to a conversation of another file, all under one key.",
    "",
)
_BEFORE_NOTES = (
    "Providers that are set up from the start and of which there are no recordings (Fireworks) speak OpenAI's formats.",
    "",
    "## What is not covered",
    "",
)


def main() -> None:
    from tests.support.traffic_table import format_rows, table  # which reads with what is above

    if not ROOT.is_dir():
        sys.exit(f"no recorded provider traffic at {ROOT}; set UNION_SQUARE_CASSETTES to a folder of cassettes")
    whole = document(table(format_rows(), {exchange.name for exchange in exchanges()}))
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(whole, "utf-8")
    else:
        sys.stdout.write(whole)


if __name__ == "__main__":
    main()

"""The formats a session or a call can be taken along in. Whoever composes a program may add more (the page does)."""

from collections.abc import Callable
from dataclasses import dataclass

from union_square.exporting.curl import write_curl
from union_square.exporting.exported import Exported
from union_square.exporting.fine_tuning import write_fine_tuning
from union_square.exporting.har import write_har
from union_square.exporting.otel import write_otel
from union_square.replaying.recording_file import write_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """`words` say what it is for; `write` is pure."""

    name: str
    words: str
    media_type: str
    suffix: str
    write: Callable[[Exported], str]


def _write_recording(exported: Exported) -> str:
    return "".join(f"{line}\n" for line in write_lines(exported.recording))


FORMATS = (
    Format(
        name="jsonl",
        words="a recording: every byte with its time; can be imported, and answers as a mock",
        media_type="application/jsonl",
        suffix=".jsonl",
        write=_write_recording,
    ),
    Format(
        name="har",
        words="HAR: for browsers' network tabs, mitmproxy and other tools; can be imported",
        media_type="application/json",
        suffix=".har",
        write=write_har,
    ),
    Format(
        name="curl",
        words="curl: a shell script that sends the requests again",
        media_type="text/x-shellscript",
        suffix=".sh",
        write=write_curl,
    ),
    Format(
        name="openai-jsonl",
        words="training examples: OpenAI's fine-tuning format, one conversation a line",
        media_type="application/jsonl",
        suffix=".training.jsonl",
        write=write_fine_tuning,
    ),
    Format(
        name="otel",
        words="OpenTelemetry: GenAI spans as OTLP JSON, for a collector",
        media_type="application/json",
        suffix=".otlp.json",
        write=write_otel,
    ),
)

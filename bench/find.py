"""How soon something is found: filters, full text, facets and figures over 100,000 calls in SQLite.

    python -m bench find [--calls 100000]

Each question is asked five times; the figures are the median and the slowest, in milliseconds. The goal is 300 ms.
The database is made anew with the rows that the store's own writer makes, 20 calls a session.
`--database FILE` keeps it for the next time.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.filling import Filling
from union_square.domain.finding import parse_filter
from union_square.domain.ids import CallId, SessionId
from union_square.domain.lifecycle import CallState
from union_square.domain.messages import Message, TextPart, ToolCallPart, Usage
from union_square.domain.views import CallDetail, CallView, HeadView
from union_square.store.migrate import migrate
from union_square.store.ports import CallFilter, Projection
from union_square.store.sql import SqlStore

GOAL_MS = 300.0
TIMES = 5
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
MODELS = ("gpt-4o", "gpt-4o-mini-2024-07-18", "claude-sonnet-4-5", "gemini-2.5-pro", "mistral-large-latest")
UPSTREAMS = ("openai", "openai", "anthropic", "gemini", "mistral")
APPLICATIONS = ("billing", "support", "OpenAI/Python", "claude-cli")
WORDS = tuple(
    f"{a}{b}" for a in ("al", "be", "cor", "du", "en", "fa", "gol", "hu", "in", "ja") for b in "bcdfghklmnprstvwz"
)

QUERIES = (
    "",
    "status:error",
    "model:gpt-4o status:error cost>0.02 ttft>2s",
    "model:gpt* -tag:seen tokens>1k after:2026-11-03",
    "tag:rare",
    "tool:search finish:tool_calls",
    "meta.user:user7",
    "duration>1h",  # none is
    "needle",
    '"alb corb dub"',
    "al",
    "alb (model:gemini* OR application:billing)",
    "path:embeddings",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when an answer takes longer than the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench find", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--database", type=Path)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        file = options.database or Path(folder) / "store.db"
        kept, url = file.exists(), f"sqlite:///{file}"
        migrate(url)
        store = SqlStore(url)
        if not kept:
            began = time.perf_counter()
            fill(store, options.calls)
            print(f"{options.calls:,} calls written in {time.perf_counter() - began:.0f} s")
        slowest = measure(store)
        store.close()
    return int(slowest > GOAL_MS)


def fill(store: SqlStore, calls: int) -> None:
    chance, filling = random.Random(7), Filling(store)
    for first in range(0, calls, 2000):
        filling.add([made_up(number, chance) for number in range(first, min(first + 2000, calls))])
    filling.finish()
    for number in range(0, calls, max(1, calls // 40)):
        store.annotator.add_tag("call", f"{number:032x}", "rare")


def made_up(number: int, chance: random.Random) -> Projection:
    """A call like those of a busy month."""
    kind = chance.randrange(len(MODELS))
    state: CallState = "failed" if chance.random() < 0.04 else "done"
    words = [chance.choice(WORDS) for _ in range(60)] + ["needle"] * (number % 5000 == 17)
    messages = (said("user", " ".join(words)), said("assistant", " ".join(reversed(words))))
    tool = chance.random() < 0.2
    if tool:
        part = ToolCallPart(id="t", name=chance.choice(("search", "fetch", "run")), arguments="{}")
        messages += (Message(role="assistant", parts=(part,)),)
    call = CallView(
        id=CallId(f"{number:032x}"),
        session_id=SessionId(f"session-{number // 20}"),
        parent_id=None,
        link_rule="content" if number % 20 else "new",
        link_confidence=1.0,
        upstream=UPSTREAMS[kind],
        dialect="openai-chat" if kind < 2 else "anthropic-messages",
        operation="chat",
        model=MODELS[kind],
        response_model=MODELS[kind],
        method="POST",
        path="/v1/chat/completions",
        status_code=200 if state == "done" else chance.choice((429, 500, 503)),
        state=state,
        streamed=True,
        started_at=BEGIN + timedelta(seconds=20 * number),
        duration_ms=chance.lognormvariate(8, 1),
        time_to_first_chunk_ms=chance.lognormvariate(6, 1),
        time_to_first_token_ms=chance.lognormvariate(6.2, 1),
        output_tokens_per_second=50.0,
        usage=Usage(input_tokens=chance.randrange(20_000), output_tokens=chance.randrange(2_000)),
        cost_usd=chance.random() / 20,
        finish_reasons=("tool_calls" if tool else "stop",) if state == "done" else (),
        error_type="" if state == "done" else "rate_limit_error",
        error_message="",
        request_bytes=4000,
        response_bytes=3000,
        recorded=True,
        gap_observations=0,
        gap_bytes=0,
        preview=" ".join(words)[:120],
        tags=(("seen",) if number % 3 == 0 else ()),
        metadata={"user": f"user{chance.randrange(500)}"},
        application=chance.choice(APPLICATIONS),
    )
    head = HeadView(start_line="POST /v1/chat/completions HTTP/1.1", headers=())
    detail = CallDetail(
        call=call,
        messages=messages,
        request_message_count=1,
        tools=(),
        parameters={},
        request=head,
        response=head,
        chunks=(),
        request_chunks=(),
        gaps=(),
        problems=(),
    )
    return Projection(detail=detail, fingerprint="key")


def said(role: str, text: str) -> Message:
    return Message(role="user" if role == "user" else "assistant", parts=(TextPart(text=text),))


def measure(store: SqlStore) -> float:
    """Ask everything; the slowest median."""
    reader, slowest = store.reader, 0.0
    print(f"{'':<52}{'calls':>14}{'sessions':>14}{'facets':>14}")
    for query in QUERIES:
        where = CallFilter(query=parse_filter(query))
        asked = (
            lambda where=where: reader.calls(where=where),
            lambda where=where: reader.sessions(where=where),
            lambda where=where: reader.facets(where),
        )
        took = [_milliseconds(one) for one in asked]
        slowest = max(slowest, *(median for median, _ in took))
        print(f"{query or '(everything)':<52}" + "".join(f"{a:>7.0f}{b:>7.0f}" for a, b in took))
    for by in ("model", "upstream", "application", "tag"):
        median, worst = _milliseconds(lambda by=by: reader.figures(by=by, step_us=86_400_000_000))
        slowest = max(slowest, median)
        print(f"{'figures by ' + by:<52}{median:>7.0f}{worst:>7.0f}")
    print(f"slowest median {slowest:.0f} ms; goal {GOAL_MS:.0f} ms")
    return slowest


def _milliseconds(ask: Callable[[], object]) -> tuple[float, float]:
    took = list[float]()
    for _ in range(TIMES):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[TIMES // 2], max(took)


if __name__ == "__main__":
    sys.exit(main())

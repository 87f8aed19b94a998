"""What the pages are opened over: 100,000 calls, a session of 500 turns, and one call of 5 MB.

The store's own writer writes 2,000 calls; these are then copied within the database, with other ids and times: to write
each would take minutes, and would tell nothing of pages.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import text

from bench.agents import CHUNK_BYTES, RecordedLog, library
from bench.find import BEGIN, made_up, said
from union_square.domain import events as ev
from union_square.domain.ids import CallId, SessionId
from union_square.domain.messages import Message, TextPart, ToolCallPart, ToolResultPart, Usage
from union_square.projecting.projector import Projector
from union_square.store.migrate import migrate
from union_square.store.ports import Projection
from union_square.store.sql import SqlStore

SEED = 2_000
TURNS = 500
BIG_BYTES = 5_000_000
LONG_SESSION = "session-of-500-turns"
_STEP_SECONDS = 20
_COPIED = ("sessions", "calls", "call_details", "call_texts", "call_marks", "tags")
_MOMENTS = ("started_at", "last_at", "ended_at", "answered_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class BigWorld:
    calls: int
    long_session: str
    long_call: str  # the newest of that session: its request repeats 500 turns
    big_call: str


def fill(url: str, calls: int) -> BigWorld:
    """Make the database (SQLite) and all that is in it."""
    migrate(url)
    store = SqlStore(url)
    try:
        chance = random.Random(7)
        for first in range(0, SEED, 500):
            store.writer.write([made_up(number, chance) for number in range(first, first + 500)], {})
        _copy(store, calls // SEED)
        turns = list(_long_session(calls))
        for first in range(0, TURNS, 50):
            store.writer.write(turns[first : first + 50], {})
        projector = Projector(RecordedLog(_big_call()), store.writer)
        while projector.step().more:
            pass
    finally:
        store.close()
    return BigWorld(
        calls=calls, long_session=LONG_SESSION, long_call=str(turns[-1].detail.call.id), big_call=str(_BIG_CALL)
    )


def _copy(store: SqlStore, times: int) -> None:
    with store.engine.begin() as connection:
        for table in _COPIED:
            columns = [row[1] for row in connection.execute(text(f"PRAGMA table_info({table})"))]
            if table == "call_texts":
                columns.remove("id")  # the database numbers its rows
            values = ", ".join(_copied(table, column) for column in columns)
            names = ", ".join(columns)
            own = text(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {_is_seed(table)}")
            for number in range(1, times):
                given = {"copy": number, "later": number * SEED * _STEP_SECONDS * 1_000_000}
                connection.execute(own, given)


def _is_seed(table: str) -> str:
    match table:
        case "sessions":
            return "id NOT LIKE '%copy%'"
        case "tags":
            return "subject = 'call' AND subject_id LIKE '0000%'"
        case "calls":
            return "id LIKE '0000%'"
        case _:
            return "call_id LIKE '0000%'"


def _copied(table: str, column: str) -> str:
    match column:
        case "id" if table == "sessions":
            return "id || '-copy-' || :copy"
        case "session_id":
            return "session_id || '-copy-' || :copy"
        case "id" | "call_id" | "subject_id":
            return f"printf('%04x', :copy) || substr({column}, 5)"
        case name if name in _MOMENTS:
            return f"{name} + :later"
        case _:
            return column


def _long_session(calls: int) -> Iterator[Projection]:
    """An agent at work: each request repeats all that was said before it."""
    chance = random.Random(11)
    history: list[Message] = [Message(role="system", parts=(TextPart(text=_words(chance, 400)),))]
    began = BEGIN + timedelta(seconds=_STEP_SECONDS * calls)
    parent: CallId | None = None
    for number in range(TURNS):
        if number % 2:
            result = json.dumps({"rows": [{"n": n, "text": _words(chance, 8)} for n in range(12)]})
            asked = Message(role="tool", parts=(ToolResultPart(id=f"t{number - 1}", name="read", text=result),))
            answered = said(
                "assistant", f"## Step {number}\n\n{_words(chance, 60)}\n\n- `{_words(chance, 3)}`\n- **x**"
            )
        else:
            asked = said("user", f"Step {number}: {_words(chance, 40)}")
            call = ToolCallPart(id=f"t{number}", name="read", arguments=json.dumps({"path": _words(chance, 2)}))
            answered = Message(role="assistant", parts=(TextPart(text=_words(chance, 20)), call))
        history.append(asked)
        made = made_up(number, chance).detail
        id_ = CallId(f"ffff{number:028x}")
        view = replace(
            made.call,
            id=id_,
            session_id=SessionId(LONG_SESSION),
            parent_id=parent,
            link_rule="content" if parent else "new",
            state="done",
            status_code=200,
            started_at=began + timedelta(seconds=12 * number),
            usage=Usage(input_tokens=400 + 120 * number, output_tokens=90),
        )
        detail = replace(made, call=view, messages=(*history, answered), request_message_count=len(history))
        yield Projection(detail=detail, fingerprint="key")
        history.append(answered)
        parent = id_


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choice(library()[0][:4000].split()) for _ in range(count))


_BIG_CALL = CallId("fffe" + "0" * 28)


def _big_call() -> Iterator[ev.Event]:
    """A request with one message of half its bytes and a tool's result of the other half, and a short answer."""
    half = BIG_BYTES // 2
    prose = "\n\n".join(library())
    prose = (prose * (half // len(prose) + 1))[:half]
    row = {"id": 1, "name": "a row", "values": [1.5, True, None, "text"]}
    rows = json.dumps({"rows": [row | {"id": n} for n in range(half // 75)]})
    call = {"id": "t1", "type": "function", "function": {"name": "query", "arguments": '{"table": "rows"}'}}
    messages = [
        {"role": "user", "content": prose},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": rows},
    ]
    body = json.dumps({"model": "gpt-4o", "messages": messages}).encode()
    answer = {"role": "assistant", "content": "That is a lot to read."}
    said_back = {
        "id": "c1",
        "object": "chat.completion",
        "model": "gpt-4o",
        "choices": [{"index": 0, "message": answer}],
    }
    answered = json.dumps(said_back).encode()
    at = int((BEGIN + timedelta(days=60)).timestamp() * 1_000_000)
    head = b"POST /openai/v1/chat/completions HTTP/1.1\r\ncontent-type: application/json\r\n"
    head += b"content-length: %d\r\n\r\n" % len(body)
    yield ev.RequestHead(call_id=_BIG_CALL, at=at, upstream="openai", fingerprint="big", recorded=True, head=head)
    for start in range(0, len(body), CHUNK_BYTES):
        yield ev.RequestChunk(call_id=_BIG_CALL, at=at + start // 100, data=body[start : start + CHUNK_BYTES])
    yield ev.RequestEnd(call_id=_BIG_CALL, at=at + 60_000, total=len(body))
    kind = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"
    yield ev.ResponseHead(call_id=_BIG_CALL, at=at + 900_000, head=kind)
    yield ev.ResponseChunk(call_id=_BIG_CALL, at=at + 910_000, data=answered)
    yield ev.ResponseEnd(call_id=_BIG_CALL, at=at + 911_000, total=len(answered))

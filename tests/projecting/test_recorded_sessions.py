"""The session ladder on recorded traffic: every file is one conversation or several, and MANIFEST.json says which
request continues which. All of them go through one projector under one credential, one after the other."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tests.support.cassettes import ROOT, Exchange, exchanges, require_cassettes
from tests.support.logs import MemoryLog, call_id
from union_square.domain import events as ev
from union_square.domain.ids import CallId, SessionId
from union_square.projecting.projector import Projector
from union_square.store.memory import MemoryStore

GOAL = 0.99
NOON = 1_772_366_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Which request continues which, as (file, index of the earlier, index of the later)."""

    stated: frozenset[tuple[str, int, int]]
    found: frozenset[tuple[str, int, int]]
    between_files: tuple[tuple[str, str], ...]  # links and sessions across two files
    wrong: frozenset[tuple[str, int]]  # calls that were put to a conversation of another file
    dialects: Mapping[tuple[str, int], str]


def events_of(exchange: Exchange, number: int) -> Iterator[ev.Event]:
    """What the proxy would have recorded of an exchange that began that many seconds after noon."""
    id_, at = call_id(number), NOON + number * 1_000_000
    target = f"{exchange.method} /{exchange.provider}{exchange.path} HTTP/1.1"
    lines = [target, *(f"{name}: {value}" for name, value in exchange.request_headers), "", ""]
    head = "\r\n".join(lines).encode("latin-1", "replace")
    yield ev.RequestHead(call_id=id_, at=at, upstream=exchange.provider, fingerprint="key", recorded=True, head=head)
    yield ev.RequestChunk(call_id=id_, at=at + 10, data=exchange.request_body)
    yield ev.RequestEnd(call_id=id_, at=at + 20, total=len(exchange.request_body))
    # Most recordings hold the body as it was after its content encoding was taken off.
    gone = {"content-length"} if exchange.response_body[:2] == b"\x1f\x8b" else {"content-length", "content-encoding"}
    kept = [pair for pair in exchange.response_headers if pair[0].lower() not in gone]
    lines = [f"HTTP/1.1 {exchange.status} Said", *(f"{name}: {value}" for name, value in kept), "", ""]
    yield ev.ResponseHead(call_id=id_, at=at + 30, head="\r\n".join(lines).encode("latin-1", "replace"))
    yield ev.ResponseChunk(call_id=id_, at=at + 40, data=exchange.response_body)
    yield ev.ResponseEnd(call_id=id_, at=at + 50, total=len(exchange.response_body))


@cache
def edges() -> Edges:
    require_cassettes()
    manifest = json.loads((ROOT / "MANIFEST.json").read_text("utf-8"))
    stated = {(entry["path"], first, second) for entry in manifest for first, second in entry["chain_edges"]}
    log, store, places = MemoryLog(), MemoryStore(), dict[CallId, tuple[str, int]]()
    for number, exchange in enumerate(exchanges(), 1):
        places[call_id(number)] = (exchange.file, exchange.index)
        log.append(events_of(exchange, number))
    projector = Projector(log, store, read_bytes=1 << 30)
    while projector.step().more:
        pass
    found, between, files = set[tuple[str, int, int]](), list[tuple[str, str]](), dict[SessionId, str]()
    wrong = set[tuple[str, int]]()
    calls = store.calls(limit=len(places)).items
    for call in reversed(calls):
        file, index = places[call.id]
        if call.session_id and files.setdefault(call.session_id, file) != file:
            between.append((files[call.session_id], file))
            wrong.add((file, index))
        if call.parent_id:
            parent_file, parent_index = places[call.parent_id]
            found.add((file, parent_index, index))
            if parent_file != file:
                between.append((parent_file, file))
                wrong.add((file, index))
    return Edges(
        stated=frozenset(stated),
        found=frozenset(found),
        between_files=tuple(between),
        wrong=frozenset(wrong),
        dialects={places[call.id]: call.dialect for call in calls},
    )


def test_of_the_stated_continuations_nearly_all_are_found():
    known = edges()
    missing = sorted(known.stated - known.found)
    share = 1 - len(missing) / len(known.stated)
    print(f"{len(known.stated) - len(missing)} of {len(known.stated)} edges found, {len(known.found)} in all")
    shown = [f"{file} {first} → {second} ({known.dialects[file, second]})" for file, first, second in missing]
    assert share >= GOAL, "\n".join(shown)


def test_no_conversation_is_linked_to_another_one():
    assert edges().between_files == ()

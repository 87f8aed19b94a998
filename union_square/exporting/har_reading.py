"""A HAR file, of whatever tool, as the events of recorded calls. Pure; never trusts what it reads.

Of a file that was written here the pieces come back with their times; of another, a body is one piece at the time its
timings give. Entries that are not calls over HTTP (a browser's sockets, its own pages) are left out and counted.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from union_square.domain import events as ev
from union_square.domain.ids import CallId, IdError, parse_call_id
from union_square.replaying.failures import ReplayFailure
from union_square.replaying.recording import Recording, recorded_call, recording_of
from union_square.wire.jsontext import list_of, obj_of, text_of

Json = Mapping[str, Any]
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._")


class HarError(ReplayFailure):
    """The file is not a HAR log. The message says where it goes wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarRead:
    recording: Recording
    left_out: int  # entries that are no HTTP call


def read_har(text: str, base_urls: Mapping[str, str], name: str = "the file") -> HarRead:
    """The calls of a HAR log. `base_urls`: by upstream, so that addresses find theirs. Raises HarError."""
    try:
        entries = list_of(obj_of(obj_of(json.loads(text)).get("log")).get("entries"))
    except (ValueError, RecursionError) as error:
        raise HarError(f"{name} is not JSON: {error}") from error
    if not entries:
        raise HarError(f'{name} holds no entries: a HAR log is {{"log": {{"entries": […]}}}}')
    calls = [events for entry in entries if (events := _events(obj_of(entry), base_urls))]
    if not calls:
        raise HarError(f"{name} holds {len(entries)} entries, and none of them is an HTTP call with a method and a URL")
    recording = recording_of(recorded_call(events[0].call_id, events) for events in calls)
    return HarRead(recording=recording, left_out=len(entries) - len(calls))


def _events(entry: Json, base_urls: Mapping[str, str]) -> list[ev.Event]:
    request, own = obj_of(entry.get("request")), obj_of(entry.get("_unionSquare"))
    url = urlsplit(text_of(request.get("url")))
    method = text_of(request.get("method"))
    if url.scheme not in {"http", "https"} or not url.hostname or not method.isalpha():
        return []
    began = _microseconds(text_of(entry.get("startedDateTime")))
    own_name = text_of(own.get("upstream"))
    # Several upstreams may have one address: of those, an export of ours says which it was.
    known = {own_name: base_urls[own_name]} if own_name in base_urls else {}
    where = url._replace(scheme="", netloc="", fragment="").geturl()
    upstream, path = _place(url.scheme, url.netloc, where, known or base_urls)
    if own_name and not set(own_name) - _SAFE and upstream not in base_urls:
        upstream = own_name
    head = _head(f"{method} /{upstream}{path} HTTP/1.1", list_of(request.get("headers")))
    call_id = _call_id(own, entry, began)
    timings = obj_of(entry.get("timings"))
    sent = _us(timings.get("send"))
    body = _body(obj_of(request.get("postData")))
    events: list[ev.Event] = [
        ev.RequestHead(call_id=call_id, at=began, upstream=upstream, fingerprint="", recorded=True, head=head)
    ]
    if body:
        events.append(ev.RequestChunk(call_id=call_id, at=began, data=body))
    events.append(ev.RequestEnd(call_id=call_id, at=began + sent, total=len(body)))
    return events + list(_answer(call_id, began, sent, entry, own))


def _answer(call_id: CallId, began: int, sent: int, entry: Json, own: Json) -> Iterator[ev.Event]:
    response, timings = obj_of(entry.get("response")), obj_of(entry.get("timings"))
    status = response.get("status")
    duration = max(_us(entry.get("time")), sent)
    if not isinstance(status, int) or not 100 <= status <= 999:
        yield ev.Failure(
            call_id=call_id, at=began + duration, code="upstream_closed", message="no answer is in the HAR entry",
            status=0, request_total=0, response_total=0,
        )  # fmt: skip
        return
    start = f"HTTP/1.1 {status} {text_of(response.get('statusText'))}".rstrip()
    first = began + min(duration, sent + _us(timings.get("wait")))
    yield ev.ResponseHead(call_id=call_id, at=first, head=_head(start, list_of(response.get("headers"))))
    body = _body(obj_of(response.get("content")))
    for offset, piece in _pieces(body, list_of(own.get("chunks")), first - began):
        yield ev.ResponseChunk(call_id=call_id, at=began + offset, data=piece)
    yield ev.ResponseEnd(call_id=call_id, at=began + duration, total=len(body))


def _pieces(body: bytes, chunks: Sequence[Any], first: int) -> Iterator[tuple[int, bytes]]:
    """The body cut as it came, where that is known and fits what is there."""
    known = [pair for one in chunks if (pair := _pair(one)) is not None]
    if body and sum(size for _, size in known) != len(body):
        known = [(first, len(body))]
    at = 0
    for offset, size in known:
        yield offset, body[at : at + size]
        at += size


def _pair(value: Any) -> tuple[int, int] | None:
    """Microseconds and bytes, where that is what stands there."""
    match value:
        case [int(offset), int(size)] if offset >= 0 and size >= 0:
            return offset, size
        case _:
            return None


def _place(scheme: str, authority: str, path: str, base_urls: Mapping[str, str]) -> tuple[str, str]:
    """The upstream's name and the path below it. An address that is no upstream's gives its host for a name."""
    whole = f"{scheme}://{authority}{path}"
    for name, base in sorted(base_urls.items(), key=lambda item: -len(item[1])):
        rest = whole.removeprefix(base)
        if rest != whole and (not rest or rest[0] in "/?"):
            return name, rest if rest.startswith("/") else f"/{rest}"
    host = "".join(c if c in _SAFE else "-" for c in authority.lower().rpartition("@")[2])
    return host.strip("-.") or "unknown", path if path.startswith("/") else f"/{path}"


def _head(start: str, headers: Sequence[Any]) -> bytes:
    lines = [_one_line(start)]
    for header in headers:
        fields = obj_of(header)
        name = _one_line(text_of(fields.get("name")))
        if name and not name.startswith(":"):  # of HTTP/2: they stand in the first line
            lines.append(f"{name}: {_one_line(text_of(fields.get('value')))}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ").strip()


def _body(content: Json) -> bytes:
    text = text_of(content.get("text"))
    if content.get("encoding") == "base64":
        try:
            return b64decode(text)
        except ValueError:
            return text.encode("utf-8", "replace")
    return text.encode("utf-8", "replace")


def _call_id(own: Json, entry: Json, began: int) -> CallId:
    """The call's own id, else one that the same entry always gets: reading a file twice gives the same calls."""
    try:
        return parse_call_id(text_of(own.get("call_id")))
    except IdError:
        digest = blake2b(json.dumps(entry, sort_keys=True).encode("utf-8", "replace"), digest_size=10).hexdigest()
        return CallId(f"{began // 1000:012x}"[-12:] + digest)


def _microseconds(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return 0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0, round(at.timestamp() * 1e6))


def _us(ms: Any) -> int:
    """Milliseconds as microseconds; HAR says -1 for what does not apply."""
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 <= ms < 1e12:
        return 0
    return round(ms * 1000)

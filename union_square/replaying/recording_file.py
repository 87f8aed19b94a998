"""A recording as a file to keep beside tests: JSON lines, an event a line, so that a diff shows what changed.

    {"format": "union-square-recording", "version": 1}
    {"call": "0192f0…", "at": 1750000000000000}              a call begins; microseconds since the epoch
    {"kind": "request_head", "us": 0, "upstream": "openai", "fingerprint": "…", "head": ["POST …", …]}
    {"kind": "response_chunk", "us": 61200, "text": "data: {…}\\n\\n"}      `us`: microseconds since the call began

Bytes stand as `text` where they are UTF-8, else as `base64`. Reading back gives the very events; they hold no
credential, for those were replaced before anything was recorded. Described in docs/recordings.md.

Must not: do I/O.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from typing import Any, assert_never, cast

from union_square.domain import events as ev
from union_square.domain.ids import CallId, IdError, parse_call_id
from union_square.replaying.failures import ReplayFailure
from union_square.replaying.recording import RecordedCall, Recording, recorded_call, recording_of

FORMAT = "union-square-recording"
VERSION = 1
_END = "\r\n\r\n"


class RecordingFileError(ReplayFailure):
    """A file is not a recording. The message names the line and says what is wrong with it."""


def write_lines(recording: Recording) -> Iterator[str]:
    """The file's lines, without their line ends."""
    yield _json({"format": FORMAT, "version": VERSION})
    for each in recording.calls:
        began = each.call.started_at
        yield _json({"call": each.id, "at": began})
        for event in each.events:
            yield _json({"kind": event.kind, "us": event.at - began} | _fields(event))


def read_lines(lines: Iterable[str], name: str = "the file") -> Recording:
    """The recording that those lines are. `name` is for the messages of RecordingFileError."""
    calls: list[RecordedCall] = []
    events: list[ev.Event] = []
    call_id, began, opened = CallId(""), 0, False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = _object(line)
            if not opened:
                _check_format(fields)
                opened = True
            elif "call" in fields:
                if call_id:
                    calls.append(recorded_call(call_id, events))
                call_id, began, events = parse_call_id(str(fields["call"])), _whole(fields["at"]), []
            elif not call_id:
                raise ValueError("an event stands before the first call")
            else:
                events.append(_event(call_id, began, fields))
        except KeyError as error:
            raise RecordingFileError(f"{name}, line {number}: {error} is missing") from error
        except (ValueError, TypeError, IdError) as error:
            raise RecordingFileError(f"{name}, line {number}: {error}") from error
    if not opened:
        raise RecordingFileError(f"{name} is empty")
    if call_id:
        calls.append(recorded_call(call_id, events))
    return recording_of(calls)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def _object(line: str) -> dict[str, Any]:
    value: Any = json.loads(line)
    if not isinstance(value, dict):
        raise TypeError("is not a JSON object")
    return cast("dict[str, Any]", value)


def _check_format(fields: dict[str, Any]) -> None:
    if fields.get("format") != FORMAT:
        raise ValueError(f'is not a recording: the first line must be {{"format": "{FORMAT}", …}}')
    if fields.get("version") != VERSION:
        raise ValueError(f"is a recording of version {fields.get('version')!r}; this program reads version {VERSION}")


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"is not a whole number: {value!r}")
    return value


def _fields(event: ev.Event) -> dict[str, Any]:
    match event:
        case ev.RequestHead():
            more = {} if event.recorded else {"recorded": False}
            return {"upstream": event.upstream, "fingerprint": event.fingerprint} | more | _head(event.head)
        case ev.ResponseHead():
            return _head(event.head)
        case ev.RequestChunk() | ev.ResponseChunk():
            return _bytes(event.data)
        case ev.RequestEnd() | ev.ResponseEnd():
            return {"total": event.total}
        case ev.Failure():
            names = ("code", "message", "status", "request_total", "response_total")
            return {name: getattr(event, name) for name in names}
        case ev.Gap():
            return {"observations": event.observations, "bytes": event.bytes, "reason": event.reason}
        case ev.Unknown():
            return {"number": event.number} | _bytes(event.payload)
        case _:
            assert_never(event)


def _event(call_id: CallId, began: int, fields: dict[str, Any]) -> ev.Event:
    at = began + _whole(fields["us"])
    match fields["kind"]:
        case "request_head":
            return ev.RequestHead(
                call_id=call_id,
                at=at,
                upstream=str(fields["upstream"]),
                fingerprint=str(fields["fingerprint"]),
                recorded=fields.get("recorded", True) is True,
                head=_read_head(fields),
            )
        case "request_chunk":
            return ev.RequestChunk(call_id=call_id, at=at, data=_read_bytes(fields))
        case "request_end":
            return ev.RequestEnd(call_id=call_id, at=at, total=_whole(fields["total"]))
        case "response_head":
            return ev.ResponseHead(call_id=call_id, at=at, head=_read_head(fields))
        case "response_chunk":
            return ev.ResponseChunk(call_id=call_id, at=at, data=_read_bytes(fields))
        case "response_end":
            return ev.ResponseEnd(call_id=call_id, at=at, total=_whole(fields["total"]))
        case "failure":
            return ev.Failure(
                call_id=call_id,
                at=at,
                code=str(fields["code"]),
                message=str(fields["message"]),
                status=_whole(fields["status"]),
                request_total=_whole(fields["request_total"]),
                response_total=_whole(fields["response_total"]),
            )
        case "gap":
            return ev.Gap(
                call_id=call_id,
                at=at,
                observations=_whole(fields["observations"]),
                bytes=_whole(fields["bytes"]),
                reason=str(fields["reason"]),
            )
        case "unknown":
            return ev.Unknown(call_id=call_id, at=at, number=_whole(fields["number"]), payload=_read_bytes(fields))
        case other:
            raise ValueError(f"a kind that is not known: {other!r}")


def _head(head: bytes) -> dict[str, Any]:
    """A head as its lines; one that is not so built as the text it is."""
    text = head.decode("latin-1")
    return {"head": text.removesuffix(_END).split("\r\n")} if text.endswith(_END) else {"head_text": text}


def _read_head(fields: dict[str, Any]) -> bytes:
    if "head_text" in fields:
        return str(fields["head_text"]).encode("latin-1")
    return ("\r\n".join(fields["head"]) + _END).encode("latin-1")


def _bytes(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}


def _read_bytes(fields: dict[str, Any]) -> bytes:
    return b64decode(fields["base64"], validate=True) if "base64" in fields else str(fields["text"]).encode()

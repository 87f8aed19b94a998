"""Sessions in the formats of other tools, and read back from them."""

import json
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.logs import MemoryLog
from tests.support.recorded import call_number, recorded, recording, stream_of
from union_square.domain.records import encode
from union_square.domain.redaction import Redactor
from union_square.exporting import genai_names as names
from union_square.exporting.cleaning import clean_events
from union_square.exporting.curl import write_curl
from union_square.exporting.exported import Exported
from union_square.exporting.fine_tuning import write_fine_tuning
from union_square.exporting.formats import FORMATS
from union_square.exporting.gathering import StoreSource, gather
from union_square.exporting.har import write_har
from union_square.exporting.har_reading import HarError, read_har
from union_square.exporting.importing import Importer
from union_square.exporting.otel import write_otel
from union_square.projecting.projector import Projector
from union_square.recording.log_reader import FolderLogReader
from union_square.replaying.recording import RecordedCall, recorded_call
from union_square.replaying.recording_file import write_lines
from union_square.store.memory import MemoryStore
from union_square.ui.built import style_folder
from union_square.ui.sharing import all_formats

OPENAI = {"openai": "https://api.openai.com"}
TOOLS = [{"type": "function", "function": {"name": "look", "description": "Looks", "parameters": {"type": "object"}}}]
ASKED: dict[str, Any] = {"role": "user", "content": 'What\'s the "time" in Kyoto?'}
CALLED: dict[str, Any] = {
    "role": "assistant",
    "content": "Let me look.",
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": "Kyoto"}'}}],
}
RESULT: dict[str, Any] = {"role": "tool", "tool_call_id": "c1", "content": "noon"}


def chat(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {"model": "gpt-4o", "temperature": 0.5, "messages": messages, "tools": TOOLS, "stream": True}


def answer(delta: dict[str, Any], reason: str) -> bytes:
    return stream_of(
        {"id": "x", "model": "gpt-4o-2024-08-06", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
        {"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 8}},
    )


def later(seconds: int, call: RecordedCall) -> RecordedCall:
    events = [replace(event, at=event.at + seconds * 1_000_000) for event in call.events]
    return recorded_call(call.id, events)


def agent() -> list[RecordedCall]:
    """A question, a tool call, its result, the answer; and another that failed."""
    tool_calls = [{"index": 0} | CALLED["tool_calls"][0]]
    path = "/v1/chat/completions"
    first = answer({"content": CALLED["content"], "tool_calls": tool_calls}, "tool_calls")
    return [
        recorded(1, path, chat([ASKED]), first, streamed=True),
        later(
            60,
            recorded(2, path, chat([ASKED, CALLED, RESULT]), answer({"content": "It is noon."}, "stop"), streamed=True),
        ),
        recorded(3, path, chat([ASKED]), {"error": {"type": "overloaded", "message": "Later"}}, status=529),
    ]


def exported_of(calls: list[RecordedCall], subject: str = "") -> Exported:
    """What a store that has projected those calls gives; of the first call's session, or the subject asked for."""
    store, log = MemoryStore(), MemoryLog()
    projector = Projector(log, store)
    for call in calls:
        log.append(call.events)
    while projector.step().more:
        pass
    name = subject or str(store.call(calls[0].id).call.session_id)
    return anyio.run(gather, StoreSource(store), name, OPENAI)


def test_a_har_is_read_back_with_its_bytes_and_times() -> None:
    exported = exported_of(agent())
    read = read_har(write_har(exported), OPENAI)
    assert read.left_out == 0
    assert read_har(write_har(exported), {}).recording.upstreams == ("openai",)
    assert [call.id for call in read.recording.calls] == [call.id for call in exported.calls]
    for there, here in zip(read.recording.calls, exported.calls, strict=True):
        assert bytes(there.call.request.data) == bytes(here.recorded.call.request.data)
        assert bytes(there.call.response.data) == bytes(here.recorded.call.response.data)
        assert there.call.response.chunks == here.recorded.call.response.chunks
        assert (there.call.started_at, there.call.status) == (here.recorded.call.started_at, here.recorded.call.status)
        assert there.call.request_head.split(b"\r\n")[0] == b"POST /openai/v1/chat/completions HTTP/1.1"


def test_a_har_has_what_the_format_asks_for() -> None:
    entry = json.loads(write_har(exported_of(agent())))["log"]["entries"][0]
    assert entry["request"]["url"] == "https://api.openai.com/v1/chat/completions"
    assert entry["request"]["postData"]["mimeType"] == "application/json"
    assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= entry.keys()
    assert entry["response"]["content"]["size"] == len(entry["response"]["content"]["text"].encode())
    assert abs(sum(entry["timings"].values()) - entry["time"]) < 0.001


FOREIGN = {
    "startedDateTime": "2026-11-24T10:00:00.5Z",
    "time": 120.5,
    "request": {
        "method": "POST",
        "url": "https://api.openai.com/v1/chat/completions?key=sk-secretsecretsecret",
        "headers": [{"name": ":authority", "value": "x"}, {"name": "Authorization", "value": "Bearer sk-topsecrettop"}],
        "postData": {"mimeType": "application/json", "text": json.dumps(chat([ASKED]))},
    },
    "response": {
        "status": 200,
        "statusText": "OK",
        "headers": [{"name": "Content-Type", "value": "text/event-stream"}],
        "content": {"text": answer({"content": "Noon."}, "stop").decode()},
    },
    "timings": {"send": 1, "wait": 80, "receive": 39.5, "blocked": -1},
}


def test_a_browsers_har_becomes_calls_without_their_credentials(tmp_path: Path) -> None:
    other = {"request": {"method": "GET", "url": "wss://api.openai.com/v1/realtime"}}
    text = json.dumps({"log": {"version": "1.2", "entries": [FOREIGN, other]}})
    importer = Importer(home=tmp_path, log_folder=tmp_path / "log", base_urls=OPENAI)
    assert importer.take(text, "a.har").left_out == 1
    importer.take(text, "a.har")  # again
    written = b"".join(path.read_bytes() for path in (tmp_path / "log").rglob("*.uslog"))
    assert b"secret" not in written
    store, log = MemoryStore(), FolderLogReader(tmp_path / "log")
    projector = Projector(log, store)
    while projector.step().more:
        pass
    [view] = store.calls().items
    assert (view.upstream, view.model, view.state, view.duration_ms) == ("openai", "gpt-4o", "done", 120.5)
    assert view.time_to_first_chunk_ms == 81
    log.close()


def test_a_recording_is_taken_in_whatever_line_ends_unicode_has(tmp_path: Path) -> None:
    said = "one\u2028two\u2029three\x85four\x0cfive"
    call = recorded(1, "/v1/chat/completions", chat([ASKED]), f'{{"said": "{said}"}}'.encode())
    text = "".join(f"{line}\n" for line in write_lines(recording(call)))
    assert "\u2028" in text
    importer = Importer(home=tmp_path, log_folder=tmp_path / "log", base_urls=OPENAI)
    assert importer.take(text, "a.jsonl").calls == 1
    assert importer.take(text.replace("\n", "\r\n"), "a.jsonl").calls == 1


def test_what_was_replaced_once_keeps_its_fingerprint() -> None:
    redactor = Redactor(b"k" * 32)
    headers = [("content-type", "application/json"), ("authorization", "Bearer sk-abcdefghijklmnop")]
    call = recorded(1, "/v1/chat/completions", chat([ASKED]), {"choices": []}, request_headers=headers)
    once = clean_events(call.events, redactor)
    assert b"sk-abc" not in b"".join(map(encode, once))
    assert clean_events(once, Redactor(b"another key of another home......")) == once


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_is_a_har_or_is_said_not_to_be(value: object) -> None:
    for text in (json.dumps(value), json.dumps({"log": {"entries": [value, {"request": value, "response": value}]}})):
        said = _reading(text)
        assert said == "" or "the file" in said


def _reading(text: str) -> str:
    try:
        read_har(text, OPENAI)
    except HarError as error:
        return str(error)
    return ""


def test_training_examples_hold_whole_conversations_that_went_well() -> None:
    lines = [json.loads(line) for line in write_fine_tuning(exported_of(agent())).splitlines()]
    [example] = lines
    assert [message["role"] for message in example["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert example["messages"][1]["tool_calls"][0]["function"]["name"] == "look"
    assert example["messages"][3]["content"] == "It is noon."
    assert example["tools"][0]["function"]["name"] == "look"


def test_spans_have_the_conventions_names_and_stay_the_same() -> None:
    exported = exported_of(agent())
    whole = json.loads(write_otel(exported))
    spans = whole["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert write_otel(exported) == json.dumps(whole, ensure_ascii=False)
    assert len({span["traceId"] for span in spans}) == 1
    first = {one["key"]: one["value"] for one in spans[0]["attributes"]}
    assert first[names.PROVIDER] == {"stringValue": "openai"}
    assert first[names.INPUT_TOKENS] == {"intValue": "20"}
    assert first[names.PARAMETERS["temperature"]] == {"doubleValue": 0.5}
    assert json.loads(first[names.OUTPUT_MESSAGES]["stringValue"])[0]["parts"][1]["name"] == "look"
    assert spans[1]["links"][0]["spanId"] == spans[0]["spanId"]
    assert int(spans[0]["endTimeUnixNano"]) > int(spans[0]["startTimeUnixNano"])
    assert spans[0]["name"] == "chat gpt-4o"


def test_a_failed_call_is_a_failed_span() -> None:
    exported = exported_of(agent(), str(call_number(3)))
    [span] = json.loads(write_otel(exported))["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert span["status"] == {"code": 2, "message": "Later"}


def test_the_script_says_what_was_sent_and_runs_in_a_shell(tmp_path: Path) -> None:
    script = write_curl(exported_of(agent()))
    assert "/openai/v1" not in script
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@" | head -c 400 > "$(mktemp "$OUT/XXXXXX")"\n')
    fake.chmod(0o755)
    (tmp_path / "out").mkdir()
    (tmp_path / "s.sh").write_text(script)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "OUT": str(tmp_path / "out"), "API_KEY": "k"}
    subprocess.run(["sh", str(tmp_path / "s.sh")], env=env, check=True)
    said = [path.read_text() for path in (tmp_path / "out").iterdir()]
    assert len(said) == 2
    assert all(text.startswith("https://api.openai.com/v1/chat/completions\n") for text in said)
    assert any(json.dumps(ASKED["content"])[1:-1] in text for text in said)
    assert shlex.split(script.split("\n\n")[1].replace("\\\n", ""))[0] == "curl"


def test_the_page_holds_the_conversation_and_nothing_that_acts() -> None:
    hostile = '<script>alert(1)</script> <img src="http://evil.example/x"> [a](javascript:alert(1))'
    calls = [recorded(1, "/v1/chat/completions", chat([ASKED]), answer({"content": hostile}, "stop"), streamed=True)]
    page = next(one for one in all_formats(style_folder()) if one.name == "html").write(exported_of(calls))
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert "<script" not in page
    assert "<img" not in page
    assert "javascript:" not in page.replace("&quot;", "").replace("(javascript:alert(1))", "")
    assert "alert(1)" in page  # as text
    assert "Kyoto" in page
    assert "http-equiv" in page


@pytest.mark.parametrize("name", [one.name for one in FORMATS] + ["html"])
def test_every_format_writes_any_recorded_call(name: str) -> None:
    one = next(one for one in all_formats(style_folder()) if one.name == name)
    strange = [
        recorded(1, "/v1/files", b"\xff\x00binary", b"\x00\xff", method="PUT"),
        recorded(2, "/v1/models", b"", {"data": []}, method="GET"),
        recorded(3, "/v1/chat/completions", b"{not json", b"", status=400),
    ]
    for number in (1, 2, 3):
        text = one.write(exported_of(strange, str(call_number(number))))
        assert text or name == "openai-jsonl"

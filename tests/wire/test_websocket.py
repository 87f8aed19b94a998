"""Frames out of recorded bytes, whatever pieces they come in; and the conversations that they make."""

import json
import zlib
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import FrameProtocol

from tests.support.cassettes import require_cassettes
from tests.support.websockets import RecordedTalk, close_frame, frame, recorded_talks
from union_square.domain import events as ev
from union_square.domain.ids import CallId
from union_square.domain.messages import MediaPart, Message, TextPart, ToolCallPart, ToolResultPart
from union_square.wire import websocket
from union_square.wire.dialects.plain import MAX_MEDIA_BYTES
from union_square.wire.understanding import Understanding
from union_square.wire.websocket import FrameReader, Inflater, WebSocketMessage

CALL = CallId("0" * 32)
SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{}\r\n"


def read(data: bytes, cuts: list[int], reader: FrameReader | None = None) -> list[WebSocketMessage]:
    reader = reader or FrameReader("received")
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]
    return [message for piece in pieces for message in reader.feed(piece, 7)]


messages = st.lists(st.tuples(st.sampled_from([1, 2, 9, 10]), st.binary(max_size=300), st.booleans()), max_size=8)


@given(messages, st.lists(st.integers(0, 4000), max_size=9))
def test_any_split_of_frames_decodes_alike(sent: list[tuple[int, bytes, bool]], cuts: list[int]) -> None:
    sent = [(opcode, data[:125] if opcode > 8 else data, masked) for opcode, data, masked in sent]
    data = b"".join(frame(body, opcode=opcode, masked=masked) for opcode, body, masked in sent)
    kinds = {1: "text", 2: "binary", 9: "ping", 10: "pong"}
    found = read(data, cuts)
    assert [(m.kind, m.data) for m in found] == [(kinds[opcode], body) for opcode, body, _ in sent]
    assert all(m.size == len(m.data) and m.offset_us == 7 for m in found)


@given(st.binary(max_size=2000), st.lists(st.integers(0, 2000), max_size=5))
def test_bytes_that_are_no_frames_never_raise_and_any_split_says_the_same(data: bytes, cuts: list[int]) -> None:
    whole, split = FrameReader("sent", Inflater()), FrameReader("sent", Inflater())
    assert read(data, [], whole) == read(data, cuts, split)
    assert whole.problem == split.problem


@given(st.lists(st.binary(max_size=500), max_size=6), st.booleans(), st.lists(st.integers(0, 4000), max_size=9))
@settings(deadline=None)
def test_compressed_messages_are_read_with_and_without_their_context(
    bodies: list[bytes], keeps: bool, cuts: list[int]
) -> None:
    """Packed by wsproto, which is not what reads them."""
    extension = PerMessageDeflate(server_no_context_takeover=not keeps)
    extension.finalize("permessage-deflate" + ("" if keeps else "; server_no_context_takeover"))
    server = FrameProtocol(client=False, extensions=[extension])
    data = b"".join(bytes(server.send_data(body, fin=True)) for body in bodies)
    found = read(data, cuts, FrameReader("received", Inflater(keeps_context=keeps)))
    assert [m.data for m in found] == bodies


def test_a_fragmented_message_is_one_and_a_ping_may_stand_in_it() -> None:
    data = (
        frame(b"Gr\xc3", fin=False) + frame(b"p", opcode=9) + frame(b"\xbc\xc3\x9f", opcode=0, fin=False)
        + frame(b"e", opcode=0)
    )  # fmt: skip
    ping, text = read(data, [])
    assert (ping.kind, text.kind, text.text) == ("ping", "text", "Grüße")


@pytest.mark.parametrize(
    "data",
    [
        frame(b"x", opcode=3), frame(b"x", rsv1=True), frame(b"", opcode=0), frame(b"x", fin=False) + frame(b"y"),
        frame(b"x" * 126, opcode=9), frame(b"x", opcode=9, fin=False),
    ],
)  # fmt: skip
def test_what_is_no_frame_ends_the_reading_and_is_said(data: bytes) -> None:
    reader = FrameReader("received")
    assert read(frame(b"before") + data + frame(b"after"), [], reader)[0].data == b"before"
    assert reader.problem


def test_a_message_larger_than_is_kept_is_told_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MAX_MESSAGE_BYTES", 1000)
    large, small = read(frame(b"x" * 600, fin=False) + frame(b"x" * 600, opcode=0) + frame(b"y"), [])
    assert (large.data, large.size, small.data) == (b"", 1200, b"y")


def test_a_message_that_would_fill_the_memory_when_uncompressed_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MAX_MESSAGE_BYTES", 1000)
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = squeezer.compress(b"0" * 1_000_000) + squeezer.flush(zlib.Z_SYNC_FLUSH)
    reader = FrameReader("received", Inflater())
    read(frame(packed[:-4][:900], rsv1=True), [], reader)
    assert "larger than" in reader.problem or "too large" in reader.problem


def test_close_frames_tell_code_and_reason() -> None:
    coded, bare = read(close_frame(1011, "späte Störung") + frame(b"", opcode=8), [])
    assert (coded.kind, coded.code, coded.text) == ("close", 1011, "späte Störung")
    assert bare.code == websocket.NO_STATUS


def understood(
    path: str, talk: list[tuple[str, bytes]], *, extensions: str = "", end: bool = True, gap_at: int = -1
) -> Understanding:
    """A call that became a WebSocket, as the log holds it; `talk` are (direction, frame)."""
    head = f"GET /openai{path} HTTP/1.1\r\nHost: p\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".encode()
    call = Understanding(CALL)
    call.apply(ev.RequestHead(call_id=CALL, at=1000, upstream="openai", fingerprint="", recorded=True, head=head))
    call.apply(ev.RequestEnd(call_id=CALL, at=1001, total=0))
    call.apply(ev.ResponseHead(call_id=CALL, at=2000, head=SWITCH.format(extensions).encode()))
    at = 3000
    for number, (direction, data) in enumerate(talk):
        at += 1000
        if number == gap_at:
            call.apply(ev.Gap(call_id=CALL, at=at, observations=1, bytes=len(data), reason="stream_full"))
        elif direction == "sent":
            call.apply(ev.RequestChunk(call_id=CALL, at=at, data=data))
        else:
            call.apply(ev.ResponseChunk(call_id=CALL, at=at, data=data))
    if end:
        call.apply(ev.RequestEnd(call_id=CALL, at=at, total=sum(len(d) for s, d in talk if s == "sent")))
        call.apply(ev.ResponseEnd(call_id=CALL, at=at, total=sum(len(d) for s, d in talk if s == "received")))
    return call


def framed(messages: Any) -> list[tuple[str, bytes]]:
    return [(side, frame(json.dumps(value).encode(), masked=side == "sent")) for side, value in messages]


GOODBYE = [("sent", close_frame(1000, masked=True)), ("received", close_frame(1000))]


def texts(messages: tuple[Message, ...], role: str) -> list[str]:
    return [p.text for m in messages if m.role == role for p in m.parts if isinstance(p, TextPart)]


def parts(messages: tuple[Message, ...], kind: type[Any]) -> list[Any]:
    return [p for m in messages for p in m.parts if isinstance(p, kind)]


@pytest.mark.parametrize("talk", recorded_talks(), ids=lambda talk: talk.name)
def test_a_recorded_conversation_is_read_whole(talk: RecordedTalk) -> None:
    path = "/ws/x.GenerativeService.BidiGenerateContent?key=k" if talk.is_gemini else "/v1/realtime?model=m"
    for place in (path, "/somewhere/else"):
        call = understood(place, [*framed(talk.messages), *GOODBYE])
        detail = call.detail()
        assert detail.call.dialect == ("gemini-live" if talk.is_gemini else "openai-realtime")
        assert (detail.call.state, detail.problems) == ("done", ())
        assert detail.call.streamed
        assert texts(detail.messages, "assistant"), "nothing that the model said is shown"
        assert detail.parameters["websocket"]["close_code"] == 1000
        calls, results = parts(detail.messages, ToolCallPart), parts(detail.messages, ToolResultPart)
        assert {result.id for result in results} <= {asked.id for asked in calls}
        raw = json.dumps(talk.messages)
        assert bool(results) == ("function_call_output" in raw or "functionResponses" in raw)
        whole = json.dumps([str(m) for m in detail.messages])
        assert len(whole) < len(raw), "sound stands in the messages"


def test_there_are_recorded_conversations() -> None:
    require_cassettes()
    assert len(recorded_talks()) >= 10


def find(part: str) -> RecordedTalk:
    require_cassettes()
    return next(talk for talk in recorded_talks() if talk.name == part)


def test_a_spoken_turn_is_shown_by_what_was_heard_and_said() -> None:
    call = understood("/v1/realtime", [*framed(find("test_audio_in_server_vad_turn").messages), *GOODBYE])
    said = call.detail().messages
    assert texts(said, "system") == ["Reply in a few words."]
    (heard,) = texts(said, "user")
    assert heard.startswith("Hello, my name is Marcelo")
    assert len(texts(said, "assistant")) == 1
    usage = call.view().usage
    assert usage is not None
    assert usage.input_tokens
    assert call.view().preview == heard
    assert call.view().time_to_first_token_ms is not None


def test_what_was_heard_and_said_can_be_heard_again_while_it_is_short() -> None:
    form = {"type": "audio/pcm", "rate": 16_000}
    talk = [
        ("sent", {"type": "session.update", "session": {"audio": {"input": {"format": form}}}}),
        ("sent", {"type": "input_audio_buffer.append", "audio": "AAE="}),
        ("sent", {"type": "input_audio_buffer.append", "audio": "AgM="}),
        ("received", {"type": "input_audio_buffer.committed", "item_id": "u"}),
        ("received", {"type": "response.output_audio.delta", "item_id": "a", "delta": "BAU="}),
        ("received", {"type": "response.output_audio.delta", "item_id": "a", "delta": "BgcI"}),
        ("sent", {"type": "input_audio_buffer.append", "audio": b64encode(bytes(MAX_MEDIA_BYTES + 2)).decode()}),
        ("received", {"type": "input_audio_buffer.committed", "item_id": "long"}),
    ]
    parts = [message.parts[0] for message in understood("/v1/realtime", framed(talk)).detail().messages]
    assert parts == [
        MediaPart(modality="audio", mime_type="audio/pcm;rate=16000", data="AAECAw=="),
        MediaPart(modality="audio", mime_type="audio/pcm", data="BAUGBwg="),
        MediaPart(modality="audio", mime_type="audio/pcm;rate=16000", name="1,048,578 bytes"),
    ]


def test_geminis_tool_round_stands_in_its_order() -> None:
    call = understood("/ws/x.BidiGenerateContent", framed(find("test_text_tool_round_parity[google-current]").messages))
    roles = [message.role for message in call.detail().messages]
    assert roles[:2] == ["system", "user"]
    assert roles[-3:] == ["assistant", "tool", "assistant"]
    assert texts(call.request_messages, "user") == ["What is the weather in London?"]
    assert call.view().model == "gemini-3.1-flash-live-preview"


def answered(text: str, number: int) -> list[tuple[str, Any]]:
    about = {"id": f"resp_{number}", "object": "response", "model": "gpt-5", "status": "in_progress", "output": []}
    content = [{"type": "output_text", "text": text}]
    done = about | {
        "status": "completed", "usage": {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
        "output": [{"type": "message", "role": "assistant", "id": "msg", "content": content}],
    }  # fmt: skip
    return [
        ("received", {"type": "response.created", "response": about}),
        ("received", {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": text}),
        ("received", {"type": "response.completed", "response": done}),
    ]


def test_responses_over_a_websocket_are_one_conversation() -> None:
    def ask(text: str, **more: Any) -> tuple[str, Any]:
        return "sent", {"type": "response.create", "model": "gpt-5", "input": text, **more}

    talk = [ask("One?", instructions="Count."), *answered("One.", 1), ask("And?", previous_response_id="resp_1")]
    call = understood("/v1/responses", [*framed([*talk, *answered("Two.", 2)]), *GOODBYE])
    detail = call.detail()
    assert [m.role for m in detail.messages] == ["system", "user", "assistant", "user", "assistant"]
    assert texts(detail.messages, "assistant") == ["One.", "Two."]
    assert detail.request_message_count == 2
    assert (detail.call.dialect, detail.call.model, detail.call.state) == ("openai-responses", "gpt-5", "done")
    assert detail.call.usage is not None
    assert (detail.call.usage.input_tokens, detail.call.usage.output_tokens) == (10, 4)


@pytest.mark.parametrize(
    ("ending", "state", "error"),
    [
        (GOODBYE, "done", ""),
        ([("received", close_frame(1011, "keepalive timeout"))], "failed", "websocket_1011"),
        ([("received", close_frame(4001, "no such model"))], "failed", "websocket_4001"),
        ([], "failed", "websocket_1006"),
    ],
)
def test_how_the_connection_ended_is_the_calls_end(ending: Any, state: str, error: str) -> None:
    view = understood("/v1/anything", [("sent", frame(b"hi", masked=True)), *ending]).view()
    assert (view.state, view.error_type) == (state, error)
    if ending and error:
        assert view.error_message in {"keepalive timeout", "no such model"}


def test_what_nobody_knows_is_shown_as_what_it_is() -> None:
    talk = [
        ("sent", frame(b'{"a": 1}', masked=True)), ("received", frame(b"plain")),
        ("received", frame(b"\xff\x00", opcode=2)), ("received", frame(b"", opcode=9)),
    ]  # fmt: skip
    detail = understood("/v1/anything", [*talk, *GOODBYE]).detail()
    assert [(m.role, m.parts[0].type) for m in detail.messages] == [
        ("user", "other"),
        ("assistant", "text"),
        ("assistant", "media"),
    ]
    assert detail.parameters["websocket"] == {
        "messages_sent": 1, "messages_received": 2, "close_code": 1000, "close_reason": "", "closed_by": "client",
    }  # fmt: skip


def test_what_has_been_said_is_there_while_it_is_said() -> None:
    talk = find("test_gateway_openai_text_in_audio_out")
    frames = framed(talk.messages)
    shown: list[int] = []
    for count in range(len(frames)):
        call = understood("/v1/realtime", frames[:count], end=False)
        assert call.view().state == "running"
        shown.append(sum(len(text) for text in texts(call.response_messages, "assistant")))
    assert sorted(set(shown))[0] == 0
    assert len(set(shown)) > 3
    assert call.tail(300)[1]


def test_an_error_that_the_conversation_goes_on_after_is_shown_and_does_not_fail_it() -> None:
    error = {"type": "invalid_request_error", "code": "unknown_item", "message": "no such item"}
    failed = [("received", {"type": "error", "error": error})]
    done = [("received", {"type": "response.done", "response": {"id": "r", "status": "completed"}})]
    over = understood("/v1/realtime", [*framed(failed), *GOODBYE]).view()
    assert (over.state, over.error_message) == ("failed", "no such item")
    detail = understood("/v1/realtime", [*framed([*failed, *done]), *GOODBYE]).detail()
    assert (detail.call.state, detail.call.error_type) == ("done", "")
    assert "no such item" in str(detail.messages)


VOCABULARY = """
    type item item_id content role text delta session response id status usage output audio transcript error code
    setup serverContent modelTurn parts toolCall functionCalls name args usageMetadata promptTokenCount inlineData
    mimeType data outputTranscription inputTranscription turnComplete client_content turns realtime_input tools
    media_chunks input_audio tool_response functionResponses instructions input model message function_call
    function_call_output user assistant session.update session.updated conversation.item.create
    conversation.item.done conversation.item.input_audio_transcription.completed response.create response.done
    response.output_text.delta response.function_call_arguments.delta response.output_item.added
    response.completed error input_audio_buffer.committed
"""
WORDS = st.sampled_from(VOCABULARY.split())
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)
BODIES = st.tuples(st.dictionaries(WORDS, VALUES, max_size=5), WORDS).map(lambda made: {"type": made[1], **made[0]})
EVENTS = st.lists(st.tuples(st.sampled_from(["sent", "received"]), BODIES), max_size=6)


@given(EVENTS, st.sampled_from(["/v1/realtime", "/ws/x.BidiGenerateContent", "/v1/responses", "/v1/other"]))
@settings(deadline=None, max_examples=300)
def test_no_conversation_whatever_is_said_raises(said: list[tuple[str, Any]], path: str) -> None:
    detail = understood(path, [*framed(said), *GOODBYE]).detail()
    assert detail.call.status_code == 101
    assert detail.parameters["websocket"]["close_code"] == 1000


def test_frames_after_a_gap_are_not_guessed_at() -> None:
    talk = [("received", frame(b"one")), ("received", frame(b"two")), ("received", frame(b"three"))]
    detail = understood("/x", talk, gap_at=1).detail()
    assert texts(detail.messages, "assistant") == ["one"]
    assert "gap" in detail.problems[0]
    assert detail.call.state == "done"

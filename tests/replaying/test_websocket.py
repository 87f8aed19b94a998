"""A recorded WebSocket is played again, each message once the client has said as much as before."""

import struct
import zlib

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.replaying.conftest import Serve
from tests.support.calls import head
from tests.support.recorded import call_number
from tests.support.websockets import close_frame, frame
from union_square.domain import events as ev
from union_square.replaying.recording import RecordedCall, recorded_call

AT = 1_750_000_000_000_000
ID = call_number(1)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def talk(*said: tuple[str, bytes], extensions: str = "") -> RecordedCall:
    """An upgraded call with those chunks, 10 ms apart."""
    answer = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", "recorded")]
    answer += [("Sec-WebSocket-Extensions", extensions)] if extensions else []
    request = head("GET /openai/v1/realtime?model=gpt-realtime HTTP/1.1", [("Upgrade", "websocket")])
    events: list[ev.Event] = [
        ev.RequestHead(call_id=ID, at=AT, upstream="openai", fingerprint="f", recorded=True, head=request),
        ev.RequestEnd(call_id=ID, at=AT, total=0),
        ev.ResponseHead(call_id=ID, at=AT, head=head("HTTP/1.1 101 Switching Protocols", answer)),
    ]
    for n, (side, data) in enumerate(said, 1):
        kind = ev.RequestChunk if side == "sent" else ev.ResponseChunk
        events.append(kind(call_id=ID, at=AT + n * 10_000, data=data))
    return recorded_call(ID, [*events, ev.ResponseEnd(call_id=ID, at=AT + 999_000, total=0)])


def url_of(running_url: str) -> str:
    return running_url.replace("http://", "ws://") + "/v1/realtime?model=gpt-realtime"


def test_what_the_provider_said_comes_in_the_order_of_the_conversation(serve: Serve) -> None:
    mock = serve(
        talk(
            ("received", frame(b'{"type": "session.created"}')),
            ("sent", frame(b'{"type": "response.create"}', masked=True)),
            ("received", frame(b'{"delta": "Good "}') + frame(b"\x00\x01" * 40_000, opcode=2)),
            ("received", close_frame(1000, "bye")),
        )
    )
    with connect(url_of(mock.url()), proxy=None) as client:
        assert client.recv(timeout=5) == '{"type": "session.created"}'
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.2)
        client.send('{"type": "response.create", "event_id": "another"}')
        assert client.recv(timeout=5) == '{"delta": "Good "}'
        assert client.recv(timeout=5) == b"\x00\x01" * 40_000
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "bye")
    assert mock.report().is_clean


def test_compressed_messages_are_sent_plain(serve: Serve) -> None:
    packed = deflated(b'{"type": "session.created"}')
    first = struct.pack(">BB", 0xC1, len(packed)) + packed  # RSV1: compressed
    mock = serve(talk(("received", first), extensions="permessage-deflate"))
    with connect(url_of(mock.url()), proxy=None) as client:
        assert client.recv(timeout=5) == '{"type": "session.created"}'

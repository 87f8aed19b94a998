"""Known credential fields in a client's WebSocket frames are masked; frames, sizes and all else stay."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.support.websockets import close_frame, frame
from union_square.wire.websocket import FrameReader
from union_square.wire.websocket_mask import FrameMask

SECRET = "c4n4ryS3cr3tV4lu3"
FIRST = json.dumps({"type": "auth", "api_key": SECRET, "text": "é" * 80}).encode()
MASKED = FIRST.replace(SECRET.encode(), b"*" * len(SECRET))
TALK = (
    frame(FIRST, masked=True)
    + frame(FIRST[:30], masked=True, fin=False)
    + frame(b"p", opcode=9, masked=True)
    + frame(FIRST[30:], opcode=0, masked=True)
    + frame(b'{"api_key": "' + b"x" * 70_000 + b'"}', opcode=2, masked=True)
    + frame(FIRST, masked=True, rsv1=True)
    + close_frame(1000, masked=True)
)


@given(st.lists(st.integers(0, len(TALK)), max_size=12))
def test_any_cut_masks_the_fields_of_every_message_and_nothing_else(cuts: list[int]) -> None:
    mask, edges = FrameMask(), [0, *sorted(cuts), len(TALK)]
    recorded = b"".join(mask.feed(TALK[a:b]) for a, b in pairwise(edges))
    assert len(recorded) == len(TALK)
    reader = FrameReader("sent")
    read = [message.data for message in reader.feed(recorded, 0)]
    assert read[:4] == [MASKED, b"p", MASKED, b'{"api_key": "' + b"*" * 70_000 + b'"}']
    compressed = frame(FIRST, masked=True, rsv1=True) + close_frame(1000, masked=True)
    assert recorded.endswith(compressed)


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_keep_their_length(pieces: list[bytes]) -> None:
    mask = FrameMask()
    assert [len(mask.feed(piece)) for piece in pieces] == [len(piece) for piece in pieces]

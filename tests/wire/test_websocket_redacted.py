"""With redaction rules, messages of a WebSocket are recorded one by one, however their bytes came."""

import zlib
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.websockets import close_frame, frame
from union_square.domain.redaction_rules import parse_rules
from union_square.wire.websocket import FrameReader, Inflater
from union_square.wire.websocket_redacted import RedactedFrames

RULES = parse_rules(["email"])
MAIL = b"jane.doe@mail.example"
STARS = b"*" * len(MAIL)


def packed(data: bytes, packer: Any) -> bytes:
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


PACKER = zlib.compressobj(wbits=-15)
SPLIT = [frame(MAIL[:9], masked=True, fin=False), frame(MAIL[9:], opcode=0, masked=True)]
PING = frame(MAIL, opcode=9, masked=True)
SENT = [
    frame(b'{"api_key": "c4n4ry", "to": "' + MAIL + b'"}', masked=True),
    PING,
    SPLIT[0] + SPLIT[1],
    frame(packed((MAIL + b" ") * 30, PACKER), masked=True, rsv1=True),
    frame(packed(b"to " + (MAIL + b" ") * 30, PACKER), opcode=2, masked=True, rsv1=True),
    close_frame(1000, MAIL.decode(), masked=True),
]
TALK = SENT[0] + SPLIT[0] + PING + SPLIT[1] + b"".join(SENT[3:])
RECORDED = [
    frame(b'{"api_key": "******", "to": "' + STARS + b'"}'),
    frame(STARS, opcode=9),
    frame(STARS),
    frame((STARS + b" ") * 30),
    frame(b"to " + (STARS + b" ") * 30, opcode=2),
    close_frame(1000, STARS.decode()),
]


@given(st.lists(st.integers(0, len(TALK)), max_size=12), st.integers(0, len(TALK)))
def test_any_cut_gives_the_same_messages_and_counts_what_is_not_whole(cuts: list[int], end: int) -> None:
    frames = RedactedFrames(FrameReader("sent", Inflater()), RULES, fields=True)
    edges = sorted({0, *(cut for cut in cuts if cut < end), end})
    recorded = [piece for a, b in pairwise(edges) for _, piece in frames.feed(0, TALK[a:b])]
    assert recorded == RECORDED[: len(recorded)]
    assert frames.left_out == end - sum(map(len, SENT[: len(recorded)]))
    assert frames.pieces == (frames.left_out > 0)
    assert frames.end(0) == []
    recorded += [piece for _, piece in frames.feed(0, TALK[end:])]
    assert (recorded, frames.left_out) == (RECORDED, 0)


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_bytes_make_it_raise_and_none_are_counted_twice(pieces: list[bytes]) -> None:
    frames = RedactedFrames(FrameReader("received"), RULES, fields=False)
    for piece in pieces:
        frames.feed(0, piece)
    assert 0 <= frames.left_out <= sum(map(len, pieces))

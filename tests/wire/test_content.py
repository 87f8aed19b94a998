"""Content encodings come off in any pieces, and within bounds."""

import gzip
import random
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.calls import pieces
from union_square.wire.content import ContentDecoder

TEXT = b'{"messages": [' + b'{"role": "user", "content": "hello hello hello"},' * 200 + b"1]}"


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


ENCODED = {
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT[:500]) + gzip.compress(TEXT[500:]),
    "deflate": zlib.compress(TEXT),
    "Deflate": raw_deflate(TEXT),
    "br": brotli.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
    " ZSTD ": zstandard.compress(TEXT[:100]) + zstandard.compress(TEXT[100:]),
    "gzip, br": brotli.compress(gzip.compress(TEXT)),
    "identity": TEXT,
    "": TEXT,
}


def decode(encoding: str, *chunks: bytes, limit: int = 1 << 20) -> tuple[bytes, str]:
    decoder = ContentDecoder(encoding, limit)
    out = b"".join(decoder.feed(chunk) for chunk in chunks) + decoder.end()
    return out, decoder.problem


@pytest.mark.parametrize("encoding", ENCODED)
@given(cuts=st.lists(st.integers(0, 12_000), max_size=20))
@settings(max_examples=30)
def test_every_encoding_comes_off_however_it_is_cut(encoding: str, cuts: list[int]) -> None:
    assert decode(encoding, *pieces(ENCODED[encoding], cuts)) == (TEXT, "")


@pytest.mark.parametrize("encoding", ENCODED)
def test_every_encoding_comes_off_byte_by_byte(encoding: str) -> None:
    data = ENCODED[encoding]
    assert decode(encoding, *pieces(data, range(len(data)))) == (TEXT, "")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("body", [b'{"id": 1, "text": "plain"}', b'data: {"id": 1}\n\n', b"{", b"[]"])
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_body_that_is_plain_although_its_header_says_otherwise_is_taken_as_it_is(
    encoding: str, body: bytes, size: int
) -> None:
    assert decode(encoding, *pieces(body, range(size, len(body), size))) == (body, "")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_body_that_ends_too_early_gives_what_there_was_and_a_problem(encoding: str) -> None:
    body = bytes(range(256)) * 2000
    encoded = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.compress,
    }[encoding](body)
    out, problem = decode(encoding, encoded[: len(encoded) - 4])
    assert body.startswith(out)
    assert f"{encoding} data ends too early, after {len(encoded) - 4:,} bytes" == problem


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_few_bytes_that_unpack_to_many_stop_at_the_limit(encoding: str) -> None:
    bomb = b"\0" * (50 << 20)
    encoded = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": lambda data: brotli.compress(data, quality=5),
        "zstd": zstandard.compress,
    }[encoding](bomb)
    out, problem = decode(encoding, encoded, limit=1 << 20)
    assert len(out) == 1 << 20
    assert problem == "is longer than 1,048,576 bytes decoded; the rest was left out"


def test_a_plain_body_stops_at_the_limit_too() -> None:
    out, problem = decode("", b"a" * 600, b"b" * 600, b"c", limit=1000)
    assert out == b"a" * 600 + b"b" * 400
    assert "longer than 1,000 bytes" in problem


def test_a_body_of_exactly_the_limit_is_whole() -> None:
    assert decode("gzip", gzip.compress(b"x" * 1000), limit=1000) == (b"x" * 1000, "")


def test_bytes_that_are_neither_encoded_nor_text_are_given_as_they_are_with_a_problem() -> None:
    out, problem = decode("gzip", b"\x00\x01\x02\x03 no gzip")
    assert out == b"\x00\x01\x02\x03 no gzip"
    assert problem.startswith("says it is gzip and is not")


def test_a_stream_that_breaks_in_its_middle_keeps_its_beginning() -> None:
    encoded = bytearray(gzip.compress(bytes(range(256)) * 400, compresslevel=0))
    encoded[-6] ^= 0xFF  # the checksum
    out, problem = decode("gzip", bytes(encoded[:50_000]), bytes(encoded[50_000:]))
    assert len(out) > 40_000
    assert "gzip data is broken before byte" in problem


def test_an_encoding_nobody_knows_is_said() -> None:
    out, problem = decode("compress", b"abc")
    assert out == b"abc"
    assert problem == "has a content encoding that is not known: 'compress'"


@given(st.sampled_from(["gzip", "deflate", "br", "zstd", "br, gzip", "x"]), st.lists(st.binary(max_size=50)))
def test_no_bytes_make_it_raise(encoding: str, chunks: list[bytes]) -> None:
    out, problem = decode(encoding, *chunks)
    assert isinstance(out, bytes)
    assert isinstance(problem, str)


NOISE = random.Random(7).randbytes(6_000).hex().encode()
LONGER = {
    "gzip": gzip.compress(NOISE),
    "x-gzip": gzip.compress(NOISE[:500]) + gzip.compress(NOISE[500:]),
    "deflate": raw_deflate(NOISE),
    "br": brotli.compress(NOISE),
    "zstd": zstandard.compress(NOISE[:9_000]) + zstandard.compress(NOISE[9_000:]),
    "gzip, br": brotli.compress(gzip.compress(NOISE)),
    "br, gzip": gzip.compress(brotli.compress(NOISE)),
}


@pytest.mark.parametrize("encoding", LONGER)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_damaged_bytes_give_what_can_be_decoded_and_the_place_however_they_are_cut(
    encoding: str, data: st.DataObject
) -> None:
    encoded = bytearray(LONGER[encoding])
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(encoded)), max_size=6)))
    whole = decode(encoding, bytes(encoded))
    assert decode(encoding, *pieces(bytes(encoded), cuts)) == whole
    assert whole[0] == NOISE or whole[1] or "gzip" not in encoding  # the others have no checksum

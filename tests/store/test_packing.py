"""What is left out of records before they are compressed, and that it comes back."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.domain import records
from union_square.store.packing import pack_numbers, pack_records, unpack_numbers, unpack_records

CALL = bytes(range(16))
record = st.tuples(st.integers(0, 255), st.integers(0, 2**64 - 1), st.binary(max_size=300))


@given(st.lists(record, min_size=1))
def test_every_record_comes_back_byte_for_byte(observed: list[tuple[int, int, bytes]]):
    data = b"".join(records.pack(kind, CALL, at, payload) for kind, at, payload in observed)
    packed = pack_records(data)
    assert packed is not None
    assert unpack_records(packed) == data


def test_a_streams_records_take_little_more_than_what_they_carry():
    data = b"".join(records.pack(records.RESPONSE_CHUNK, CALL, 10**15 + 90 * n, b"x" * 20) for n in range(1000))
    packed = pack_records(data)
    assert packed is not None
    assert len(packed) < 1000 * 25 < len(data) // 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        records.pack(1, CALL, 5, b"whole") + b"torn",
        records.pack(1, CALL, 5, b"one") + records.pack(1, CALL[::-1], 6, b"of another call"),
        records.pack(1, CALL, 5, b"harmed")[:-1] + b"D",
        records.pack(1, CALL, 5, b"cut")[:-1],
        b"\x02\0\0\0" + zlib.crc32(b"xx").to_bytes(4, "little") + b"xx" + b"\0" * 40,
    ],
)
def test_what_could_not_be_made_again_is_not_packed(data: bytes):
    assert pack_records(data) is None


@given(st.lists(st.integers(-(2**62), 2**62)))
def test_numbers_come_back(numbers: list[int]):
    assert unpack_numbers(pack_numbers(numbers)) == numbers


def test_numbers_given_one_after_the_other_take_next_to_nothing():
    assert len(pack_numbers(list(range(5000, 7000)))) < 50

"""JSON of any kind is read without raising, and what comes out can be stored and sent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.wire.jsontext import clean, clean_value, count_of, json_text, parse_json
from union_square.wire.textbuffer import TextBuffer

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, inner), default=0)


@given(VALUES)
def test_json_reads_back_as_what_was_written(value: Any) -> None:
    read = parse_json(json.dumps(value).encode())
    assert (read.value, read.problem) == (value, "")


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    read = parse_json(data)
    json_text(clean_value(read.value)).encode()


@given(VALUES.filter(lambda value: isinstance(value, dict | list)), st.data())
def test_a_value_cut_off_anywhere_is_read_as_far_as_it_goes_or_not_at_all(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value)
    cut = data.draw(st.integers(0, len(text) - 1))
    read = parse_json(text[:cut])
    assert read.problem
    assert read.value is None or type(read.value) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": {"b": [1, 2, "thr', {"a": {"b": [1, 2, "thr"]}}),
        ('{"a": "x\\', {"a": "x"}),
        ('{"a": "x\\u00e', {"a": "x"}),
        ('{"a": 1, "b', {"a": 1}),
        ('{"a": 1, "b":', {"a": 1}),
        ('{"a": [1, {"b": tr', {"a": [1, {}]}),
        ("[1, 2", [1, 2]),
        ('{"a":"}]"', {"a": "}]"}),
    ],
)
def test_a_value_cut_off_keeps_what_was_whole(text: str, value: Any) -> None:
    read = parse_json(text)
    assert read.value == value
    assert "at byte" in read.problem


def test_the_place_of_a_mistake_is_named_in_bytes() -> None:
    assert parse_json('{"é": x}'.encode()).problem == "is not JSON: Expecting value at byte 7 (line 1)"


def test_nesting_without_end_is_a_problem_and_no_crash() -> None:
    assert parse_json(b"[" * 200_000).problem
    assert parse_json(b"[" * 100_000 + b"]" * 100_000).problem == "is nested too deeply"
    assert parse_json(b'{"a":' * 50_000 + b"1" + b"}" * 50_000).value is None


def test_what_is_nested_deeply_is_handed_on_as_text() -> None:
    value: Any = "bottom"
    for _ in range(500):
        value = [value]
    assert depth(clean_value(value)) < 70


def test_numbers_that_are_none_become_text() -> None:
    read = parse_json(b'{"a": NaN, "b": Infinity, "c": -Infinity, "d": 1e999, "e": 1.5}')
    assert read.value == {"a": "NaN", "b": "Infinity", "c": "-Infinity", "d": "1e999", "e": 1.5}
    assert json.loads(json_text(read.value)) == read.value


def test_an_integer_of_ten_thousand_digits_is_a_problem() -> None:
    read = parse_json(b"9" * 10_000)
    assert read.value is None
    assert "not usable JSON" in read.problem


def test_bytes_that_are_not_utf8_are_replaced_and_named() -> None:
    read = parse_json(b'{"a": "\xff"}')
    assert read.value == {"a": "\ufffd"}
    assert read.problem == "is not UTF-8 at byte 7"


def test_a_byte_order_mark_and_utf16_are_read() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": 1}').value == {"a": 1}
    assert parse_json('{"a": "é"}'.encode("utf-16")).value == {"a": "é"}


@pytest.mark.parametrize(
    ("text", "value", "where"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}, '"a" at byte 9 (line 1)'),
        ('{"é": [{"a": "}]\\"", "b": 1},\n {"a": "a", "b": 2, "b" : 3}]}', None, '"b" at byte 51 (line 2)'),
        ('{"a": {"a": ["a", ":", {}]}, "b": ["a", ":"], "\\u0061": "a"}', None, '"a" at byte 46 (line 1)'),
        ('[{"x": 1}, {"x": {"y": 1, "y": {"y": 1}}, "x": 2}]', None, '"y" at byte 26 (line 1)'),
    ],
)
def test_of_a_key_given_twice_the_last_counts_and_its_place_is_told(text: str, value: Any, where: str) -> None:
    read = parse_json(text.encode())
    assert read.value == (value or json.loads(text))
    assert read.problem == f"repeats the key {where}; the last one counts"


@given(VALUES.filter(lambda value: isinstance(value, dict) and bool(value)), st.data())
def test_whatever_key_is_written_again_is_found(value: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(value)))
    text = json.dumps([value, {"b": value}, "a:b"])
    again = f"{json.dumps(key)}: 0}}"
    end = text.rindex("}}")
    read = parse_json(f"{text[:end]}, {again}{text[end + 1 :]}")
    assert read.value == [value, {"b": value | {key: 0}}, "a:b"]
    assert f"at byte {end + 2} (line 1); the last one counts" in read.problem


def test_more_values_than_fit_are_refused() -> None:
    assert "more than 4,000,000 values" in parse_json(b"[" + b"1," * 4_000_001 + b"1]").problem


def test_lone_surrogates_are_replaced_and_pairs_joined() -> None:
    assert clean("a\ud83db") == "a\ufffdb"
    assert clean("\ud83d\ude00") == "😀"
    assert clean_value({"\ud800": ["\udc00"]}) == {"\ufffd": ["\ufffd"]}


def test_a_character_split_between_two_pieces_is_one_character() -> None:
    buffer = TextBuffer()
    buffer.add("x\ud83d")
    assert buffer.text() == "x\ufffd"
    buffer.add("\ude00y")
    assert buffer.text() == "x😀y"
    assert buffer.tail(3) == "\ufffdy" or buffer.tail(3).endswith("y")


@pytest.mark.parametrize(
    ("value", "count"), [(3, 3), (0, 0), (3.0, 3), (3.5, None), (-1, None), (True, None), ("3", None), (None, None)]
)
def test_only_whole_numbers_count(value: Any, count: int | None) -> None:
    assert count_of(value) == count
    assert count_of(1 << 70) is None


def test_a_long_array_that_is_cut_off_keeps_its_values() -> None:
    text = json.dumps({"data": [[0.25] * 1000] * 300})
    read = parse_json(text[:-5])
    assert len(read.value["data"]) == 300
    assert len(read.value["data"][-1]) == 999
    assert parse_json('{"data": [0.25, 1.5, tr').value == {"data": [0.25, 1.5]}

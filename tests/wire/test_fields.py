"""A body as fields: each is read from its place, and writing one changes that place and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.wire.jsonplaces import PlaceError, value_at, with_value_at, without
from union_square.wire.writing.fields import (
    PLACES,
    SYSTEM,
    Field,
    FieldError,
    read_fields,
    read_messages,
    read_system,
    write_field,
)

CHAT: dict[str, Any] = {
    "model": "gpt-5",
    "max_tokens": 5,
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image_url"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "12 °C"},
    ],
}  # fmt: skip
RESPONSES: dict[str, Any] = {
    "instructions": "Be brief.",
    "reasoning": {"effort": "low", "summary": "auto"},
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "Look"}]},
              {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
              {"type": "function_call_output", "call_id": "1", "output": "12 °C"}],
}  # fmt: skip
MESSAGES: dict[str, Any] = {
    "max_tokens": 5,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [{"role": "user", "content": "Look"},
                 {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]},
                 {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "12 °C"}]}],
}  # fmt: skip
GEMINI: dict[str, Any] = {
    "system_instruction": {"parts": [{"text": "Be brief."}]},
    "generation_config": {"topP": 0.5},
    "contents": [{"role": "user", "parts": [{"text": "Look"}]}, {"role": "model", "parts": [{"text": "12 °C"}]}],
}
BODIES = {"openai-chat": CHAT, "openai-responses": RESPONSES, "anthropic-messages": MESSAGES, "gemini-generate": GEMINI}
TEXTS = {"words": st.text("abc ", min_size=1).map(str.strip), "whole": st.integers(-(10**9), 10**9).map(str),
         "number": st.floats(-1e9, 1e9, allow_nan=False).map(str), "switch": st.sampled_from(["true", "false"]),
         "list": st.lists(st.text("abc ", min_size=1), min_size=1, max_size=3).map("\n".join)}  # fmt: skip


def field(dialect: str, body: Any, name: str) -> Field:
    return next(field for field in read_fields(dialect, body) if field.name == name)


@given(st.data())
def test_a_field_that_is_written_reads_the_same_and_all_others_stay(data: st.DataObject) -> None:
    dialect = data.draw(st.sampled_from(sorted(PLACES)))
    body: Any = BODIES.get(dialect, {"messages": [{"role": "user", "content": "Look"}]})
    name = data.draw(st.sampled_from(sorted(PLACES[dialect])))
    kind = field(dialect, body, name).kind
    text = data.draw(TEXTS[kind] | st.just(""))
    written = write_field(dialect, body, name, text)
    after = field(dialect, written, name).value
    same = float(after) == float(text) if kind == "number" and text else after == text
    assert same, (dialect, name, text, after)
    others = [[one for one in read_fields(dialect, each) if one.name != name] for each in (body, written)]
    assert others[0] == others[1]
    assert (read_system(dialect, written), read_messages(dialect, written)) == (
        read_system(dialect, body),
        read_messages(dialect, body),
    )


@given(st.data())
def test_every_text_can_be_said_otherwise(data: st.DataObject) -> None:
    dialect = data.draw(st.sampled_from(sorted(BODIES)))
    said = data.draw(st.sampled_from(read_messages(dialect, BODIES[dialect])))
    text = data.draw(st.text("abc"))
    written = write_field(dialect, BODIES[dialect], said.place, text)
    assert value_at(written, said.place) == text
    assert with_value_at(written, said.place, said.text) == BODIES[dialect]


@pytest.mark.parametrize("dialect", sorted(BODIES))
def test_the_system_prompt_is_changed_taken_out_and_put_in_again(dialect: str) -> None:
    body = BODIES[dialect]
    assert read_system(dialect, body) == "Be brief."
    assert read_system(dialect, write_field(dialect, body, SYSTEM, "Be long.")) == "Be long."
    bare = write_field(dialect, body, SYSTEM, "")
    assert (read_system(dialect, bare), "brief" in str(bare)) == ("", False)
    assert [said.text for said in read_messages(dialect, bare)] == [s.text for s in read_messages(dialect, body)]
    assert read_system(dialect, write_field(dialect, bare, SYSTEM, "Be brief.")) == "Be brief."


def test_what_stands_in_a_body_is_found_with_who_says_it() -> None:
    found = {name: [(said.speaker, said.text) for said in read_messages(name, body)] for name, body in BODIES.items()}
    assert found["openai-chat"] == [("user", "Look"), ("assistant", "{}"), ("tool", "12 °C")]
    assert found["openai-responses"] == [("user", "Look"), ("assistant", "{}"), ("tool", "12 °C")]
    assert found["anthropic-messages"] == [("user", "Look"), ("tool", "12 °C")]
    assert found["gemini-generate"] == [("user", "Look"), ("assistant", "12 °C")]
    assert read_messages("openai-responses", {"input": "Look"})[0].place == "input"


def test_the_spelling_that_a_body_has_is_kept() -> None:
    assert write_field("openai-chat", CHAT, "max_tokens", "9")["max_tokens"] == 9
    assert write_field("openai-chat", {}, "max_tokens", "9") == {"max_completion_tokens": 9}
    config = write_field("gemini-generate", GEMINI, "temperature", "0.5")["generation_config"]
    assert config == {"topP": 0.5, "temperature": 0.5}
    assert write_field("openai-responses", RESPONSES, "reasoning", "")["reasoning"] == {"summary": "auto"}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("temperature", "warm", "Temperature must be a number"),
        ("temperature", "nan", "must be a number"),
        ("max_tokens", "1.5", "Max tokens must be a whole number"),
        ("max_tokens", "--1", "Max tokens must be a whole number"),
        ("max_tokens", "²", "Max tokens must be a whole number"),
        ("top_k", "1", "openai-chat has no top k"),
        ("messages.0.role", "x", "openai-chat has no messages.0.role"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(name: str, text: str, words: str) -> None:
    with pytest.raises(FieldError, match=words):
        write_field("openai-chat", CHAT, name, text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab1."),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab1", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.lists(st.sampled_from(["a", "b", "0", "1"]), min_size=1, max_size=3).map(".".join))
def test_a_value_that_can_be_set_is_found_there_and_nothing_raises_otherwise(whole: Any, where: str) -> None:
    try:
        assert value_at(with_value_at(whole, where, 7), where) == 7
    except PlaceError:
        return


@given(VALUES, st.sampled_from(["a", "b", "a.b", "b.a"]))
def test_a_member_that_is_taken_out_is_gone(whole: Any, where: str) -> None:
    assert value_at(without(whole, where), where) is None


@given(st.lists(st.text("a\\n\n\t", min_size=1), min_size=1))
def test_stop_sequences_with_line_ends_come_back(stops: list[str]) -> None:
    text = field("openai-chat", {"stop": stops}, "stop").value
    assert len(text.split("\n")) == len(stops)
    assert write_field("openai-chat", {}, "stop", text)["stop"] == stops


def test_a_body_of_any_shape_has_fields() -> None:
    for dialect in PLACES:
        for body in (None, [], {"messages": 3, "input": {}, "contents": [1], "system": [[]], "options": 5}):
            assert read_fields(dialect, body)
            assert isinstance(read_messages(dialect, body), tuple)

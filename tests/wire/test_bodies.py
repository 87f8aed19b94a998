"""What is kept of earlier bodies saves reading and changes nothing."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from union_square.domain.messages import Message, TextPart
from union_square.wire import bodies as module
from union_square.wire.bodies import Bodies, Items, read_each
from union_square.wire.dialects.registry import read_request
from union_square.wire.headers import ContentType, Target
from union_square.wire.jsontext import decode_value, parse_json

PATHS = ("/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1beta/models/m:generateContent", "/elsewhere")

TEXTS = st.sampled_from(["Hello", "Grüße", 'a "quoted" ]}, text', "😀", "\\", ""])
ITEMS = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": TEXTS}),
    st.fixed_dictionaries({"role": st.just("user"), "content": TEXTS.map(lambda t: [{"type": "text", "text": t}])}),
    st.fixed_dictionaries({"role": st.just("model"), "parts": TEXTS.map(lambda text: [{"text": text}])}),
    st.sampled_from([1, 15, "Hello", [], {}, None]),
)
FIELDS = st.dictionaries(st.sampled_from(["model", "tools", "system", "stream", "input"]), TEXTS, max_size=3)


def written(before: dict[str, Any], name: str, items: Sequence[Any], after: dict[str, Any], *, spaced: bool) -> bytes:
    body = before | {name: list(items)} | {key: value for key, value in after.items() if key not in before}
    return json.dumps(body, ensure_ascii=spaced, indent=1 if spaced else None).encode()


@st.composite
def conversations(draw: st.DrawFn) -> list[bytes]:
    """Bodies of conversations that go on, go back, change in the middle, or break off."""
    said, found = [list[Any]()], list[bytes]()
    before, name = draw(FIELDS), draw(st.sampled_from(["messages", "contents", "input"]))
    spaced = draw(st.booleans())
    for _ in range(draw(st.integers(1, 8))):
        items = [*draw(st.sampled_from(said)), *draw(st.lists(ITEMS, max_size=4))]
        if items and draw(st.booleans()):
            items[draw(st.integers(0, len(items) - 1))] = draw(ITEMS)
        said.append(items)
        data = written(before, name, items, draw(FIELDS), spaced=spaced)
        match draw(st.sampled_from(["whole", "whole", "cut", "spoilt", "twice"])):
            case "cut":
                data = data[: draw(st.integers(0, len(data)))]
            case "spoilt":
                at = draw(st.integers(0, len(data) - 1))
                data = data[:at] + draw(st.binary(min_size=1, max_size=2)) + data[at + 1 :]
            case "twice":
                data = data[:-1] + b', "model": "m", "model": "n"}'
            case _:
                pass
        found.append(data)
    return found


@settings(deadline=None)
@given(conversations(), st.sampled_from(PATHS))
def test_a_body_is_read_alike_whatever_was_read_before(sent: list[bytes], path: str) -> None:
    bodies, target, kind = Bodies(least_bytes=0), Target(method="POST", path=path), ContentType()
    for data in sent:
        assert bodies.parse(data) == parse_json(data)
        assert list(bodies.parse(data).value or ()) == list(parse_json(data).value or ())  # the keys' order, too
        assert read_request(target, data, kind, bodies)[0] == read_request(target, data, kind)[0]


def conversation(turns: int, marked: bool) -> bytes:
    """As an agent sends it; the marker of what is to be cached stands in the last message."""
    messages: list[dict[str, Any]] = [
        {"role": ("user", "assistant")[turn % 2], "content": [{"type": "text", "text": f"Grüße {turn} " * 20}]}
        for turn in range(turns)
    ]
    if marked:
        messages[-1]["content"][0]["cache_control"] = {"type": "ephemeral"}
    body = {"model": "m", "system": "Be brief.", "messages": messages, "max_tokens": 9, "tools": []}
    return json.dumps(body, ensure_ascii=False).encode()


@pytest.mark.parametrize("marked", [False, True], ids=["as it was", "with a marker that moves"])
def test_only_what_is_new_is_read_and_made_into_messages(marked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded, made = list[int](), list[Any]()

    def decode(text: str, at: int) -> tuple[Any, int]:
        decoded.append(at)
        return decode_value(text, at)

    def make(item: Any) -> Message:
        made.append(item)
        return Message(role="user", parts=(TextPart(text=item["content"][0]["text"]),))

    monkeypatch.setattr(module, "decode_value", decode)
    bodies, before = Bodies(), tuple[Message, ...]()
    for turns in range(99, 500, 2):
        decoded.clear()
        made.clear()
        messages = read_each(bodies.parse(conversation(turns, marked)).value["messages"], make)
        assert len(messages) == turns
        if before:
            same = turns - 3 if marked else turns - 2
            assert len(made) == turns - same
            assert len(decoded) <= len(made) + 4  # two keys and their values stand behind the messages
            assert all(one is other for one, other in zip(messages[:same], before[:same], strict=True))
        before = messages


def test_what_one_reader_made_is_not_anothers() -> None:
    items, made = Items([{"text": "a"}]), Message(role="user", parts=())
    other = Message(role="assistant", parts=())
    assert read_each(items, lambda _: made) == (made,)
    assert read_each(items, lambda _: other) == (other,)
    assert read_each([1, 2], lambda _: made) == (made, made)


def test_it_keeps_within_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bodies, "MOST_BYTES", 50_000)
    bodies = Bodies()
    for number in range(200):
        data = json.dumps({"messages": [{"content": f"{number}" * 2000}]}).encode()
        assert bodies.parse(data).value == json.loads(data)
        assert bodies._size == sum(one.size for one in bodies._kept) <= 50_000
    assert 1 <= len(bodies._kept) <= module.MOST_BODIES

"""The demo says what its script says, in each provider's format, and the upstream recognises every request."""

import json

import httpx
import pytest

from union_square.demo.conversations import CONVERSATIONS, WORDS, rounds
from union_square.demo.script import Conversation
from union_square.demo.speak import PATHS, request_body, spoken
from union_square.demo.upstream import STRANGER, create_upstream, key_of, scripted
from union_square.demo.voice import tokens_of
from union_square.domain import events as ev
from union_square.domain.ids import CallId
from union_square.domain.messages import TextPart, ThinkingPart, ToolCallPart
from union_square.wire.understanding import Understanding

CALL = CallId("0" * 32)
STEPS = [
    pytest.param(conversation, index, id=f"{conversation.name}, step {index + 1}")
    for conversation in next(rounds())
    for index in range(conversation.begins_at, len(conversation.steps))
]


def understood(conversation: Conversation, index: int) -> Understanding:
    body = json.dumps(request_body(conversation, index)).encode()
    said = spoken(conversation, index)
    head = f"POST /demo{PATHS[conversation.dialect]} HTTP/1.1\r\ncontent-type: application/json\r\n\r\n".encode()
    fields = "".join(f"{name}: {value}\r\n" for name, value in said.headers.items())
    answer = f"HTTP/1.1 {said.status} X\r\n{fields}\r\n".encode()
    result = Understanding(CALL)
    result.apply(ev.RequestHead(call_id=CALL, at=1, upstream="demo", fingerprint="", recorded=True, head=head))
    result.apply(ev.RequestChunk(call_id=CALL, at=2, data=body))
    result.apply(ev.RequestEnd(call_id=CALL, at=3, total=len(body)))
    result.apply(ev.ResponseHead(call_id=CALL, at=4, head=answer))
    for number, piece in enumerate(said.pieces):
        if piece.data:
            result.apply(ev.ResponseChunk(call_id=CALL, at=5 + number, data=piece.data))
    total = sum(len(piece.data) for piece in said.pieces)
    result.apply(ev.ResponseEnd(call_id=CALL, at=5 + len(said.pieces), total=total))
    return result


@pytest.mark.parametrize(("conversation", "index"), STEPS)
def test_an_answer_is_understood_as_its_script_says(conversation: Conversation, index: int) -> None:
    answer = conversation.steps[index].answer
    result = understood(conversation, index)
    assert not result.request.problem
    assert not result.response.problem
    assert result.request.model == conversation.model
    if answer.status != 200:
        assert result.response.error_message == answer.text
        return
    parts = [part for message in result.response.messages for part in message.parts]
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    if answer.breaks_at is not None:
        assert text
        assert answer.text.startswith(text)
        assert text != answer.text
        return
    assert text == answer.text
    assert "".join(part.text for part in parts if isinstance(part, ThinkingPart)) == answer.thinking
    uses = [(part.id, part.name, json.loads(part.arguments)) for part in parts if isinstance(part, ToolCallPart)]
    assert uses == [(use.id, use.name, dict(use.arguments)) for use in answer.uses]
    assert result.response.usage is not None
    assert result.response.usage.output_tokens
    assert result.view().cost_usd


def test_every_round_is_new_conversations() -> None:
    table = scripted()
    sent = sum(len(c.steps) - c.begins_at for c in CONVERSATIONS)
    assert sum(map(len, table.values())) == len(WORDS) * sent


def test_tokens_joined_are_the_text() -> None:
    for text in ("", " ", "a b", "a\n\n  bcdefghijk ", "trailing  \n"):
        assert "".join(tokens_of(text)) == text


async def test_the_upstream_answers_its_script_and_tells_a_stranger_so() -> None:
    transport = httpx.ASGITransport(create_upstream())
    conversation = next(c for c in next(rounds()) if not c.steps[0].answer.streamed)
    path = PATHS[conversation.dialect]
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
        first = await client.post(path, json=request_body(conversation, 0))
        again = await client.post(path, json=request_body(conversation, 0))
        stranger = await client.post("/v1/chat/completions", json={"model": "m", "messages": []})
        broken = await client.post("/v1/chat/completions", content=b"{")
    assert [first.status_code, again.status_code] == [429, 200]
    assert stranger.json()["choices"][0]["message"]["content"] == STRANGER
    assert broken.status_code == 400
    assert key_of(path, {"a": 1, "b": 2}) == key_of(path, {"b": 2, "a": 1})

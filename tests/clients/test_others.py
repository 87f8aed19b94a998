"""The official SDKs of Ollama, Mistral and Cohere."""

from collections.abc import Iterator
from typing import Any

import cohere
import httpx
import ollama
import pytest
from mistralai.client import Mistral

from tests.clients.conftest import KEY, Wire, answer, events, json_lines

SAY: Any = [{"role": "user", "content": "Grüß Gott"}]


def ollama_piece(text: str, *, done: bool = False) -> dict[str, Any]:
    piece: dict[str, Any] = {"model": "llama3.2", "created_at": "2026-01-01T00:00:00Z", "done": done}
    piece["message"] = {"role": "assistant", "content": text}
    return piece | ({"done_reason": "stop", "eval_count": 2, "prompt_eval_count": 5} if done else {})


def test_ollama(wire: Wire) -> None:
    wire.answers(
        answer(ollama_piece("Good morning.", done=True)),
        json_lines(ollama_piece("Good "), ollama_piece("morning."), ollama_piece("", done=True)),
        answer({"model": "all-minilm", "embeddings": [[1.0, 2.0]]}),
        answer({"model": "llama3.2", "created_at": "2026-01-01T00:00:00Z", "response": "Hello", "done": True}),
        answer({"models": []}),
    )
    with ollama.Client(host=f"{wire.url}/ollama", headers={"Authorization": f"Bearer {KEY}"}) as client:
        speak_ollama(client)
    wire.seen("POST /api/chat", "POST /api/chat", "POST /api/embed", "POST /api/generate", "GET /api/tags")


def speak_ollama(client: ollama.Client) -> None:
    assert client.chat(model="llama3.2", messages=SAY).message.content == "Good morning."
    pieces = client.chat(model="llama3.2", messages=SAY, stream=True)
    assert [piece.message.content for piece in pieces] == ["Good ", "morning.", ""]
    assert client.embed(model="all-minilm", input="a").embeddings == [[1.0, 2.0]]
    assert client.generate(model="llama3.2", prompt="a").response == "Hello"
    assert client.list().models == []


@pytest.fixture
def mistral(wire: Wire) -> Iterator[Mistral]:
    with Mistral(api_key=KEY, server_url=f"{wire.url}/mistral") as client:
        yield client


USAGE = {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}


def test_mistral(wire: Wire, mistral: Mistral) -> None:
    message = {"role": "assistant", "content": "Good morning.", "tool_calls": None, "prefix": False}
    about = {"id": "c-1", "created": 1, "model": "mistral-small-latest"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    choices = [
        {"index": 0, "delta": {"content": text}, "finish_reason": end}
        for text, end in (("Good ", None), ("morning.", "stop"))
    ]
    pieces = [about | {"object": "chat.completion.chunk", "choices": [one]} for one in choices]
    vectors = [{"object": "embedding", "index": 0, "embedding": [1.0, 2.0]}]
    wire.answers(
        answer(about | {"object": "chat.completion", "choices": [choice], "usage": USAGE}),
        events(*pieces, done=True),
        answer({"id": "e-1", "object": "list", "model": "mistral-embed", "data": vectors, "usage": USAGE}),
    )
    whole = mistral.chat.complete(model="mistral-small-latest", messages=SAY)
    assert whole.choices[0].message.content == "Good morning."
    with mistral.chat.stream(model="mistral-small-latest", messages=SAY) as stream:
        assert [event.data.choices[0].delta.content for event in stream] == ["Good ", "morning."]
    assert mistral.embeddings.create(model="mistral-embed", inputs=["a"]).data[0].embedding == [1.0, 2.0]
    wire.seen("POST /v1/chat/completions", "POST /v1/chat/completions", "POST /v1/embeddings")


def test_cohere(wire: Wire) -> None:
    message = {"role": "assistant", "content": [{"type": "text", "text": "Good morning."}]}
    usage = {"tokens": {"input_tokens": 4, "output_tokens": 2}}
    wire.answers(
        answer({"id": "c-1", "finish_reason": "COMPLETE", "message": message, "usage": usage}),
        events(
            {"type": "message-start", "id": "c-1", "delta": {"message": {"role": "assistant", "content": []}}},
            {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Good morning."}}}},
            {"type": "content-end", "index": 0},
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}},
            named=True,
        ),
        answer({"id": "e-1", "embeddings": {"float": [[1.0, 2.0]]}, "texts": ["a"]}),
        answer({"id": "r-1", "results": [{"index": 1, "relevance_score": 0.9}]}),
    )
    with httpx.Client() as plain:
        speak_cohere(cohere.ClientV2(api_key=KEY, base_url=f"{wire.url}/cohere", httpx_client=plain))
    wire.seen("POST /v2/chat", "POST /v2/chat", "POST /v2/embed", "POST /v2/rerank")


def speak_cohere(client: cohere.ClientV2) -> None:
    said: Any = client.chat(model="command-a-03-2025", messages=SAY).message.content
    assert said[0].text == "Good morning."
    kinds = [event.type for event in client.chat_stream(model="command-a-03-2025", messages=SAY)]
    assert kinds == ["message-start", "content-start", "content-delta", "content-end", "message-end"]
    found = client.embed(model="embed-v4.0", texts=["a"], input_type="search_query", embedding_types=["float"])
    assert found.embeddings.float_ == [[1.0, 2.0]]
    assert client.rerank(model="rerank-v3.5", query="a", documents=["b", "c"]).results[0].index == 1

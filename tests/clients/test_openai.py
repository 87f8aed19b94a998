"""The official OpenAI SDK, plain and in its Azure form."""

import base64
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.clients.conftest import KEY, Wire, answer, events, raw

CHAT: dict[str, Any] = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-5",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Good morning."}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}  # fmt: skip
SAY: Any = [{"role": "user", "content": "Grüß Gott"}]


def delta(text: str, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}} | more
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def completed(status: str, text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    output = [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}]
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5", "status": status,
        "output": output if text else [], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12,
                  "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}},
    }  # fmt: skip


@pytest.fixture
def client(wire: Wire) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=KEY, base_url=f"{wire.url}/openai/v1", max_retries=0) as client:
        yield client


def test_chat_whole_and_streamed(wire: Wire, client: openai.OpenAI) -> None:
    wire.answers(answer(CHAT), events(delta("Good "), delta("morning."), delta("", finish_reason="stop"), done=True))
    whole = client.chat.completions.create(model="gpt-5", messages=SAY)
    assert whole.choices[0].message.content == "Good morning."
    stream = client.chat.completions.create(model="gpt-5", messages=SAY, stream=True)
    assert "".join(piece.choices[0].delta.content or "" for piece in stream) == "Good morning."
    for request in wire.seen("POST /v1/chat/completions", "POST /v1/chat/completions"):
        assert "Grüß Gott".encode() in request.body


def test_responses_whole_and_streamed(wire: Wire, client: openai.OpenAI) -> None:
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress", "content": []}
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    wire.answers(
        answer(completed("completed", "Good morning.")),
        events(
            {"type": "response.created", "sequence_number": 0, "response": completed("in_progress", "")},
            {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0, "item": item},
            {"type": "response.output_text.delta", "sequence_number": 2, "delta": "Good ", "logprobs": [], **at},
            {"type": "response.output_text.delta", "sequence_number": 3, "delta": "morning.", "logprobs": [], **at},
            {
                "type": "response.completed",
                "sequence_number": 4,
                "response": completed("completed", "Good morning."),
            },
            named=True,
        ),
    )
    assert client.responses.create(model="gpt-5", input="Grüß Gott").output_text == "Good morning."
    stream = client.responses.create(model="gpt-5", input="Grüß Gott", stream=True)
    assert "".join(e.delta for e in stream if e.type == "response.output_text.delta") == "Good morning."
    wire.seen("POST /v1/responses", "POST /v1/responses")


def test_embeddings(wire: Wire, client: openai.OpenAI) -> None:
    vector = base64.b64encode(b"\x00\x00\x80\x3f\x00\x00\x00\x40").decode()  # 1.0 and 2.0 in IEEE 754
    wire.answers(
        answer(
            {
                "object": "list",
                "model": "text-embedding-3-small",
                "data": [{"object": "embedding", "index": 0, "embedding": vector}],
                "usage": {"prompt_tokens": 2, "total_tokens": 2},
            }
        )
    )
    found = client.embeddings.create(model="text-embedding-3-small", input="a cable car")
    assert list(found.data[0].embedding) == [1.0, 2.0]
    wire.seen("POST /v1/embeddings")


SOUND = bytes(range(256)) * 300


def test_speech_comes_as_the_bytes_it_was(wire: Wire, client: openai.OpenAI) -> None:
    wire.answers(raw(SOUND, "audio/mpeg"), raw(SOUND, "audio/mpeg"))
    assert client.audio.speech.create(model="tts-1", voice="alloy", input="hello").content == SOUND
    with client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input="hello") as answered:
        assert b"".join(answered.iter_bytes()) == SOUND
    wire.seen("POST /v1/audio/speech", "POST /v1/audio/speech")


def test_a_recording_is_uploaded_and_its_transcription_comes_whole_and_streamed(
    wire: Wire, client: openai.OpenAI
) -> None:
    wire.answers(
        answer({"text": "hello there"}),
        events(
            {"type": "transcript.text.delta", "delta": "hello "},
            {"type": "transcript.text.done", "text": "hello there"},
            named=True,
        ),
    )
    file = ("café.wav", SOUND, "audio/wav")
    assert client.audio.transcriptions.create(model="whisper-1", file=file).text == "hello there"
    stream = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=file, stream=True)
    assert [event.type for event in stream] == ["transcript.text.delta", "transcript.text.done"]
    for request in wire.seen("POST /v1/audio/transcriptions", "POST /v1/audio/transcriptions"):
        assert SOUND in request.body


def test_images_are_made_whole_and_streamed_and_edited_from_an_upload(wire: Wire, client: openai.OpenAI) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    made = {"created": 1, "data": [{"b64_json": base64.b64encode(picture).decode()}]}
    partial = {"type": "image_generation.partial_image", "b64_json": "iVBO", "partial_image_index": 0, "created_at": 1,
               "background": "auto", "output_format": "png", "quality": "low", "size": "1024x1024"}  # fmt: skip
    wire.answers(
        answer(made), events(partial, partial | {"type": "image_generation.completed"}, named=True), answer(made)
    )
    image = client.images.generate(model="gpt-image-1", prompt="a bridge")
    assert image.data
    assert base64.b64decode(image.data[0].b64_json or "") == picture
    stream = client.images.generate(model="gpt-image-1", prompt="a bridge", stream=True, partial_images=1)
    assert [event.type for event in stream] == ["image_generation.partial_image", "image_generation.completed"]
    client.images.edit(model="gpt-image-1", prompt="more fog", image=("a.png", picture, "image/png"))
    edited = wire.seen("POST /v1/images/generations", "POST /v1/images/generations", "POST /v1/images/edits")[-1]
    assert picture in edited.body


def test_a_file_is_uploaded_and_read_back(wire: Wire, client: openai.OpenAI) -> None:
    lines = b'{"custom_id": "1"}\n' * 5000
    wire.answers(
        answer({"id": "file-1", "object": "file", "bytes": len(lines), "created_at": 1, "filename": "batch.jsonl",
                "purpose": "batch", "status": "processed"}),
        raw(lines, "application/octet-stream"),
    )  # fmt: skip
    made = client.files.create(file=("batch.jsonl", lines), purpose="batch")
    assert client.files.content(made.id).content == lines
    upload, _ = wire.seen("POST /v1/files", "GET /v1/files/file-1/content")
    assert lines in upload.body


def test_an_error_is_the_providers_own(wire: Wire, client: openai.OpenAI) -> None:
    body = '{"error": {"message": "slow down", "type": "tokens", "param": null, "code": "rate_limit_exceeded"}}'
    wire.answers(
        [
            f"HTTP/1.1 429 Too Many Requests\r\nretry-after-ms: 20\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        ]
    )
    with pytest.raises(openai.RateLimitError) as failed:
        client.chat.completions.create(model="gpt-5", messages=SAY)
    assert failed.value.code == "rate_limit_exceeded"
    assert failed.value.response.headers["retry-after-ms"] == "20"
    wire.seen("POST /v1/chat/completions", state="failed")


def test_the_azure_form(wire: Wire) -> None:
    wire.answers(answer(CHAT), events(delta("Good "), delta("morning."), done=True), answer(CHAT))
    base = f"{wire.url}/azure-openai"
    with openai.AzureOpenAI(api_key=KEY, azure_endpoint=base, api_version="2024-10-21", max_retries=0) as client:
        client.chat.completions.create(model="my-gpt", messages=SAY)
        stream = client.chat.completions.create(model="my-gpt", messages=SAY, stream=True)
        assert "".join(piece.choices[0].delta.content or "" for piece in stream) == "Good morning."
    with openai.OpenAI(api_key=KEY, base_url=f"{base}/openai/v1/", max_retries=0) as client:
        client.chat.completions.create(model="my-gpt", messages=SAY)
    deployment = "POST /openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
    wire.seen(deployment, deployment, "POST /openai/v1/chat/completions")

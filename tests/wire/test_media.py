"""Images and sound, asked for in JSON or in forms with files, are understood."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.calls import JSON, SSE, events_of, understand
from tests.wire.streams import call, named_sse
from union_square.domain.messages import MediaPart, Message, OtherPart, TextPart, Usage
from union_square.wire.headers import ContentType, parse_content_type
from union_square.wire.multipart import parse_form
from union_square.wire.understanding import Understanding

BOUNDARY = "xyz"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00"


def form(*fields: tuple[str, bytes]) -> bytes:
    """A form of fields, each with the parameters of its disposition and its content."""
    parts = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in fields
    ]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def sent(path: str, body: bytes, answer: Any, kind: tuple[str, str] = JSON) -> Understanding:
    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return understand(events_of(path, body, data, request_headers=[("content-type", FORM)], response_headers=[kind]))


HEARD = form(
    ('name="model"', b"gpt-4o-transcribe"),
    ('name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg', b"\xff\xfb\x00" * 500),
    ('name="prompt"', "Grüße".encode()),
    ('name="language"', b"de"),
    ('name="timestamp_granularities[]"', b"word"),
    ('name="timestamp_granularities[]"', b"segment"),
)
HEARD_MESSAGE = Message(
    role="user",
    parts=(
        MediaPart(modality="audio", mime_type="audio/mpeg", name="a.mp3 (1,500 bytes)"),
        TextPart(text="Grüße"),
    ),
)
COUNTS = {"type": "tokens", "input_tokens": 9, "output_tokens": 4, "input_token_details": {"audio_tokens": 9}}


def test_a_transcription_is_read_without_copying_the_sound() -> None:
    got = sent("/v1/audio/transcriptions", HEARD, {"text": "Hallo", "usage": COUNTS})
    request = got.request
    assert (request.dialect, request.operation, request.model) == (
        "audio-transcription",
        "transcription",
        "gpt-4o-transcribe",
    )
    assert request.messages == (HEARD_MESSAGE,)
    assert request.parameters == {"language": "de", "timestamp_granularities": ["word", "segment"]}
    assert got.response.messages == (Message(role="assistant", parts=(TextPart(text="Hallo"),)),)
    assert got.response.usage == Usage(input_tokens=9, output_tokens=4)
    assert got.cost is not None


def test_a_streamed_transcription_grows() -> None:
    stream = named_sse(
        {"type": "transcript.text.delta", "delta": "Hal"},
        {"type": "transcript.text.delta", "delta": "lo"},
        {"type": "transcript.text.done", "text": "Hallo", "usage": COUNTS},
    )
    got = sent("/v1/audio/transcriptions", HEARD, stream, SSE)
    assert got.response.messages == (Message(role="assistant", parts=(TextPart(text="Hallo"),)),)
    assert got.response.usage == Usage(input_tokens=9, output_tokens=4)
    assert got.view().time_to_first_token_ms is not None


def test_subtitles_are_text() -> None:
    got = sent("/v1/audio/translations", HEARD, b"1\n00:00 --> 00:01\nHello\n", ("content-type", "text/plain"))
    assert got.request.operation == "translation"
    assert got.response.messages[0].parts == (TextPart(text="1\n00:00 --> 00:01\nHello\n"),)


@pytest.mark.parametrize("split", [1, 2, 7])
def test_speech_is_sound_whole_or_in_events(split: int) -> None:
    asked = {"model": "tts-1", "input": "Hello", "voice": "alloy", "instructions": "Softly", "response_format": "mp3"}
    sound = b"\xff\xfb\x90\x00" * 5
    whole = understand(
        events_of(
            "/v1/audio/speech",
            json.dumps(asked).encode(),
            sound,
            response_headers=[("content-type", "audio/mpeg")],
        )
    )
    pieces = [sound[at : at + split] for at in range(0, len(sound), split)]
    events = [{"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()} for piece in pieces]
    done = {"type": "speech.audio.done", "usage": {"input_tokens": 2, "output_tokens": 8}}
    streamed = call("/v1/audio/speech", asked | {"stream_format": "sse"}, named_sse(*events, done))
    said = MediaPart(modality="audio", mime_type="audio/mpeg", data=base64.b64encode(sound).decode(), name="20 bytes")
    for got in (whole, streamed):
        assert [message.role for message in got.request.messages] == ["system", "user"]
        assert got.preview == "Hello"
        assert got.response.messages == (Message(role="assistant", parts=(said,)),)
    assert streamed.response.usage == Usage(input_tokens=2, output_tokens=8)


def test_images_are_read_whole() -> None:
    answer = {
        "data": [{"b64_json": "aWE=", "revised_prompt": "A cat"}, {"url": "https://x/y.png"}],
        "output_format": "webp",
        "usage": {"input_tokens": 2, "output_tokens": 8, "total_tokens": 10},
    }
    got = call("/v1/images/generations", {"model": "gpt-image-1", "prompt": "cat", "n": 2}, answer)
    assert (got.request.dialect, got.request.parameters, got.preview) == ("images", {"n": 2}, "cat")
    assert got.response.messages[0].parts == (
        MediaPart(modality="image", mime_type="image/webp", data="aWE="),
        TextPart(text="A cat"),
        MediaPart(modality="image", mime_type="image/webp", url="https://x/y.png"),
    )
    assert got.response.usage == Usage(input_tokens=2, output_tokens=8)


def test_a_partial_image_gives_way_to_the_next() -> None:
    events = [
        {"type": "image_generation.partial_image", "b64_json": "MQ==", "output_format": "png"},
        {"type": "image_generation.partial_image", "b64_json": "Mg=="},
    ]
    done = {"type": "image_generation.completed", "b64_json": "Mw==", "usage": {"input_tokens": 1, "output_tokens": 2}}
    path, asked = "/v1/images/generations", {"model": "gpt-image-1", "prompt": "cat", "stream": True}
    for stream, data in ((named_sse(*events), "Mg=="), (named_sse(*events, done), "Mw==")):
        got = call(path, asked, stream)
        assert got.response.messages[0].parts == (MediaPart(modality="image", mime_type="image/png", data=data),)


@pytest.mark.parametrize(
    ("path", "asked", "answer"),
    [
        (
            "/v1/projects/p/locations/l/publishers/google/models/imagen-4:predict",
            {"instances": [{"prompt": "cat"}], "parameters": {"sampleCount": 1}},
            {"predictions": [{"bytesBase64Encoded": "aWE=", "mimeType": "image/png"}]},
        ),
        (
            "/model/amazon.titan-image-generator-v2:0/invoke",
            {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "cat"}},
            {"images": ["aWE="]},
        ),
        (
            "/model/stability.stable-diffusion-xl-v1/invoke",
            {"text_prompts": [{"text": "cat"}]},
            {"artifacts": [{"base64": "aWE=", "finishReason": "SUCCESS"}]},
        ),
    ],
)
def test_other_painters_are_read(path: str, asked: Any, answer: Any) -> None:
    got = call(path, asked, answer)
    assert (got.request.dialect, got.preview) == ("images", "cat")
    assert got.request.model
    part = got.response.messages[0].parts[0]
    assert isinstance(part, MediaPart)
    assert part.data == "aWE="


def test_an_edit_names_its_pictures() -> None:
    body = form(
        ('name="model"', b"gpt-image-1"),
        ('name="prompt"', b"green"),
        ('name="image[]"; filename="a.png"\r\nContent-Type: image/png', PNG),
        ('name="image[]"; filename="b.png"\r\nContent-Type: image/png', PNG),
    )
    got = sent("/v1/images/edits", body, {"data": []})
    names = [part.name for part in got.request.messages[0].parts if isinstance(part, MediaPart)]
    assert names == ["a.png (10 bytes)", "b.png (10 bytes)"]


def test_a_form_that_nobody_claims_is_shown_by_its_fields() -> None:
    body = form(('name="purpose"', b"batch"), ('name="file"; filename="b.jsonl"', b'{"a": 1}'))
    got = sent("/v1/files", body, {"id": "file-1"})
    assert got.request.dialect == "form"
    assert got.request.messages[0].parts == (
        OtherPart(label="JSON", json='{"purpose":"batch"}'),
        MediaPart(modality="file", name="b.jsonl (8 bytes)"),
    )


@pytest.mark.parametrize(
    ("head", "name", "file_name"),
    [
        ('name="a"; filename="x;y.png"', "a", "x;y.png"),
        ('filename="name=b.png"; name="a"', "a", "name=b.png"),
        ("name=a; filename=x.png", "a", "x.png"),
        ('name="a"; filename=""', "a", ""),
    ],
)
def test_names_may_stand_in_quotes_or_without(head: str, name: str, file_name: str) -> None:
    found = parse_form(form((head, b"1")), parse_content_type(FORM))
    assert found == {name: {"type": "form_file", "filename": file_name, "mime_type": "", "bytes": 1}}


@given(st.binary(max_size=300), st.sampled_from(["xyz", "", "-"]))
def test_no_bytes_make_reading_a_form_fail(data: bytes, boundary: str) -> None:
    kind = ContentType(media_type="multipart/form-data", parameters={"boundary": boundary} if boundary else {})
    json.dumps(parse_form(b"--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n" + data, kind))


def test_a_form_cut_off_gives_what_came() -> None:
    cut = HEARD[: HEARD.index(b"Gr") + 2]
    found = parse_form(cut, parse_content_type(FORM))
    assert (found["model"], found["file"]["bytes"], found["prompt"]) == ("gpt-4o-transcribe", 1500, "Gr")


def test_sound_in_json_is_read_and_a_deployment_names_the_model() -> None:
    asked = {"input_audio": {"data": "aWE=", "format": "wav"}}
    got = call("/openai/deployments/whisper/audio/transcriptions", asked, {"text": "Hello"})
    assert got.request.messages[0].parts == (MediaPart(modality="audio", mime_type="audio/wav", data="aWE="),)
    assert got.request.model == "whisper"

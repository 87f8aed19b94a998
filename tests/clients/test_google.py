"""The official Google SDK, as the Gemini API and as Vertex AI."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials

from tests.clients.conftest import KEY, Wire, answer, events

MODEL = "gemini-of-tests"


def said(text: str, **more: Any) -> dict[str, Any]:
    return {
        "candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0} | more],
        "modelVersion": MODEL, "responseId": "r-1",
        "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 6},
    }  # fmt: skip


@pytest.fixture(params=["gemini", "vertex-ai"])
def form(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def client(wire: Wire, form: str) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=f"{wire.url}/{form}")
    if form == "gemini":
        client = genai.Client(api_key=KEY, http_options=options)
    else:
        client = genai.Client(
            vertexai=True, project="p", location="us-central1", credentials=Credentials(token=KEY), http_options=options
        )  # pyright: ignore[reportArgumentType]
    yield client
    client.close()


def path(form: str, method: str) -> str:
    before = "/v1" if form == "gemini" else "/v1beta1/projects/p/locations/us-central1/publishers/google"
    return f"POST {before}/models/{MODEL}:{method}"


def test_content_whole_and_streamed(wire: Wire, client: genai.Client, form: str) -> None:
    wire.answers(answer(said("Good morning.")), events(said("Good "), said("morning.", finishReason="STOP")))
    assert client.models.generate_content(model=MODEL, contents="Grüß Gott").text == "Good morning."
    stream = client.models.generate_content_stream(model=MODEL, contents="Grüß Gott")
    assert "".join(piece.text or "" for piece in stream) == "Good morning."
    wire.seen(path(form, "generateContent"), path(form, "streamGenerateContent?alt=sse"))


def test_tokens_are_counted(wire: Wire, client: genai.Client, form: str) -> None:
    wire.answers(answer({"totalTokens": 4}))
    assert client.models.count_tokens(model=MODEL, contents="Grüß Gott").total_tokens == 4
    wire.seen(path(form, "countTokens"))


def test_an_image_goes_along_and_a_tool_is_called(wire: Wire, client: genai.Client, form: str) -> None:
    call = {"functionCall": {"name": "look_up", "args": {"place": "Union Square"}}}
    wire.answers(answer({"candidates": [{"content": {"role": "model", "parts": [call]}, "finishReason": "STOP"}]}))
    image = types.Part.from_bytes(data=bytes(range(256)) * 200, mime_type="image/png")
    declared = types.FunctionDeclaration(name="look_up", parameters_json_schema={"type": "object"})
    found = client.models.generate_content(
        model=MODEL,
        contents=[image, "What is this?"],
        config=types.GenerateContentConfig(tools=[types.Tool(function_declarations=[declared])]),
    )
    assert found.function_calls
    assert found.function_calls[0].args == {"place": "Union Square"}
    (request,) = wire.seen(path(form, "generateContent"))
    sent = json.loads(request.body)["contents"][0]["parts"][0]["inlineData"]
    assert "image/png" in sent.values()

"""boto3's Bedrock client: with a bearer key, and what a signature means for a proxy."""

import json
import struct
from binascii import crc32
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from tests.clients.conftest import KEY, Wire, answer, streamed
from tests.support.certificates import Certificates
from tests.support.upstream import Received, Script

MODEL = "us.anthropic.claude-of-tests-v1:0"
PATH = "POST /model/us.anthropic.claude-of-tests-v1%3A0"
SAID: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Two miles."}]}}, "stopReason": "end_turn",
    "usage": {"inputTokens": 12, "outputTokens": 4, "totalTokens": 16}, "metrics": {"latencyMs": 5},
}  # fmt: skip
SAY: Any = [{"role": "user", "content": [{"text": "How far is it?"}]}]


def event(kind: str, value: Any) -> bytes:
    """One message of an AWS event stream, with both of its checksums."""
    names = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(text)) + text.encode()
        for name, text in names.items()
    )
    payload = json.dumps(value).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return message + struct.pack(">I", crc32(message))


def aws_events(*messages: bytes) -> Script:
    """Cut where no message ends."""
    data = b"".join(messages)
    return streamed([data[i : i + 37] for i in range(0, len(data), 37)], "application/vnd.amazon.eventstream")


@pytest.fixture
def client(secure_wire: Wire, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """boto3 gives a bearer key to https only."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client: Any = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"{secure_wire.url}/bedrock",
        verify=str(certificates.ca_file),
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


def test_converse_whole_and_streamed(secure_wire: Wire, client: Any) -> None:
    secure_wire.answers(
        answer(SAID),
        aws_events(
            event("messageStart", {"role": "assistant"}),
            event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Two "}}),
            event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "miles."}}),
            event("contentBlockStop", {"contentBlockIndex": 0}),
            event("messageStop", {"stopReason": "end_turn"}),
            event("metadata", {"usage": SAID["usage"], "metrics": {"latencyMs": 5}}),
        ),
    )
    whole = client.converse(modelId=MODEL, messages=SAY)
    assert whole["output"]["message"]["content"][0]["text"] == "Two miles."
    stream = client.converse_stream(modelId=MODEL, messages=SAY)["stream"]
    texts = [found["contentBlockDelta"]["delta"]["text"] for found in stream if "contentBlockDelta" in found]
    assert texts == ["Two ", "miles."]
    for request in secure_wire.seen(f"{PATH}/converse", f"{PATH}/converse-stream"):
        assert f"Authorization: Bearer {KEY}".encode() in request.lines


def test_invoke_whole_and_streamed(secure_wire: Wire, client: Any) -> None:
    packed = {"bytes": "eyJ0eXBlIjoicGluZyJ9", "p": "abcd"}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "Two miles."}],
    }
    secure_wire.answers(answer(message), aws_events(event("chunk", packed), event("chunk", packed)))
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": []})
    whole = client.invoke_model(modelId=MODEL, body=body)
    assert json.loads(whole["body"].read()) == message
    stream = client.invoke_model_with_response_stream(modelId=MODEL, body=body)["body"]
    assert [found["chunk"]["bytes"] for found in stream] == [b'{"type":"ping"}'] * 2
    secure_wire.seen(f"{PATH}/invoke", f"{PATH}/invoke-with-response-stream")


def signature(
    request: Received, url: str, credentials: Credentials, region: str = "us-east-1", *, body: bytes | None = None
) -> str:
    """What the signature of a request would have to be at `url`: over the same headers, body and moment."""
    sent = {n.decode().lower(): v.strip().decode() for n, _, v in (line.partition(b":") for line in request.lines[1:])}
    signed = ("content-type", "x-amz-date", "x-amz-security-token")
    kept = {name: sent[name] for name in signed if name in sent}
    again = AWSRequest(method="POST", url=url, data=request.body if body is None else body, headers=kept)
    again.context["timestamp"] = sent["x-amz-date"]
    signer = SigV4Auth(credentials, "bedrock", region)
    text = signer.string_to_sign(again, signer.canonical_request(again))
    return signer.signature(text, again)


def test_a_signature_passes_unchanged_and_holds_for_the_proxys_address_only(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK", raising=False)
    credentials = Credentials("AKIDOFTESTS", "a-secret-of-nobody")
    signed = boto3.client(
        "bedrock-runtime", region_name="us-east-1", endpoint_url=f"{wire.url}/bedrock",
        aws_access_key_id=credentials.access_key, aws_secret_access_key=credentials.secret_key,
    )  # fmt: skip
    wire.answers(answer(SAID))
    signed.converse(modelId=MODEL, messages=SAY)
    signed.close()
    (request,) = wire.upstream.received
    sent = next(line for line in request.lines if line.startswith(b"Authorization: ")).decode()
    path = PATH.removeprefix("POST ") + "/converse"
    assert signature(request, f"{wire.url}/bedrock{path}", credentials) in sent
    assert signature(request, f"https://bedrock-runtime.us-east-1.amazonaws.com{path}", credentials) not in sent

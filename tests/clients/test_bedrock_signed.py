"""Signing again for AWS: boto3 signs for the proxy, and the upstream gets a signature that holds at its own address."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from proxy_app.resigning import MAX_SIGNED_BODY
from tests.clients.conftest import Wire, answer, behind_the_proxy
from tests.clients.test_bedrock import MODEL, PATH, SAID, SAY, aws_events, event, signature

OURS = Credentials("AKIDOFTHEMACHINE", "a-secret-of-the-machine", "a-session-token-of-the-machine")
THEIRS = Credentials("AKIDOFTHECLIENT", "a-secret-of-the-client")
KEYS = {
    "AWS_ACCESS_KEY_ID": OURS.access_key,
    "AWS_SECRET_ACCESS_KEY": OURS.secret_key,
    "AWS_SESSION_TOKEN": OURS.token,
}
ON = {"UNION_SQUARE_UPSTREAMS__bedrock__RESIGN": "aws", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with behind_the_proxy(tmp_path_factory.mktemp("signing"), **ON, **KEYS) as wire:
        yield wire


@pytest.fixture
def client(signing: Wire, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    yield from signed_client(signing.url, monkeypatch)


def signed_client(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK", raising=False)
    client: Any = boto3.client(
        "bedrock-runtime", region_name="us-east-1", endpoint_url=f"{url}/bedrock",
        aws_access_key_id=THEIRS.access_key, aws_secret_access_key=THEIRS.secret_key,
        config=Config(retries={"total_max_attempts": 1}),
    )  # fmt: skip
    yield client
    client.close()


def verify(wire: Wire, *paths: str) -> None:
    """The upstream's check: each signature is what its own address, the body and the machine's secret make it."""
    wire.ended(len(paths))
    assert [r.lines[0].decode() for r in wire.upstream.received] == [f"POST {path} HTTP/1.1" for path in paths]
    for request, path in zip(wire.upstream.received, paths, strict=True):
        sent = {n.lower(): v.strip().decode() for n, _, v in (line.partition(b":") for line in request.lines[1:])}
        assert len(sent) == len(request.lines) - 1, "a header is there twice"
        assert sent[b"authorization"].startswith(f"AWS4-HMAC-SHA256 Credential={OURS.access_key}/")
        expected = signature(request, f"{wire.upstream.base_url}{path}", OURS)
        assert sent[b"authorization"].endswith(f"Signature={expected}")
        assert sent[b"x-amz-security-token"] == OURS.token


def test_converse_and_invoke_are_signed_again_whole_and_streamed(signing: Wire, client: Any) -> None:
    stop = event("messageStop", {"stopReason": "end_turn"})
    signing.answers(answer(SAID), aws_events(event("contentBlockDelta", {"delta": {"text": "Two."}}), stop), answer({}))
    assert client.converse(modelId=MODEL, messages=SAY)["stopReason"] == "end_turn"
    stream = client.converse_stream(modelId=MODEL, messages=SAY)["stream"]
    assert [found["contentBlockDelta"]["delta"]["text"] for found in stream if "contentBlockDelta" in found] == ["Two."]
    client.invoke_model(modelId=MODEL, body=b'{"long": "' + b"x" * 300_000 + b'"}')
    path = PATH.removeprefix("POST ")
    verify(signing, f"{path}/converse", f"{path}/converse-stream", f"{path}/invoke")


def test_neither_the_clients_signature_nor_ours_is_recorded(signing: Wire, client: Any) -> None:
    signing.answers(answer(SAID))
    client.converse(modelId=MODEL, messages=SAY)
    (request,) = signing.upstream.received
    (recorded,) = signing.ended(1)
    assert bytes(recorded.request.data) == request.body
    log = b"".join(path.read_bytes() for path in signing.proxy.log_folder.rglob("*.uslog"))
    for secret in (OURS.access_key, OURS.secret_key, OURS.token, THEIRS.access_key):
        assert secret.encode() not in log


def test_what_bears_no_signature_passes_as_it_came(signing: Wire) -> None:
    for headers in ({"Authorization": "Bearer k3y"}, {"X-Amz-Date": "20260101T000000Z"}):
        signing.answers(answer({}))
        httpx.post(f"{signing.url}/bedrock/model/m/converse", json={}, headers=headers, trust_env=False)
        (request,) = signing.upstream.received
        signing.ended(1)
        assert b"AWS4-HMAC" not in request.head
        for name, value in headers.items():
            assert f"{name}: {value}".encode().lower() in request.head.lower()


def by_hand(head: str = "") -> dict[str, str]:
    scope = "Credential=AKID/20260101/eu-west-1/bedrock/aws4_request, SignedHeaders=host, Signature=00"
    return {"Authorization": f"AWS4-HMAC-SHA256 {scope}", "Content-Type": "application/json"}


def test_a_body_in_chunks_keeps_its_framing(signing: Wire) -> None:
    signing.answers(answer({}))
    pieces = (b'{"messages": ', b"[]}")
    url = f"{signing.url}/bedrock/model/a%2Fb%3A0/converse?x=1&a=%20"
    httpx.post(url, content=iter(pieces), headers=by_hand(), trust_env=False)
    (request,) = signing.upstream.received
    signing.ended(1)
    assert request.body == b"d\r\n" + pieces[0] + b"\r\n3\r\n" + pieces[1] + b"\r\n0\r\n\r\n"
    assert b"transfer-encoding: chunked" in request.head.lower()
    assert b"/eu-west-1/bedrock/aws4_request" in request.head, "a region that the upstream's host does not name"
    sent = next(line for line in request.lines if line.startswith(b"Authorization: ")).decode()
    url = f"{signing.upstream.base_url}/model/a%2Fb%3A0/converse?x=1&a=%20"
    assert signature(request, url, OURS, region="eu-west-1", body=b"".join(pieces)) in sent


def test_a_body_too_large_to_hold_is_refused_and_the_upstream_not_asked(signing: Wire) -> None:
    signing.answers(answer({}))

    def pieces() -> Iterator[bytes]:
        for _ in range((MAX_SIGNED_BODY >> 20) + 2):
            yield bytes(1 << 20)

    try:
        refused = httpx.post(f"{signing.url}/bedrock/m", content=pieces(), headers=by_hand(), trust_env=False)
    except httpx.WriteError:
        pass  # the answer came while the body was still on its way
    else:
        assert refused.status_code == 413
        assert refused.json()["error"]["code"] == "signing"
    assert not signing.upstream.received
    (call,) = signing.ended(1)
    assert call.status == 413


def test_without_credentials_the_client_is_told_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = {"AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    with behind_the_proxy(tmp_path, **ON, **empty) as wire:
        for client in signed_client(wire.url, monkeypatch):
            with pytest.raises(ClientError) as caught:
                client.converse(modelId=MODEL, messages=SAY)
            assert "the proxy finds no AWS credentials" in str(caught.value.response)
        assert not wire.upstream.received
        assert "signed again with this machine's AWS credentials" in wire.proxy.errors.read_text()

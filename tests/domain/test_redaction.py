"""Credentials never pass; what is not one does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.domain.redaction import Redactor, is_credential_name, is_credential_parameter

REDACTOR = Redactor(b"k" * 32)
SECRET = b"Zq8vN2wLx5Rt7YbC"


def head(*lines: bytes, target: bytes = b"/openai/v1") -> bytes:
    return b"\r\n".join([b"POST " + target + b" HTTP/1.1", b"Host: p", *lines]) + b"\r\n\r\n"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "proxy-authorization", "X-API-Key", "api-key", "x-goog-api-key", "Cookie", "Set-Cookie",
        "X-Amz-Security-Token", "helicone-auth", "x-portkey-api-key", "cf-aig-authorization",
        "Ocp-Apim-Subscription-Key",
        "x_api_key", "X-Access-Token", "x-signature", "x-hub-signature-256", "X-ApiKey", "x-client-secret",
        "x-csrf-token",
    ],
)  # fmt: skip
def test_headers_that_hold_credentials_are_known(name: str) -> None:
    assert is_credential_name(name.encode())
    redacted = REDACTOR.redact_request_head(head(name.encode() + b": " + SECRET))
    assert SECRET not in redacted.head
    assert redacted.fingerprint == REDACTOR.fingerprint(SECRET)
    assert f"{name}: [redacted:{redacted.fingerprint}]\r\n".encode() in redacted.head
    assert SECRET not in REDACTOR.redact_response_head(
        b"HTTP/1.1 200 OK\r\n" + name.encode() + b":" + SECRET + b"\r\n\r\n"
    )


@pytest.mark.parametrize(
    "name",
    [
        "anthropic-version", "anthropic-beta", "openai-organization", "openai-project", "openai-processing-ms",
        "max-tokens",
        "x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-limit", "x-ratelimit-limit-tokens",
        "Idempotency-Key",
        "x-request-id", "x-amzn-bedrock-input-token-count", "Sec-WebSocket-Key", "Content-Type",
        "x-union-square-session-id",
        "WWW-Authenticate", "User-Agent", "traceparent", "x-stainless-lang", "Keep-Alive",
    ],
)  # fmt: skip
def test_headers_that_hold_none_are_left_as_they_are(name: str) -> None:
    plain = head(name.encode() + b": some value 123")
    assert REDACTOR.redact_request_head(plain).head == plain


@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"Basic ", b"Token ", b""])
def test_the_scheme_stays_and_the_fingerprint_is_that_of_the_credential(scheme: bytes) -> None:
    redacted = REDACTOR.redact_request_head(head(b"Authorization: " + scheme + SECRET))
    mark = REDACTOR.fingerprint(SECRET).encode()
    assert b"Authorization: " + scheme + b"[redacted:" + mark + b"]\r\n" in redacted.head
    assert redacted.fingerprint.encode() == mark


def test_a_signed_request_is_known_by_its_access_key_though_the_signature_changes() -> None:
    signed = (
        b"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/2026/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature="
    )
    one = REDACTOR.redact_request_head(head(b"Authorization: " + signed + b"aaaa1111"))
    two = REDACTOR.redact_request_head(head(b"Authorization: " + signed + b"bbbb2222"))
    assert one.fingerprint == two.fingerprint != ""
    assert b"AKIDEXAMPLE" not in one.head
    assert b"aaaa1111" not in one.head


@pytest.mark.parametrize(
    "name",
    ["key", "api_key", "api-key", "apikey", "access_token", "X-Amz-Signature", "X-Amz-Credential",
     "X-Amz-Security-Token", "sig", "client_secret", "k%65y", "token", "auth"],
)  # fmt: skip
def test_credentials_in_the_query_are_replaced(name: str) -> None:
    assert is_credential_parameter(name.encode())
    redacted = REDACTOR.redact_request_head(
        head(target=b"/gemini/v1?alt=sse&" + name.encode() + b"=" + SECRET + b"&x=1")
    )
    assert SECRET not in redacted.head
    assert b"?alt=sse&" in redacted.head
    assert b"&x=1 HTTP/1.1" in redacted.head
    assert redacted.fingerprint == REDACTOR.fingerprint(SECRET)


@pytest.mark.parametrize("name", ["alt", "model", "pageToken", "max_tokens", "keyword", "monkey", "$filter"])
def test_other_parameters_stay(name: str) -> None:
    plain = head(target=b"/gemini/v1?" + name.encode() + b"=" + SECRET)
    assert REDACTOR.redact_request_head(plain).head == plain


@pytest.mark.parametrize(
    "secret",
    [
        b"sk-proj-abcDEF123456789012", b"sk-ant-api03-abcdefghijkl-mnop", b"AIzaSyA1234567890abcdefghijklmnop",
        b"ghp_abcdefghijklmnopqrst1234", b"github_pat_11ABCDEFG0abcdefgh", b"AKIAIOSFODNN7EXAMPLE",
        b"xoxb-1234567890-abc",
        b"gsk_abcdefghijklmnop1234", b"hf_abcdefghijklmnop1234", b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    ],
)  # fmt: skip
def test_strings_of_a_known_keys_shape_are_replaced_anywhere(secret: bytes) -> None:
    in_header = head(b"X-Custom: a " + secret + b" b")
    in_path = head(target=b"/t/files/" + secret + b"/x")
    in_referer = head(b"Referer: https://x.test/?q=1&next=" + secret)
    for plain in (in_header, in_path, in_referer):
        assert secret not in REDACTOR.redact_request_head(plain).head
        assert secret not in REDACTOR.redact_response_head(plain)


def test_what_only_resembles_a_key_stays() -> None:
    plain = head(b"X-Task: task-force-of-the-desk-team-number-one", b"X-Path: /disk-usage-statistics-overview")
    assert REDACTOR.redact_request_head(plain).head == plain


def test_a_user_and_password_in_an_address_are_replaced() -> None:
    redacted = REDACTOR.redact_request_head(head(b"Referer: https://me:" + SECRET + b"@x.test/"))
    assert SECRET not in redacted.head
    assert b"@x.test/" in redacted.head


def test_the_authorization_is_the_principal_credential_before_others() -> None:
    lines = (b"Cookie: a=b", b"X-Api-Key: other", b"Authorization: Bearer " + SECRET)
    assert REDACTOR.redact_request_head(head(*lines)).fingerprint == REDACTOR.fingerprint(SECRET)


def test_fingerprints_depend_on_the_key_and_a_head_without_a_credential_has_none() -> None:
    assert Redactor(b"j" * 32).fingerprint(SECRET) != REDACTOR.fingerprint(SECRET)
    assert len(REDACTOR.fingerprint(SECRET)) == 16
    assert REDACTOR.redact_request_head(head()).fingerprint == ""


def test_a_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Redactor(b"short")


@given(st.lists(st.binary(max_size=60).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"")), max_size=6))
def test_redacting_never_raises_and_is_its_own_fixed_point(lines: list[bytes]) -> None:
    fresh = Redactor(b"k" * 32)
    first = fresh.redact_request_head(head(*lines))
    again = Redactor(b"k" * 32).redact_request_head(head(*lines))
    assert first == again == fresh.redact_request_head(head(*lines))
    assert fresh.redact_response_head(head(*lines)).count(b"\r\n") == len(lines) + 3

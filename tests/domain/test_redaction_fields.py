"""What stands in a known credential field is masked, byte for byte, however the body is cut; all else stays."""

import json
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union_square.domain.redaction_fields import FieldMask, is_credential_field, mask_whole

SECRET = "c4n4ryS3cr3tV4lu3"
KNOWN = (
    "api_key", "apiKey", "API-KEY", "x-api-key", "OPENAI_API_KEY", "secret_key", "secretAccessKey", "private_key",
    "Ocp-Apim-Subscription-Key", "token", "access_token", "refreshToken", "id_token", "authorization_token",
    "user_access_token", "GITHUB_TOKEN", "secret", "client_secret", "webhookSecret", "password", "db_passwd",
    "passphrase", "authorization", "Authorization", "proxy-authorization", "credentials",
)  # fmt: skip
OTHERS = (
    "key",
    "max_tokens",
    "page_token",
    "nextPageToken",
    "eos_token",
    "primaryKey",
    "monkey",
    "tokens",
    "secrets_of",
)


def masked(body: bytes, *cuts: int) -> bytes:
    mask, edges = FieldMask(), [0, *sorted(cuts), len(body)]
    found = b"".join(mask.feed(body[a:b]) for a, b in pairwise(edges) if a < b)
    assert cuts or mask_whole(body) == found
    return found


def wrapped(value: Any, depth: int) -> Any:
    """`value` as JSON in a string, in JSON in a string, …"""
    for _ in range(depth):
        value = {"arguments": json.dumps(value)}
    return value


@pytest.mark.parametrize("name", KNOWN)
def test_known_fields_are_masked_in_json_forms_and_parts(name: str) -> None:
    part = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{SECRET}\r\n--x--\r\n'
    for body in (
        json.dumps({"a": [{name: SECRET, "b": "kept"}]}).encode(),
        json.dumps({name: SECRET}, indent=2).encode(),
        json.dumps({name: SECRET}, separators=(",", ":")).encode(),
        urlencode({"grant": "kept", name: SECRET, "z": "1"}).encode(),
        part.encode(),
    ):
        assert masked(body) == body.replace(SECRET.encode(), b"*" * len(SECRET)), body


@pytest.mark.parametrize("name", OTHERS)
def test_other_fields_stay(name: str) -> None:
    assert not is_credential_field(name.encode())
    for body in (json.dumps({name: SECRET}).encode(), urlencode({"a": "1", name: SECRET}).encode()):
        assert masked(body) == body


def test_only_strings_are_values_and_only_names_are_names() -> None:
    body = json.dumps(
        {
            "properties": {"api_key": {"type": "string", "description": "the API key"}},
            "required": ["api_key", "password"],
            "name": "password",
            "content": "my password: hunter2, token=abc",
            "token": None,
        }
    ).encode()
    assert masked(body) == body


def test_the_key_of_an_azure_data_source_is_known_by_its_type() -> None:
    body = json.dumps({"authentication": {"type": "api_key", "key": SECRET}}).encode()
    assert SECRET.encode() not in masked(body)


TEXT = st.text(st.sampled_from('ab"\\\n{}:,é '), max_size=12)


@given(st.sampled_from(KNOWN), TEXT, TEXT, st.integers(0, 3), st.lists(st.integers(0, 400), max_size=6))
def test_any_cut_masks_alike_and_the_body_stays_the_json_it_was(
    name: str, secret: str, other: str, depth: int, cuts: list[int]
) -> None:
    body = json.dumps(wrapped({"before": other, name: SECRET + secret, "after": other}, depth)).encode()
    whole = masked(body)
    assert len(whole) == len(body)
    read = json.loads(whole)
    for _ in range(depth):
        read = json.loads(read["arguments"])
    assert (read["before"], read["after"]) == (other, other)
    assert set(read[name]) == {"*"}
    in_pieces = masked(body, *cuts)
    assert len(in_pieces) == len(body)
    # A backslash at the end of a piece may belong to the closing quote, so it stays.
    assert {a for a, b in zip(in_pieces, whole, strict=True) if a != b} <= {0x5C}


BLANKS = st.text(" \t\r\n", max_size=4)


@given(st.sampled_from(KNOWN), BLANKS, BLANKS, st.integers(0, 3))
def test_blanks_about_the_colon_hide_nothing(name: str, before: str, after: str, depth: int) -> None:
    body = f'{{"{name}"{before}:{after}"{SECRET}"}}'
    for _ in range(depth):
        body = json.dumps({"arguments": body})
    assert masked(body.encode()) == body.replace(SECRET, "*" * len(SECRET)).encode()


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_any_bytes_keep_their_length(body: bytes, cuts: list[int]) -> None:
    assert len(masked(body, *cuts)) == len(body)


def test_a_body_without_known_fields_is_the_very_object_that_came() -> None:
    body = json.dumps({"model": "m", "max_tokens": 5, "messages": [{"content": "a key and a token"}]}).encode()
    assert FieldMask().feed(body) is body

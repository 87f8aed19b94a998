"""Recorded provider traffic as exchanges, whatever tool recorded it: vcrpy and its variants, Ruby's VCR, go-vcr, HAR,
one-exchange JSON, bare `.sse` bodies.

The recordings are not part of this repository. They are looked for in the folder `UNION_SQUARE_CASSETTES`, else in
`../shared/cassettes` beside the repository; tests that need them are skipped where neither is there.
"""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(os.environ.get("UNION_SQUARE_CASSETTES") or Path(__file__).parents[2].parent / "shared" / "cassettes")

_HOSTS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "openrouter.ai": "openrouter",
    "api.mistral.ai": "mistral",
    "api.groq.com": "groq",
    "api.deepseek.com": "deepseek",
    "api.x.ai": "xai",
    "api.cohere.com": "cohere",
    "api.together.xyz": "together",
    "api.perplexity.ai": "perplexity",
    "generativelanguage.googleapis.com": "gemini",
    "api.cohere.ai": "cohere",
    "ollama.com": "ollama",
}
_SSE_PATHS = {
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini:streamGenerateContent?alt=sse",
    "ollama": "/api/chat",
    "openai": "/v1/responses",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One recorded request and its response.

    `form` is "raw" where the response body is the bytes as sent (after content decoding, perhaps) and "parsed" where it
    is JSON written anew. Header values are as recorded, which may be a placeholder.
    """

    provider: str  # a known upstream's name, else the host
    method: str
    path: str  # with its query
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    status: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes
    form: Literal["raw", "parsed"]
    file: str  # relative to the folder of cassettes
    index: int

    @property
    def name(self) -> str:
        """For a test's id."""
        return f"{self.file}#{self.index}"

    def header(self, name: str) -> str:
        """A response header's first value; "" = none."""
        return next((value for key, value in self.response_headers if key.lower() == name), "")


class _Loader(yaml.CSafeLoader):
    """Takes Ruby's `!binary` and leaves tags it does not know away."""


def _untagged(loader: Any, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("!binary", yaml.constructor.SafeConstructor.construct_yaml_binary)
_Loader.add_multi_constructor("", _untagged)


def require_cassettes() -> None:
    """Skip the test that calls it where the recordings are not there."""
    if not ROOT.is_dir():
        pytest.skip(f"no recorded provider traffic at {ROOT}; set UNION_SQUARE_CASSETTES to a folder of cassettes")


@cache
def exchanges() -> tuple[Exchange, ...]:
    """Every HTTP exchange below `ROOT`, in the order of its files; none where the folder is not there."""
    found: list[Exchange] = []
    for path in sorted(ROOT.rglob("*")) if ROOT.is_dir() else []:
        if path.name == "MANIFEST.json" or not path.is_file():
            continue
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in {".yaml", ".yml"}:
            found += _from_document(yaml.load(path.read_text("utf-8"), _Loader), name)
        elif path.suffix in {".json", ".har"}:
            found += _from_document(json.loads(path.read_text("utf-8")), name)
        elif path.suffix == ".sse":
            found.append(_from_sse(path.read_bytes(), name))
    return tuple(found)


def _from_document(document: Any, file: str) -> Iterator[Exchange]:
    if not isinstance(document, dict):
        return
    items = document.get("interactions") or document.get("http_interactions")
    items = items or (document.get("log") or {}).get("entries") or ([document] if "request" in document else [])
    for index, item in enumerate(items):
        if isinstance(item, dict) and isinstance(item.get("request"), dict) and isinstance(item.get("response"), dict):
            yield _exchange(item["request"], item["response"], file, index)


def _exchange(request: dict[str, Any], response: dict[str, Any], file: str, index: int) -> Exchange:
    parts = urlsplit(_text(request.get("uri") or request.get("url") or ""))
    body, parsed = _body(response)
    return Exchange(
        provider=_provider(parts.hostname or ""),
        method=_text(request.get("method") or "POST").upper(),
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        request_headers=_headers(request.get("headers")),
        request_body=_body(request)[0],
        status=_status(response),
        response_headers=_headers(response.get("headers")),
        response_body=body,
        form="parsed" if parsed else "raw",
        file=file,
        index=index,
    )


def _provider(host: str) -> str:
    if host.endswith((".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")):
        return "azure-openai"
    if host.endswith("aiplatform.googleapis.com"):
        return "vertex-ai"
    if host.startswith("bedrock-runtime."):
        return "bedrock"
    return _HOSTS.get(host, host)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _status(response: dict[str, Any]) -> int:
    status = response.get("status", response.get("status_code", response.get("code", 200)))
    if isinstance(status, dict):
        status = status.get("code", 200)
    digits = _text(status).split(" ")[0]
    return int(digits) if digits.isdigit() else 200


def _headers(headers: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(headers, list):  # HAR
        return tuple((_text(item["name"]), _text(item["value"])) for item in headers if isinstance(item, dict))
    found: list[tuple[str, str]] = []
    for name, values in (headers or {}).items():
        for value in values if isinstance(values, list) else [values]:
            found.append((_text(name), _text(value)))
    return tuple(found)


def _body(side: dict[str, Any]) -> tuple[bytes, bool]:
    """The body of either side, and whether it is JSON written anew."""
    if "parsed_body" in side:
        return json.dumps(side["parsed_body"], ensure_ascii=False).encode(), True
    body = side.get("body", side.get("postData", side.get("content")))
    if isinstance(body, dict):
        text = body.get("string", body.get("text"))
        if body.get("base64_string"):
            return base64.b64decode(body["base64_string"]), False
        if body.get("encoding") == "base64" and isinstance(text, str):
            return base64.b64decode(text), False
        body = text if text is not None or {"string", "text", "encoding"} & body.keys() else json.dumps(body)
    if body is None:
        return b"", False
    return (body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogatepass")), False


def _from_sse(body: bytes, file: str) -> Exchange:
    """A body alone: its path and content type are what its provider uses."""
    provider = Path(file).parent.name
    kind = "application/x-ndjson" if body.lstrip()[:1] == b"{" else "text/event-stream"
    return Exchange(
        provider=provider,
        method="POST",
        path=_SSE_PATHS.get(provider, "/v1/chat/completions"),
        request_headers=(),
        request_body=b"",
        status=200,
        response_headers=(("content-type", kind),),
        response_body=body,
        form="raw",
        file=file,
        index=0,
    )

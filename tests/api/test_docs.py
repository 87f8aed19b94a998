"""The API describes itself, and what it describes is there."""

import json
import re

import httpx
from starlette.routing import Match

from tests.watching.world import World
from union_square.api import create_api

ONE = {"subject": "call", "id": "0" * 32}
RULE = {"tag": "x", "conditions": {"failed": True}}
BODIES = {
    "annotations": {"text": "x"},
    "{annotation_id}": {"text": "x"},
    "tags": {"tag": "x", "targets": [ONE]},
    "{tag}": {"colour": "red"},
    "rules": RULE,
    "{rule_id}": RULE,
    "queues": {"name": "x"},
    "{queue_id}": {"name": "x"},
    "views": {"page": "search", "name": "x"},
    "{view_id}": {"name": "x"},
    "merge": {"into": "x"},
    "split": {"call_id": "0" * 32},
    "verdicts": {"target": ONE},
}


async def test_every_documented_path_is_there(world: World, api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.")
    json.dumps(document, allow_nan=False)
    asked = 0
    for path, methods in document["paths"].items():
        for method in methods:
            real = re.sub(r"\{subject_id\}|\{call_id\}|\{session_id\}", "0" * 32, path)
            real = (
                re.sub(r"\{(annotation|rule|queue|change)_id\}", "1", real)
                .replace("{tag}", "x")
                .replace("{view_id}", "999")
            )
            if real.endswith("/live"):
                continue  # without end; test_live.py reads it
            body = BODIES.get(path.rsplit("/", 1)[-1], {})
            body = {"tag": "x"} if path.endswith("_id}/tags") else body
            answer = await api.request(
                method,
                real.removeprefix("/api/v1"),
                json=body if method in {"post", "put", "patch"} else None,
                params={"q": "x"} if "search" in real else None,
            )
            assert answer.status_code in {200, 201, 204, 404}, (method, real, answer.text)
            if answer.status_code == 404:
                assert "/api/v1/docs" not in answer.text, "the route is missing, not the call"
            asked += 1
    assert asked >= 20


async def test_every_reference_in_the_document_resolves(api: httpx.AsyncClient) -> None:
    text = (await api.get("/openapi.json")).text
    schemas = json.loads(text)["components"]["schemas"]
    found = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert found
    assert found <= schemas.keys()


async def test_the_page_needs_nothing_from_elsewhere(world: World, api: httpx.AsyncClient) -> None:
    answer = await api.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    page = answer.text
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    for path in create_api(world.watcher).openapi()["paths"]:
        assert path in page
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_nothing_lies_outside_its_prefix(world: World) -> None:
    app = create_api(world.watcher)
    for path in ("/docs", "/openapi.json", "/redoc", "/"):
        scope = {"type": "http", "path": path, "method": "GET", "headers": []}
        assert all(route.matches(scope)[0] is Match.NONE for route in app.routes)

"""Tags, annotations with places, rules, queues and undo, over REST."""

from typing import Any

import httpx
import pytest

from tests.api.test_listings import read
from tests.watching.scripts import Script
from tests.watching.world import World


async def made(world: World, number: int = 1) -> str:
    script = Script(number)
    await world.happen(*script.whole())
    world.project()
    return f"/calls/{script.id}"


async def send(api: httpx.AsyncClient, method: str, path: str, status: int = 200, **body: Any) -> Any:
    answer = await api.request(method, path, json=body if method != "DELETE" else None)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def test_a_span_of_a_message_is_annotated_by_its_quote_alone(world: World, api: httpx.AsyncClient) -> None:
    place = await made(world)
    message = (await read(api, place))["messages"][0]
    text = message["parts"][0]["text"]
    quote = text.split()[-1]
    anchor = {"message": 0, "part": 0, "quote": quote}
    note = await send(
        api, "POST", f"{place}/annotations", 201, kind="number", name="tone", score=0.5, anchor=anchor, author="Ann"
    )
    assert text[note["anchor"]["start"] : note["anchor"]["end"]] == quote
    assert (note["kind"], note["name"], note["score"], note["author"]) == ("number", "tone", 0.5, "Ann")
    edited = await send(api, "PATCH", f"{place}/annotations/{note['id']}", score=0.75, author="Bob")
    assert (edited["score"], edited["anchor"], edited["author"]) == (0.75, note["anchor"], "Ann")
    changes = (await read(api, f"{place}/changes"))["items"]
    assert [(c["action"], c["author"]) for c in changes] == [("edit_annotation", "Bob"), ("annotate", "Ann")]
    await send(api, "POST", f"/changes/{changes[0]['change_id']}/undo", author="Bob")
    assert (await read(api, f"{place}/annotations"))["items"][0]["score"] == 0.5


async def test_who_edits_what_somebody_edited_since_is_told_so(world: World, api: httpx.AsyncClient) -> None:
    place = await made(world)
    note = await send(api, "POST", f"{place}/annotations", 201, text="odd", author="Ann")
    where = f"{place}/annotations/{note['id']}"
    now = await send(api, "PATCH", where, text="not odd", version=note["version"], author="Bob")
    refused = await send(api, "PATCH", where, 409, text="very odd", version=note["version"], author="Ann")
    assert "edited it since" in refused["error"]["message"]
    edited = await send(api, "PATCH", where, text="very odd", version=now["version"], author="Ann")
    assert edited["text"] == "very odd"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"text": ""}, "needs a text"),
        ({"kind": "label"}, "needs a label"),
        ({"text": "x", "anchor": {"message": 99}}, "no message 99"),
        ({"text": "x", "anchor": {"message": 0, "part": 0, "quote": "nowhere said"}}, "does not say"),
        ({"text": "x", "anchor": {"message": 0, "part": 0, "start": 5, "end": 5}}, "start to end"),
    ],
)
async def test_an_annotation_that_cannot_be_is_refused_in_words(
    world: World, api: httpx.AsyncClient, body: dict[str, Any], named: str
) -> None:
    answer = await api.post(f"{await made(world)}/annotations", json=body)
    assert answer.status_code == 422
    assert named in answer.json()["error"]["message"]


async def test_tags_are_listed_coloured_renamed_merged_and_deleted(world: World, api: httpx.AsyncClient) -> None:
    places = [await made(world, n) for n in (1, 2)]
    targets = [{"subject": "call", "id": place.removeprefix("/calls/")} for place in places]
    assert (await send(api, "POST", "/tags", tag="a/b", targets=targets))["count"] == 2
    await send(api, "POST", "/tags", tag="bug", targets=targets[:1])
    listed = await send(api, "PATCH", "/tags/a%2Fb", colour="red")
    assert listed["items"][0] == {"tag": "a/b", "colour": "red", "calls": 2, "sessions": 0}
    assert (await send(api, "PATCH", "/tags/a%2Fb", name="bug"))["items"] == [
        {"tag": "bug", "colour": "red", "calls": 2, "sessions": 0}
    ]
    assert (await send(api, "DELETE", "/tags/bug"))["count"] == 2
    assert (await read(api, "/tags"))["items"] == []
    await send(api, "PATCH", "/tags/x", 422, colour="#f00")


async def test_a_rule_is_made_applied_changed_and_removed(world: World, api: httpx.AsyncClient) -> None:
    place = await made(world)
    rule = await send(api, "POST", "/rules", 201, tag="slow", conditions={"slower_than_ms": 0})
    applied = await send(api, "POST", f"/rules/{rule['id']}/apply")
    assert (applied["seen"], applied["tagged"], applied["after"]) == (1, 1, None)
    assert (await read(api, place))["tags"] == ["slow"]
    off = await send(api, "PUT", f"/rules/{rule['id']}", tag="slow", conditions={"failed": True}, enabled=False)
    assert (await read(api, "/rules"))["items"] == [off]
    await send(api, "DELETE", f"/rules/{rule['id']}", 204)
    await send(api, "POST", f"/rules/{rule['id']}/apply", 404)
    await send(api, "POST", "/rules", 422, tag="all", conditions={})


async def test_a_queue_is_made_and_worked(world: World, api: httpx.AsyncClient) -> None:
    place = await made(world)
    target = {"subject": "call", "id": place.removeprefix("/calls/")}
    queue = await send(api, "POST", "/queues", 201, name="Tone", labels="good, bad", targets=[target])
    assert (queue["labels"], queue["total"], queue["items"][0]["state"]) == ([["1", "good"], ["2", "bad"]], 1, "open")
    await send(api, "POST", f"/queues/{queue['id']}/verdicts", target=target, label="bad", author="Ann")
    assert (await read(api, "/queues"))["items"][0]["done"] == 1
    assert [(a["name"], a["label"]) for a in (await read(api, f"{place}/annotations"))["items"]] == [("Tone", "bad")]
    await send(api, "POST", "/queues", 422, name="x", labels="1=a, 1=b")

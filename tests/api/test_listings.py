"""Listings, single resources, tags and notes, errors: as the public surface says."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.watching.scripts import Script, assistant, user
from tests.watching.world import World

CALL_FIELDS = {
    "id", "session_id", "parent_id", "link_rule", "link_confidence", "upstream", "dialect", "operation", "model",
    "response_model", "status_code", "state", "started_at", "duration_ms", "time_to_first_chunk_ms", "usage",
    "cost_usd", "finish_reasons", "tags", "metadata",
}  # fmt: skip
WHOLE_CALL_FIELDS = CALL_FIELDS | {"messages", "request", "response", "chunks", "gaps"}
LONG_AGO = 1_700_000_000_000_000


async def store_calls(world: World, count: int) -> list[Script]:
    """Chats of one turn each, a minute apart, ended and stored."""
    scripts = [
        Script(number, [user(f"question {number}")], started_us=LONG_AGO + number * 60_000_000)
        for number in range(1, count + 1)
    ]
    for script in scripts:
        await world.happen(*script.whole(f"answer {script.id[-1]}"))
    world.project()
    return scripts


async def read(api: httpx.AsyncClient, path: str, status: int = 200, **query: Any) -> Any:
    answer = await api.get(path, params=query)
    assert answer.status_code == status, answer.text
    assert "access-control-allow-origin" not in answer.headers
    return answer.json()


USAGE_FIELDS = {
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "reasoning_output_tokens",
}


async def test_a_call_has_the_public_fields(world: World, api: httpx.AsyncClient) -> None:
    (script,) = await store_calls(world, 1)
    listed = (await read(api, "/calls"))["items"][0]
    assert listed.keys() >= CALL_FIELDS
    whole = await read(api, f"/calls/{script.id}")
    assert whole.keys() >= WHOLE_CALL_FIELDS
    assert {key: whole[key] for key in listed} == listed
    assert (whole["state"], whole["dialect"], whole["model"]) == ("done", "openai-chat", "gpt-test")
    assert whole["usage"].keys() == USAGE_FIELDS
    assert set(whole["usage"].values()) == {None}  # not reported is never 0
    assert datetime.fromisoformat(whole["started_at"]) == datetime(2023, 11, 14, 22, 14, 20, tzinfo=UTC)
    assert [message["role"] for message in whole["messages"]] == ["user", "assistant"]
    assert whole["messages"][1]["parts"] == [{"type": "text", "text": "answer 1"}]
    assert whole["request"]["start_line"].startswith("POST ")
    assert whole["response"]["headers"] == [["Content-Type", "text/event-stream; charset=utf-8"]]
    assert sum(chunk["bytes"] for chunk in whole["chunks"]) == whole["response_bytes"]
    assert whole["chunks"][0].keys() == {"offset_ms", "bytes"}


async def test_a_running_call_is_listed_and_read_like_any_other(world: World, api: httpx.AsyncClient) -> None:
    script = Script(1)
    await world.happen(*script.request(), *script.answer_begins(), *script.says("So far"))
    whole = await read(api, f"/calls/{script.id}")
    assert (whole["state"], whole["duration_ms"], whole["cost_usd"]) == ("running", None, None)
    assert whole["messages"][-1]["parts"][0]["text"] == "So far"
    assert [call["id"] for call in (await read(api, "/calls", state="running"))["items"]] == [script.id]


@pytest.mark.parametrize("path", ["/calls", "/sessions"])
async def test_pages_by_cursor_give_everything_once_newest_first(
    world: World, api: httpx.AsyncClient, path: str
) -> None:
    scripts = await store_calls(world, 7)
    found: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = await read(api, path, **query)
        assert page.keys() == {"items", "next_cursor"}
        assert len(page["items"]) <= 3
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == [script.id for script in reversed(scripts)]


async def test_a_listing_is_had_in_another_order_page_by_page(world: World, api: httpx.AsyncClient) -> None:
    scripts = [
        Script(n, [user(f"question {n}")], started_us=LONG_AGO + n * 60_000_000, step_us=step)
        for n, step in ((1, 3000), (2, 1000), (3, 2000))
    ]
    running = Script(9, [user("question 9")])
    for script in scripts:
        await world.happen(*script.whole("answer"))
    await world.happen(*running.request(), *running.answer_begins())
    world.project()
    scripts.append(running)  # nobody knows yet how long it will take: it comes last either way
    for path, more in (("/calls", {}), ("/sessions", {}), ("/search", {"q": "question"})):
        for sort, order in (("duration", (1, 2, 0, 3)), ("-duration", (0, 2, 1, 3)), ("time", (0, 1, 2, 3))):
            wanted, found, cursor = [scripts[n].id for n in order], list[str](), dict[str, Any]()
            while True:
                page = await read(api, path, sort=sort, limit=2, **more, **cursor)
                found += [item["id"] for item in page["items"]]
                if page["next_cursor"] is None:
                    break
                cursor = {"cursor": page["next_cursor"]}
            assert found == wanted, (path, sort)
    await read(api, "/sessions", sort="-errors")
    for path, sort in (("/calls", "-errors"), ("/sessions", "dearest"), ("/search", "")):
        answer = await read(api, path, status=422, sort=sort, q="question")
        assert "one of time, cost, duration" in answer["error"]["message"], answer
    page = await read(api, "/calls", sort="-cost", limit=1)
    answer = await read(api, "/calls", status=400, sort="cost", cursor=page["next_cursor"])
    assert "in the order cost" in answer["error"]["message"]


async def test_filters_narrow_a_listing(world: World, api: httpx.AsyncClient) -> None:
    scripts = await store_calls(world, 3)

    async def ids(path: str = "/calls", **query: Any) -> list[str]:
        return [item["id"] for item in (await read(api, path, **query))["items"]]

    assert await ids(session_id=scripts[1].id) == [scripts[1].id]
    assert await ids(model="gpt-test") == [script.id for script in reversed(scripts)]
    assert await ids(upstream="anthropic") == []
    assert await ids(status_code=200, state="done", text="question 2") == [scripts[1].id]
    assert await ids(since="2023-11-14T22:16:20") == [scripts[2].id], "a date without an offset is UTC"
    assert await ids(until="2023-11-14T23:15:20+01:00") == [scripts[0].id]
    assert await ids("/sessions", text="question 3") == [scripts[2].id]
    assert await ids("/search", q="question 2") == [scripts[1].id]


async def test_the_filter_language_narrows_listings_beside_the_other_filters(
    world: World, api: httpx.AsyncClient
) -> None:
    scripts = await store_calls(world, 3)
    running = Script(9, [user("question 9")])
    await world.happen(*running.request(), *running.answer_begins())

    async def ids(path: str = "/calls", **query: Any) -> list[str]:
        return [item["id"] for item in (await read(api, path, **query))["items"]]

    assert await ids(q='"question 2" status:ok') == [scripts[1].id]
    assert await ids(q="-2 -state:running") == [scripts[2].id, scripts[0].id]
    assert await ids(q="model:gpt-test", text="question 2") == [scripts[1].id]
    assert await ids(q="question state:running") == [running.id]
    assert await ids("/sessions", q='"question 3" OR tag:none') == [scripts[2].id]
    answer = await api.get("/calls", params={"q": "modl:gpt"})
    assert answer.status_code == 422
    message = answer.json()["error"]["message"]
    assert message.startswith("q: there is no field modl (at character 1): perhaps model")


async def test_a_session_has_its_calls_and_its_conversation(world: World, api: httpx.AsyncClient) -> None:
    first = Script(1, [user("Hi")], started_us=LONG_AGO)
    second = Script(2, [user("Hi"), assistant("Hello"), user("More")], started_us=LONG_AGO + 1_000_000)
    await world.happen(*first.whole("Hello"), *second.whole("Sure"))
    world.project()
    whole = await read(api, f"/sessions/{first.id}")
    assert [call["id"] for call in whole["calls"]] == [first.id, second.id]
    assert (whole["title"], whole["state"], whole["call_count"]) == ("Hi", "ended", 2)
    talk = await read(api, f"/sessions/{first.id}/conversation")
    added = [[part["text"] for message in turn["added"] for part in message["parts"]] for turn in talk["turns"]]
    assert added == [["Hi"], ["More"]]


@pytest.mark.parametrize("subject", ["calls", "sessions"])
async def test_tags_and_notes_are_put_on_and_taken_off(world: World, api: httpx.AsyncClient, subject: str) -> None:
    (script,) = await store_calls(world, 1)
    place = f"/{subject}/{script.id}"
    for tag in ("slow", "a/b ü", "slow"):
        answer = await api.post(f"{place}/tags", json={"tag": tag})
        assert answer.status_code == 201
    assert sorted((await read(api, f"{place}/tags"))["tags"]) == ["a/b ü", "slow"]
    assert sorted((await read(api, place))["tags"]) == ["a/b ü", "slow"]
    left = await api.delete(f"{place}/tags/a%2Fb%20%C3%BC")
    assert left.json() == {"tags": ["slow"]}
    made = (await api.post(f"{place}/annotations", json={"text": "odd", "author": "me"})).json()
    assert (made["text"], made["author"], made["subject_id"]) == ("odd", "me", script.id)
    assert (await read(api, f"{place}/annotations"))["items"] == [made]
    assert (await read(api, place))["annotations"] == [made]
    assert (await api.delete(f"{place}/annotations/{made['id']}")).status_code == 204
    assert (await read(api, f"{place}/annotations"))["items"] == []
    assert (await api.delete(f"{place}/annotations/{made['id']}")).status_code == 404


UNKNOWN = "0" * 32


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", f"/calls/{UNKNOWN}", 404, "no call"),
        ("GET", f"/calls/{UNKNOWN}/request", 404, "no call"),
        ("GET", f"/calls/{UNKNOWN}/response", 404, "no call"),
        ("GET", "/calls/nonsense", 404, "32 hexadecimal digits"),
        ("GET", "/sessions/unheard-of", 404, "no session"),
        ("GET", "/sessions/a%20b", 404, "not a session id"),
        ("POST", f"/calls/{UNKNOWN}/tags", 404, "no call"),
        ("GET", "/calls?cursor=rubbish", 400, "next_cursor"),
        ("GET", "/sessions?cursor=rubbish", 400, "next_cursor"),
        ("GET", "/calls?limit=0", 422, "query.limit"),
        ("GET", "/calls?limit=201", 422, "query.limit"),
        ("GET", "/calls?modle=x", 422, "modle"),
        ("GET", "/calls?state=gone", 422, "query.state"),
        ("GET", "/calls?since=yesterday", 422, "query.since"),
        ("GET", "/search", 422, "query.q"),
        ("GET", "/nowhere", 404, "/api/v1/docs"),
        ("PUT", "/calls", 405, "Method Not Allowed"),
    ],
)
async def test_errors_say_what_is_wrong(api: httpx.AsyncClient, method: str, path: str, status: int, says: str) -> None:
    answer = await api.request(method, path, json={"tag": "x"} if method == "POST" else None)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["status"] == status
    assert says in error["message"]


@pytest.mark.parametrize(
    "body", [{"tag": ""}, {"tag": "   "}, {"tag": "x" * 300}, {}, {"tag": 3}, {"tag": "a", "b": 1}]
)
async def test_a_tag_that_is_none_is_refused(world: World, api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    (script,) = await store_calls(world, 1)
    answer = await api.post(f"/calls/{script.id}/tags", json=body)
    assert answer.status_code == 422, answer.text


async def test_with_the_store_away_it_is_said_and_what_runs_is_served(world: World, api: httpx.AsyncClient) -> None:
    script = Script(1)
    await world.happen(*script.request(), *script.answer_begins(), *script.says("x"))
    world.store_away()
    answer = await api.get("/calls")
    assert answer.status_code == 503
    assert "try again" in answer.json()["error"]["message"]
    assert answer.headers["retry-after"] == "5"
    assert (await read(api, f"/calls/{script.id}"))["state"] == "running"


async def test_facets_figures_and_saved_views_are_had_over_the_api(world: World, api: httpx.AsyncClient) -> None:
    await store_calls(world, 3)
    facets = {facet["field"]: facet["values"] for facet in await read(api, "/facets", q="question")}
    assert facets["model"] == [{"value": "gpt-test", "calls": 3}]
    assert facets["state"] == [{"value": "done", "calls": 3}]
    figures = await read(api, "/figures", by="upstream", step_seconds=60)
    assert figures["total"]["calls"] == 3
    assert sum(span["calls"] for span in figures["spans"].values()) == 3
    assert list(figures["values"]) == ["openai"]
    made = await api.post("/views", json={"page": "search", "name": "Slow", "query": "ttft>2s"})
    assert made.status_code == 201
    assert await read(api, "/views") == [made.json()]
    assert (await api.post("/views", json={"page": "search", "name": "x", "query": "cost>"})).status_code == 422
    assert (await api.delete(f"/views/{made.json()['id']}")).status_code == 204
    assert await read(api, "/views") == []
    assert (await api.delete(f"/views/{made.json()['id']}")).status_code == 404

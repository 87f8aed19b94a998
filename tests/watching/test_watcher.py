"""The store with the live feed laid over it: no seam, whoever is ahead."""

import json
import os
import time
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from tests.watching.scripts import Script, assistant, call_id, user
from tests.watching.world import World
from union_square.domain import edits
from union_square.domain import events as ev
from union_square.domain.messages import TextPart
from union_square.store.ports import CallFilter, NoSuchSubject, StoreUnavailable
from union_square.watching.opening import open_watcher
from union_square.watching.ports import CallChanged, LiveEvent, TextDelta
from union_square.watching.stored import KEEP_SECONDS


def texts(messages: Any) -> list[str]:
    return [part.text for message in messages for part in message.parts if isinstance(part, TextPart)]


async def test_a_running_call_that_no_session_has_stands_alone(world: World) -> None:
    script = Script(1, [user("What is a union?")])
    await world.happen(*script.request(), *script.answer_begins(), *script.says("A union", " is"))
    (session,) = (await world.watcher.live()).running
    (line,) = session.calls
    assert (session.session.id, session.session.title, session.session.state) == (
        script.id,
        "What is a union?",
        "running",
    )
    assert (line.tail, line.tail_kind, line.call.state) == ("A union is", "text", "running")
    assert line.last_chunk_ms_ago is not None
    detail = await world.watcher.session(script.id)
    assert [call.id for call in detail.calls] == [script.id]
    assert [view.id for view in (await world.watcher.sessions()).items] == [script.id]
    assert [view.id for view in (await world.watcher.calls()).items] == [script.id]


async def test_a_call_is_the_same_before_and_after_it_is_stored(world: World) -> None:
    script = Script(1)
    await world.happen(*script.whole("All", " done"))
    before = await world.watcher.call(script.id)
    body_before = await world.watcher.body(script.id, "response")
    assert (before.call.state, before.call.session_id) == ("done", None)
    world.project()
    after = await world.watcher.call(script.id)
    assert (after.call.state, after.call.link_rule) == ("done", "new")
    assert after.messages == before.messages
    assert after.chunks == before.chunks
    assert await world.watcher.body(script.id, "response") == body_before
    assert body_before.content_type == "text/event-stream; charset=utf-8"


async def test_bytes_come_from_the_archive_once_the_feed_has_let_go(world: World) -> None:
    script = Script(1, started_us=1_000_000_000_000_000)
    await world.happen(*script.whole("long ago"))
    world.project()
    assert world.feed.get(script.id) is None
    assert (await world.watcher.body(script.id, "request")).data == script.body
    assert b"long ago" in (await world.watcher.body(script.id, "response")).data


async def test_a_running_answer_is_the_feeds_and_its_place_the_stores(world: World) -> None:
    first = Script(1, [user("Hi")])
    await world.happen(*first.whole("Hello"))
    world.project()
    second = Script(2, [user("Hi"), assistant("Hello"), user("And now?")], started_us=first.at + 1_000_000)
    await world.happen(*second.request(), *second.answer_begins())
    world.project()
    await world.happen(*second.says("Now", " we"))
    call = await world.watcher.call(second.id)
    assert (call.call.session_id, call.call.parent_id, call.call.state) == (first.id, first.id, "running")
    assert texts(call.messages)[-1] == "Now we"
    await world.watcher.calls()
    (live,) = (one for one in (await world.watcher.live()).running if one.session.running_count)
    assert (live.session.id, live.session.call_count) == (first.id, 2)
    talk = await world.watcher.conversation(first.id)
    assert [texts(turn.added) for turn in talk.turns] == [["Hi"], ["And now?"]]
    assert [texts(turn.answer) for turn in talk.turns] == [["Hello"], ["Now we"]]
    assert not talk.turns[1].branch
    assert talk.detail.session.state == "running"
    (listed,) = (await world.watcher.sessions()).items
    assert (listed.id, listed.state, listed.running_count) == (first.id, "running", 1)


async def test_a_call_that_ended_is_not_running_though_the_store_still_says_so(world: World) -> None:
    script = Script(1)
    await world.happen(*script.request())
    world.project()
    await world.happen(*script.answer_begins(), *script.says("Fast"), *script.ends())
    assert (await world.watcher.call(script.id)).call.state == "done"
    (listed,) = (await world.watcher.calls()).items
    assert listed.state == "done"
    (session,) = (await world.watcher.sessions()).items
    assert (session.state, session.running_count) == ("ended", 0)


async def test_a_page_of_a_call_that_stood_alone_goes_on_with_its_session(world: World) -> None:
    first = Script(1, [user("Hi")])
    await world.happen(*first.whole("Hello"))
    world.project()
    second = Script(2, [user("Hi"), assistant("Hello"), user("More")], started_us=first.at + 1_000_000)
    await world.happen(*second.request())
    assert (await world.watcher.session(second.id)).session.id == second.id
    world.project()
    await world.watcher.calls()
    assert (await world.watcher.session(second.id)).session.id == first.id


async def test_with_the_store_away_what_runs_is_still_served(world: World) -> None:
    script = Script(1)
    await world.happen(*script.request(), *script.answer_begins(), *script.says("Still here"))
    world.store_away()
    assert (await world.watcher.live()).running[0].calls[0].tail == "Still here"
    assert texts((await world.watcher.call(script.id)).messages)[-1] == "Still here"
    assert (await world.watcher.conversation(script.id)).turns[0].call.id == script.id
    assert (await world.watcher.body(script.id, "request")).data == script.body
    for asked in (world.watcher.calls(), world.watcher.sessions(), world.watcher.session("other")):
        with pytest.raises(StoreUnavailable):
            await asked
    with pytest.raises(StoreUnavailable):
        await world.watcher.call(call_id(99))


async def test_what_nobody_knows_is_said_so(world: World) -> None:
    for asked in (world.watcher.call(call_id(9)), world.watcher.session("nope"), world.watcher.conversation("nope")):
        with pytest.raises(NoSuchSubject):
            await asked


async def test_listings_have_no_more_than_asked_for_and_lose_nothing(world: World) -> None:
    old = [Script(number, [user(f"old {number}")], started_us=1_000_000_000_000_000 + number) for number in range(1, 6)]
    for script in old:
        await world.happen(*script.whole("x"))
    world.project()
    fresh = Script(100)
    await world.happen(*fresh.request())
    found: list[str] = []
    cursor = None
    while True:
        page = await world.watcher.calls(limit=2, cursor=cursor)
        assert len(page.items) <= 2
        found += [view.id for view in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [fresh.id, *(script.id for script in reversed(old))]
    filtered = await world.watcher.calls(where=CallFilter(state="running"))
    assert [view.id for view in filtered.items] == [fresh.id]
    assert (await world.watcher.calls(where=CallFilter(model="other"))).items == ()


async def test_tags_and_notes_wait_for_a_call_that_only_the_feed_knows(world: World) -> None:
    script = Script(1)
    call, session = (edits.Target(subject=subject, id=script.id) for subject in ("call", "session"))
    people = world.watcher.people
    await world.happen(*script.request())
    async with anyio.create_task_group() as tasks:

        async def project_soon() -> None:
            await anyio.sleep(0.2)
            world.project()

        tasks.start_soon(project_soon)
        await people.change(edits.AddTag(targets=(call,), tag="slow"))
    assert (await world.watcher.call(script.id)).call.tags == ("slow",)
    note = await people.annotate(session, edits.Note(text="look at this"), "me")
    assert [one.text for one in (await world.watcher.conversation(script.id)).detail.annotations] == ["look at this"]
    await people.change(edits.RemoveAnnotation(id=note.id, target=session))
    assert (await world.watcher.session(script.id)).annotations == ()
    await people.change(edits.RemoveTag(targets=(call,), tag="slow"))
    assert (await world.watcher.call(script.id)).call.tags == ()
    with pytest.raises(NoSuchSubject):
        await people.change(edits.AddTag(targets=(edits.Target(subject="call", id=call_id(77)),), tag="x"))


async def test_a_running_sessions_tags_are_on_the_live_page(world: World) -> None:
    script = Script(1)
    await world.happen(*script.request())
    world.project()
    session = edits.Target(subject="session", id=script.id)
    await world.watcher.people.change(edits.AddTag(targets=(session,), tag="watch"))
    assert [one.session.tags for one in (await world.watcher.live()).running] == [("watch",)]


async def test_a_silent_or_failing_projector_is_told(world: World) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.watcher.run)

        async def told() -> str:
            problem = world.watcher.recording_problem()
            await anyio.sleep(0.05)
            return problem

        world.heartbeat.write_text(json.dumps({"pid": 1, "backlog_bytes": 0, "last_error": "database is locked"}))
        with anyio.fail_after(10):
            while "database is locked" not in await told():
                pass
        world.heartbeat.write_text(json.dumps({"pid": 1, "backlog_bytes": 0, "last_error": ""}))
        with anyio.fail_after(10):
            while await told():
                pass
        os.utime(world.heartbeat, (time.time() - 60,) * 2)
        with anyio.fail_after(10):
            while "not running" not in await told():
                pass
        tasks.cancel_scope.cancel()


async def test_gaps_and_damage_are_told(world: World) -> None:
    gap = ev.Gap(call_id=call_id(1), at=time.time_ns() // 1000, observations=2, bytes=9, reason="stream_full")
    await world.happen(gap)
    assert "could not keep up" in (await world.watcher.live()).recording_problem
    world.log.write(b"\x01" * 40)
    world.log.begin_segment()
    await world.feed.poll()
    assert "cannot be read" in (await world.watcher.live()).recording_problem


async def test_following_tells_everything_once(world: World) -> None:
    early = Script(1)
    await world.happen(*early.request(), *early.answer_begins(), *early.says("Once"))
    heard: list[LiveEvent] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.watcher.run)

        async def listen() -> None:
            async with aclosing(world.watcher.follow()) as events:  # pyright: ignore[reportArgumentType]
                async for event in events:
                    heard.append(event)

        async def until(count: int, kind: str) -> None:
            with anyio.fail_after(10):
                while sum(event.kind == kind for event in heard) < count:
                    await anyio.sleep(0.01)

        tasks.start_soon(listen)
        await until(1, "text")
        world.log.append(*early.says(" upon", " a time"))
        await until(2, "text")
        late = Script(2)
        world.log.append(*late.whole("Quick"))
        await until(1, "call_ended")
        world.log.append(*early.ends())
        await until(2, "call_ended")
        await anyio.sleep(0.3)
        tasks.cancel_scope.cancel()
    kinds = [(event.kind, event.call.id if isinstance(event, CallChanged) else event.call_id) for event in heard]
    for script in (early, late):
        assert kinds.count(("call_started", script.id)) == kinds.count(("call_ended", script.id)) == 1
    said: dict[str, str] = {}
    for event in heard:
        if isinstance(event, TextDelta):
            said[event.call_id] = said.get(event.call_id, "")[: event.offset] + event.text
    assert said == {early.id: "Once upon a time", late.id: "Quick"}
    versions = [event.version for event in heard]
    assert versions == sorted(versions)


async def test_a_doubtful_call_is_dropped_when_the_store_knows_its_end(world: World) -> None:
    script = Script(1)
    await world.happen(*script.request())
    call = world.feed.get(script.id)
    assert call is not None
    world.log.append(*script.answer_begins(), *script.says("x"), *script.ends())
    world.project()
    call.doubtful = True
    await world.watcher.settle_doubts()
    assert world.feed.running() == []
    assert (await world.watcher.call(script.id)).call.state == "done"


async def test_a_watcher_opens_and_closes_with_its_context(world: World) -> None:
    script = Script(1)
    world.log.append(*script.request())
    async with open_watcher(world.folder / "log", world.store.reader, world.store.annotator) as watcher:
        with anyio.fail_after(10):
            while not (snapshot := await watcher.live()).running:
                await watcher.changed(snapshot.version, 1)
    assert snapshot.running[0].calls[0].call.id == script.id
    assert snapshot.recording_problem == ""


async def test_a_conversation_in_which_nothing_happens_is_not_put_together_again(world: World) -> None:
    script = Script(1)
    await world.happen(*script.whole("all of it"))
    world.project()
    session_id = str((await world.watcher.call(script.id)).call.session_id)
    before = await world.watcher.conversation(session_id)
    await anyio.sleep(KEEP_SECONDS + 0.1)
    after = await world.watcher.conversation(session_id)
    assert after.turns is before.turns
    target = edits.Target(subject="call", id=script.id)
    await world.watcher.people.change(edits.AddTag(targets=(target,), tag="seen"))
    assert (await world.watcher.conversation(session_id)).turns[0].call.tags == ("seen",)

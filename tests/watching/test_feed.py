"""The live feed over logs that grow, end, die and vanish."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from tests.recording.logs import HandLog
from tests.watching.scripts import Script, call_id, now_us
from union_square.domain import events as ev
from union_square.domain.ids import WriterId
from union_square.recording.log_reader import FolderLogReader
from union_square.watching import feed as feed_module
from union_square.watching import feedcall as feedcall_module
from union_square.watching.feed import LiveFeed
from union_square.wire.understanding import Understanding


def text_of(feed: LiveFeed, number: int) -> str:
    call = feed.get(call_id(number))
    assert call is not None
    return call.understanding.tail()[1]


class Times:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return 1000 + self.passed

    def clock(self) -> float:
        return now_us() / 1e6 + self.passed


@pytest.fixture
def log(tmp_path: Path) -> HandLog:
    return HandLog(tmp_path)


def feed_of(log: HandLog, times: Times | None = None) -> LiveFeed:
    times = times or Times()
    return LiveFeed(FolderLogReader(log.folder.parent), clock=times.clock, monotonic=times.monotonic)


@asynccontextmanager
async def running(feed: LiveFeed) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feed.run)
        yield
        tasks.cancel_scope.cancel()


async def test_an_answer_is_seen_while_it_grows(log: HandLog) -> None:
    feed, script = feed_of(log), Script(1)
    log.append(*script.request(), *script.answer_begins())
    await feed.poll()
    assert text_of(feed, 1) == ""
    log.append(*script.says("Once upon", " a time"))
    await feed.poll()
    assert text_of(feed, 1) == "Once upon a time"
    assert [call.call_id for call in feed.running()] == [call_id(1)]
    log.append(*script.ends())
    await feed.poll()
    assert feed.running() == []
    assert [call.understanding.view().state for call in feed.ended()] == ["done"]


async def test_a_torn_write_is_seen_when_it_is_whole(log: HandLog) -> None:
    from union_square.domain.records import encode

    feed, script = feed_of(log), Script(1)
    log.append(*script.request(), *script.answer_begins())
    record = encode(script.says("Hello")[0])
    log.write(record[:30])
    await feed.poll()
    assert text_of(feed, 1) == ""
    log.write(record[30:])
    await feed.poll()
    assert text_of(feed, 1) == "Hello"


async def test_at_a_start_only_open_and_recent_calls_are_kept(log: HandLog) -> None:
    hour = 3600 * 1_000_000
    for number in range(1, 50):
        log.append(*Script(number, started_us=now_us() - hour).whole("old"))
    log.append(*Script(100).whole("recent"))
    still_open = Script(101, started_us=now_us() - hour)
    log.append(*still_open.request(), *still_open.answer_begins(), *still_open.says("still"))
    feed = feed_of(log)
    await feed.poll()
    assert [call.call_id for call in feed.running()] == [call_id(101)]
    assert [call.call_id for call in feed.ended()] == [call_id(100)]


async def test_ended_calls_are_dropped_by_age_number_and_bytes(log: HandLog, monkeypatch: pytest.MonkeyPatch) -> None:
    times = Times()
    feed = feed_of(log, times)
    for number in range(1, feed_module.MOST_ENDED + 50):
        log.append(*Script(number).whole("x"))
    await feed.poll()
    assert len(feed.ended()) == feed_module.MOST_ENDED
    monkeypatch.setattr(feed_module, "MOST_ENDED_BYTES", 5000)
    log.append(*Script(9000).whole("y"))
    await feed.poll()
    assert 0 < len(feed.ended()) < 50
    assert feed.ended()[-1].call_id == call_id(9000)
    times.passed = feed_module.KEEP_SECONDS + 1
    await feed.poll()
    assert feed.ended() == []


async def test_calls_of_a_writer_that_died_are_shown_as_cut_off(log: HandLog) -> None:
    times = Times()
    feed, script = feed_of(log, times), Script(1)
    log.append(*script.request(), *script.answer_begins(), *script.says("I was about to"))
    await feed.poll()
    log.append(*script.says(" say"))
    log.die()
    times.passed = 1
    await feed.poll()
    (call,) = feed.ended()
    view = call.understanding.view()
    assert (view.state, view.error_type) == ("cut_off", "proxy_stopped")
    assert text_of(feed, 1) == "I was about to say"
    assert feed.running() == []


async def test_calls_of_a_log_that_vanished_are_not_running_for_ever(log: HandLog) -> None:
    feed, script = feed_of(log), Script(1)
    log.append(*script.request())
    await feed.poll()
    shutil.rmtree(log.folder)
    await feed.poll()
    assert feed.running() == []


async def test_a_part_of_a_log_that_was_missed_makes_open_calls_doubtful(log: HandLog) -> None:
    feed, script = feed_of(log), Script(1)
    first = log.begin_segment()
    log.append(*script.request())
    await feed.poll()
    with first.open("ab") as file:
        file.write(b"\x01" * 40)
    log.position += 40
    log.begin_segment()
    other = Script(2)
    log.append(*other.request())
    await feed.poll()
    assert {call.call_id: call.doubtful for call in feed.running()} == {call_id(1): True, call_id(2): False}
    feed.forget(call_id(1))
    assert [call.call_id for call in feed.running()] == [call_id(2)]


async def test_events_of_calls_whose_begin_was_missed_are_left_to_the_store(log: HandLog) -> None:
    feed, script = feed_of(log), Script(1)
    script.request()
    log.append(*script.answer_begins(), *script.says("?"), *script.ends())
    await feed.poll()
    assert feed.running() == feed.ended() == []


async def test_waiters_are_woken_by_news_and_by_the_clock(log: HandLog) -> None:
    feed, script = LiveFeed(FolderLogReader(log.folder.parent)), Script(1)
    async with running(feed):
        await feed.caught_up()
        seen = feed.version
        assert await feed.changed(seen, timeout_seconds=0.01) == seen
        log.append(*script.request())
        with anyio.fail_after(10):
            assert await feed.changed(seen) > seen


async def test_the_version_stands_still_when_nothing_happens(log: HandLog) -> None:
    times = Times()
    feed = feed_of(log, times)
    log.append(*Script(1).request())
    for _ in range(3):
        times.passed += 0.1
        await feed.poll()
    version = feed.version
    for _ in range(10):
        times.passed += 0.1
        await feed.poll()
    assert feed.version == version


async def test_many_changes_wake_waiters_a_few_times_only(log: HandLog) -> None:
    times = Times()
    feed, script = feed_of(log, times), Script(1)
    log.append(*script.request(), *script.answer_begins())
    await feed.poll()
    begin = feed.version
    for _ in range(100):
        log.append(*script.says("a"))
        times.passed += 0.01
        await feed.poll()
    assert 15 <= feed.version - begin <= 21
    assert text_of(feed, 1) == "a" * 100


async def test_fifty_streams_of_two_writers_are_all_followed(tmp_path: Path) -> None:
    logs = [HandLog(tmp_path), HandLog(tmp_path, WriterId("0191" + "c" * 28))]
    scripts = [Script(number) for number in range(50)]
    feed = feed_of(logs[0])
    for number, script in enumerate(scripts):
        logs[number % 2].append(*script.request(), *script.answer_begins())
    for word in ("one", " two", " three"):
        for number, script in enumerate(scripts):
            logs[number % 2].append(*script.says(word))
        await feed.poll()
    assert {text_of(feed, number) for number in range(50)} == {"one two three"}


async def test_a_large_backlog_is_read_up_in_turns(tmp_path: Path) -> None:
    log = HandLog(tmp_path)
    script = Script(1)
    log.append(*script.request(), *script.answer_begins())
    for number in range(40):
        log.append(ev.ResponseChunk(call_id=script.id, at=script.at, data=bytes([number]) * 200_000))
    feed = feed_of(log)
    with anyio.fail_after(20):
        while True:
            await feed.poll()
            call = feed.get(script.id)
            assert call is not None
            if call.bytes >= 8_000_000:
                break
    assert bytes(call.understanding.recording.response.data) == b"".join(bytes([n]) * 200_000 for n in range(40))


async def test_gaps_are_told_for_five_minutes(log: HandLog) -> None:
    times = Times()
    feed = feed_of(log, times)
    assert feed.gaps() is None
    gap = ev.Gap(call_id=call_id(1), at=now_us(), observations=3, bytes=100, reason="stream_full")
    log.append(gap, gap)
    await feed.poll()
    found = feed.gaps()
    assert found is not None
    assert (found.calls, found.observations, found.bytes, found.reasons) == (1, 6, 200, ("stream_full",))
    times.passed = 400
    assert feed.gaps() is None


class Breaking(Understanding):
    """Fails at what this test says it cannot understand."""

    def apply(self, event: ev.Event) -> None:
        super().apply(event)
        if isinstance(event, ev.ResponseChunk) and b"poison" in event.data:
            raise RuntimeError("a fault of ours")


async def test_a_call_that_cannot_be_understood_is_shown_by_its_heads(
    log: HandLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(feedcall_module, "Understanding", Breaking)
    feed, script, other = feed_of(log), Script(1), Script(2)
    log.append(*script.request(), *script.answer_begins(), *script.says("ok", "poison"))
    log.append(*other.request(), *other.answer_begins(), *other.says("fine"))
    await feed.poll()
    call = feed.get(script.id)
    assert call is not None
    view = call.understanding.view()
    assert (view.state, view.status_code, view.upstream) == ("running", 200, "openai")
    assert text_of(feed, 2) == "fine"
    log.append(*script.says("poison again"), *script.ends())
    await feed.poll()
    assert call.understanding.view().state == "done"
    assert len(caplog.records) == 1
    assert script.id in caplog.text

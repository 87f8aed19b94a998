"""`union-square replay`: a call or a session sent again from a terminal, through the running proxy."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from union_square.domain.events import Event
from union_square.domain.ids import CallId
from union_square.domain.views import CallDetail, CallView, Page
from union_square.replaying.comparing import Difference, answer_text, differences, word_diff
from union_square.replaying.rerun import Order, Rerun, totals
from union_square.replaying.rerunning import ReplayStopped, Sent, open_rerun, send_rerun
from union_square.replaying.resending import Resends
from union_square.store.ports import NO_FILTER, CallFilter, StoreReader


class StoredOnly:
    """The store read without blocking: of what runs, what the store knows."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader

    async def calls(
        self, *, limit: int = 50, cursor: str | None = None, where: CallFilter = NO_FILTER
    ) -> Page[CallView]:
        return await asyncio.to_thread(self._reader.calls, limit=limit, cursor=cursor, where=where)

    async def call(self, call_id: CallId) -> CallDetail:
        return await asyncio.to_thread(self._reader.call, call_id)

    async def call_events(self, call_id: CallId) -> list[Event]:
        return await asyncio.to_thread(self._reader.call_events, call_id)


async def send_again(reader: StoreReader, resends: Resends, order: Order) -> AsyncIterator[str]:
    """Send a call or a session's calls; what came of each, in words, as it comes. Raises ReplayFailure,
    StoreUnavailable."""
    recorded = StoredOnly(reader)
    rerun = await open_rerun(recorded, order)
    async for sent in send_rerun(recorded, resends, rerun, order):
        yield words_of(sent)
    if rerun.state == "stopped":
        raise ReplayStopped(rerun.problem)
    failed = [f"call {turn.before.id}: {turn.problem}" for turn in rerun.turns if turn.state == "failed"]
    if len(rerun.turns) > 1:
        yield _all_words(rerun)
    if failed:
        raise ReplayStopped("\n".join(failed))


def words_of(sent: Sent) -> str:
    """The two answers as one text with [-gone-]{+new+} words, and what they took."""
    before, after = sent.before, sent.after
    marks = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
    spans = word_diff(answer_text(before), answer_text(after))
    lines = [f"{before.call.id} → {after.call.id} ({after.call.upstream}, {after.call.model})"]
    lines += [f"left out: {', '.join(sent.turn.dropped)}"] if sent.turn.dropped else []
    lines += [f"failed: {sent.turn.problem}"] if sent.turn.problem else []
    lines.append("".join(marks[span.kind].format(span.text) for span in spans))
    lines.append(_figures(differences(before.call, after.call)))
    return "\n".join(lines) + "\n"


def _all_words(rerun: Rerun) -> str:
    failed = f", {rerun.failed} failed" if rerun.failed else ""
    head = f"{rerun.sent} of {len(rerun.turns)} calls sent again{failed}; recorded as session {rerun.session}"
    return "\n".join(filter(None, (head, _figures(totals(rerun.turns)))))


def _figures(found: Sequence[Difference]) -> str:
    return "; ".join(filter(None, map(_figure, found)))


def _figure(difference: Difference) -> str:
    before, after = difference.before, difference.after
    if before is None and after is None:
        return ""
    unit = {"duration": " ms", "first token": " ms", "cost": " USD"}.get(difference.name, "")
    shown = ["unknown" if value is None else f"{value:,.4g}" for value in (before, after)]
    return f"{difference.name} {shown[0]} → {shown[1]}{unit}"

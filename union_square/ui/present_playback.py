"""The player: its track, its clock, and the turns as they stood at a moment. PURE."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from union_square.domain.conversation import Turn
from union_square.domain.ids import CallId
from union_square.domain.playback import PlayedCall, Score
from union_square.domain.views import CallDetail
from union_square.ui import wording
from union_square.ui.play_views import DeckView, SegmentView, TrackView
from union_square.ui.transport import Scores, Transport, recorded
from union_square.watching.overlay import lay_over

LANE_PIXELS = 13
MOST_LANES = 8


def clock_words(us: int) -> str:
    """1:02.3, or 1:02:03.4 from an hour on."""
    tenths = us // 100_000
    seconds, tenth = divmod(tenths, 10)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}.{tenth}" if hours else f"{minute}:{second:02d}.{tenth}"


def lanes_of(score: Score) -> list[int]:
    """A lane for each call, so that calls side by side do not cover each other; the last lane takes what is left."""
    free: list[int] = []
    lanes: list[int] = []
    for call in score.calls:
        lane = next((number for number, until in enumerate(free) if until <= call.begin), len(free))
        lane = min(lane, MOST_LANES - 1)
        if lane == len(free):
            free.append(call.end)
        else:
            free[lane] = max(free[lane], call.end)
        lanes.append(lane)
    return lanes


def present_track(score: Score, details: Sequence[CallDetail]) -> TrackView:
    """The calls by their place in played time."""
    lanes = lanes_of(score)
    by_id = {detail.call.id: detail for detail in details}
    segments = [
        _segment(call, number, lane, by_id[call.call_id], score)
        for number, (call, lane) in enumerate(zip(score.calls, lanes, strict=True), 1)
    ]
    return TrackView(
        segments=segments,
        height=f"{(max(lanes, default=0) + 1) * LANE_PIXELS + 4}px",
        milliseconds=-(-score.length // 1000),  # up, so that its end can be reached
        length_words=clock_words(score.length),
    )


def _segment(placed: PlayedCall, number: int, lane: int, detail: CallDetail, score: Score) -> SegmentView:
    begin, end = score.to_played(placed.begin), score.to_played(placed.end)
    first = end if placed.first is None else score.to_played(placed.first)
    call = detail.call
    words = (
        f"#{number}",
        call.response_model or call.model,
        wording.CALL_WORDS[call.state],
        wording.duration(call.duration_ms),
    )
    return SegmentView(
        key=call.id,
        left=_percent(begin, score.length),
        width=_percent(end - begin, score.length),
        top=f"{lane * LANE_PIXELS + 2}px",
        waiting=_percent(first - begin, end - begin),
        state=call.state,
        words=" · ".join(filter(None, words)),
        at=begin // 1000,
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3f}%" if whole > 0 else "0%"


def present_deck(transport: Transport, scores: Scores, address: str) -> DeckView:
    """The buttons as they stand. `address` is the page's."""
    score = scores.of(skip=transport.skip)
    at = recorded(transport, scores)
    return DeckView(
        at=transport.at // 1000,
        left=_percent(transport.at, score.length),
        clock=clock_words(at),
        doing=doing_words(score, at),
        playing=transport.playing,
        speed=f"{transport.speed:g}×",
        skip=transport.skip,
        link=f"{address}?t={at / 1e6:.3f}",
    )


def doing_words(score: Score, at: int) -> str:
    """What was going on at that recorded time."""
    numbers = {call.call_id: number for number, call in enumerate(score.calls, 1)}
    running = score.running(at)
    if not running:
        coming = [call for call in score.calls if call.begin > at]
        if not coming:
            return "The end of what was recorded"
        wait = wording.duration((coming[0].begin - at) / 1000)
        number = numbers[coming[0].call_id]
        return f"No call is open: the application, its tools or a person is at work; #{number} in {wait}"
    return " · ".join(_call_words(call, numbers[call.call_id], at) for call in running[:4])


def _call_words(call: PlayedCall, number: int, at: int) -> str:
    since = wording.duration((at - call.begin) / 1000) or "0 ms"
    if call.first is None or at < call.first:
        return f"#{number} waits for its first words ({since})"
    return f"#{number} is answered ({since})"


def turns_at(turns: Sequence[Turn], score: Score, at: int, then: Mapping[CallId, CallDetail]) -> list[Turn]:
    """The turns that had begun; those that had not ended as `then` has them at that recorded time."""
    begins = {call.call_id: call.begin for call in score.calls}
    return [_turn_at(turn, then.get(turn.call.id)) for turn in turns if begins[turn.call.id] <= at]


def _turn_at(turn: Turn, then: CallDetail | None) -> Turn:
    if then is None:
        return turn
    call = lay_over(turn.call, then.call)
    answer = then.messages[then.request_message_count :]
    if then.call.status_code == 101:  # what is asked in an upgraded connection comes bit by bit too
        return replace(turn, call=call, added=then.messages[: then.request_message_count], answer=answer)
    return replace(turn, call=call, answer=answer)

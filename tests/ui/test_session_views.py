"""The session page's tree, time line, context and changes as values."""

from datetime import timedelta
from typing import Any

from tests.support.fake_watching import BEGAN, assistant, call_id, make_call, tool_result, user
from tests.support.projections import projection, said
from union_square.domain.context import Context
from union_square.domain.conversation import Turn
from union_square.domain.messages import Usage
from union_square.ui.present_changes import diff_html, present_changes
from union_square.ui.present_context import context_note, present_context, present_shares
from union_square.ui.present_tree import present_tree, sure_word
from union_square.ui.present_waterfall import present_waterfall, session_times


def turn(number: int, at: float, ms: float | None, after: int = 0, **changes: Any) -> Turn:
    """Call `number`, `at` seconds after the session began."""
    added = changes.pop("added", (user("go"),))
    context = changes.pop("context", Context())
    values = {
        "started_at": BEGAN + timedelta(seconds=at),
        "duration_ms": ms,
        "time_to_first_chunk_ms": 100.0,
        "time_to_first_token_ms": 200.0,
    }
    call = make_call(number, "s", **(values | changes))
    return Turn(
        call=call,
        added=added,
        answer=(assistant("ok"),),
        branch=False,
        after=call_id(after) if after else None,
        context=context,
    )


def test_calls_at_the_same_time_stand_on_lanes() -> None:
    turns = [turn(1, 0, 3000), turn(2, 1, 1000), turn(3, 1.5, 1000), turn(4, 2.1, 100)]
    view = present_waterfall(turns, BEGAN)
    assert [bar.top for bar in view.bars] == ["0px", "26px", "52px", "26px"]
    assert view.summary == "4 calls in 3.00 s, 3 at once"
    assert (view.bars[0].left, view.bars[0].width) == ("0.000%", "100.000%")


def test_a_long_rest_is_drawn_short_and_told_in_full() -> None:
    view = present_waterfall([turn(1, 0, 1000), turn(2, 36_000, 1000)], BEGAN)
    (rest,) = view.breaks
    assert (rest.kind, rest.title) == ("idle", "9 h 59 min between calls (drawn short)")
    assert float(view.bars[1].width[:-1]) > 40
    assert view.scale[-1].word == "10 h 00 min"


def test_tools_at_work_between_calls_are_counted() -> None:
    turns = [turn(1, 0, 1000), turn(2, 1.5, 1000, after=1, added=(tool_result("a", "x"),)), turn(3, 9, 1000, after=2)]
    times = session_times(turns, BEGAN)
    assert (times.tools, times.waiting, times.streaming) == (500.0, 600.0, 2400.0)
    view = present_waterfall(turns, BEGAN)
    assert [one.title for one in view.breaks if one.kind == "tools"] == ["tools for 500 ms before #2"]
    assert view.rows[1].tools == "500 ms"


def test_a_running_call_reaches_until_the_last_that_was_heard_of_it() -> None:
    running = turn(1, 0, None, state="running", time_to_first_token_ms=None)
    view = present_waterfall([running], BEGAN + timedelta(seconds=4))
    assert view.rows[0].total == "4.00 s"


def test_shares_are_of_all_and_called_an_estimate() -> None:
    call = make_call(1, "s", usage=Usage(input_tokens=1000))
    context = Context(system=750, user=250)
    shares = present_shares(context, call)
    assert [(one.name, one.share, one.tokens) for one in shares] == [
        ("system prompt", "75 %", "≈ 750 tokens"),
        ("user", "25 %", "≈ 250 tokens"),
    ]
    assert "estimate" in context_note(context, call)
    assert "No token count was reported" in context_note(context, make_call(2, "s", usage=None))


def test_context_bars_grow_with_the_requests() -> None:
    turns = [turn(n, n, 10, usage=Usage(input_tokens=100 * n), context=Context(user=10 * n)) for n in (1, 2)]
    assert [bar.height for bar in present_context(turns).bars] == ["50.0%", "100.0%"]


def test_the_tree_says_who_linked_what_and_how_sure_that_is() -> None:
    turns = [turn(1, 0, 10), turn(2, 1, 10, after=1, link_rule="content", link_confidence=0.6)]
    rows = present_tree("s", turns).rows
    assert (rows[1].link, rows[1].sure, rows[1].sure_class) == ("repeats the history", "unsure", "unsure")
    assert (
        rows[1].link_title
        == "The request repeats an earlier call of this session and its answer. That is unsure (60%)."
    )
    assert [sure_word(one) for one in (1.0, 0.95, 0.72, 0.5, 0.2)] == [
        "certain",
        "almost certain",
        "likely",
        "unsure",
        "a guess",
    ]


def test_what_changed_names_the_place_at_which_the_cache_ends() -> None:
    def call(number: int, *texts: str, **changes: Any):
        sent = [said("system" if n == 0 else "user", text) for n, text in enumerate(texts)]
        return projection(number, messages=sent, request_message_count=len(sent), **changes).detail

    before = call(1, "Be brief.", "One?")
    view = present_changes(before, call(2, "Be very brief.", "One?"), compared="#1")
    assert view.summary == "0 messages kept, 1 message changed."
    assert "The system prompt differs" in view.cache
    assert view.changes[0].html == '<div class="diff">Be <ins>very </ins>brief.</div>'
    mark = b'{"system": [{"cache_control": {"type": "ephemeral"}}]}'
    moved = present_changes(before, call(2, "Other.", "One?"), (mark, b"{}"), compared="#1")
    assert "Cache markers moved: they were at system[0], now at nowhere." in moved.cache
    same = present_changes(before, call(3, "Be brief.", "One?"), compared="#1")
    assert "nothing changed" in same.summary


def test_what_a_model_wrote_is_text_in_a_diff() -> None:
    assert "<script>" not in diff_html("<script>1</script>", "<script>2</script> <img src=x>")


def test_of_a_long_tree_the_last_rows_are_shown_with_a_word_for_those_above() -> None:
    turns = [turn(n, n, 100, after=n - 1) for n in range(1, 251)]
    tree = present_tree("s", turns)
    assert [tree.rows[0].number, tree.rows[-1].number, len(tree.rows)] == ["#151", "#250", 100]
    assert tree.earlier == "Show 100 calls above of 150"
    assert present_tree("s", turns, shown=300).earlier == ""
    assert tree.summary.startswith("250 calls")


def test_the_time_lines_table_is_made_only_when_it_is_asked_for() -> None:
    turns = [turn(n, n, 100, after=n - 1) for n in range(1, 4)]
    until = turns[-1].call.started_at
    assert len(present_waterfall(turns, until).rows) == 3
    assert present_waterfall(turns, until, table=False).rows == []
    assert len(present_waterfall(turns, until, table=False).bars) == 3

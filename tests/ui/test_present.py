"""Port values turned into what the pages show."""

from dataclasses import replace
from datetime import timedelta

from tests.support import worlds
from tests.support.fake_watching import BEGAN, FakeWatching, assistant, call_id, make_call, session_of, user
from union_square.domain.messages import Message, TextPart, ToolCallPart, ToolResultPart
from union_square.domain.views import ChunkView, HeadView
from union_square.exporting.curl import curl_command
from union_square.ui.present_body import body_text, present_body
from union_square.ui.present_call import present_call
from union_square.ui.present_conversation import present_conversation, present_turns
from union_square.ui.present_messages import present_messages, results_of
from union_square.ui.present_pages import present_snippets, present_upstreams
from union_square.ui.present_sessions import present_call_line, present_live, present_session_line
from union_square.ui.present_timing import present_timeline
from union_square.watching.ports import RecordedBody, Turn

PROXY = "http://127.0.0.1:8787"


def test_a_session_whose_calls_report_no_usage_shows_dashes_and_says_so() -> None:
    turn = Turn(call=make_call(1, "s", usage=None, cost_usd=None), added=(), answer=(), branch=False)
    line = present_session_line(session_of([turn], "t"))
    assert (line.tokens, line.cost) == ("–", "–")
    assert line.tokens_title == "tokens: not reported"
    assert line.cost_title == "the price of 1 call is not known"


def test_a_cost_that_leaves_calls_out_has_a_plus() -> None:
    turns = worlds.branches().turns
    assert present_session_line(session_of(turns, "t")).cost == "$0.0219+"


def test_a_running_session_counts_on_in_the_browser() -> None:
    line = present_session_line(worlds.running()[0].view())
    assert line.state == "running"
    assert line.since.endswith("Z")
    assert line.duration == ""


def test_a_session_with_failures_says_how_many_and_that_something_is_missing() -> None:
    line = present_session_line(worlds.branches().view())
    assert line.problem == "2 failed calls · recording gap"


async def test_a_stalled_stream_says_for_how_long_and_one_that_flows_says_nothing() -> None:
    snapshot = await FakeWatching(worlds.running()).live()
    tails = {tail.call_id: tail for card in present_live(snapshot.running) for tail in card.tails}
    assert tails[call_id(23)].silence == "no data for 12 s"
    assert tails[call_id(21)].silence == ""
    assert tails[call_id(24)].kind_word == "waiting for the first words"
    assert tails[call_id(22)].kind_word == "thinking"


async def test_a_call_that_ended_a_moment_ago_says_so_and_not_that_it_is_speaking() -> None:
    [live] = (await FakeWatching(worlds.running()[2:]).live()).running
    ended = replace(live.calls[0], call=replace(live.calls[0].call, state="done"))
    [card] = present_live((replace(live, calls=(ended,)),))
    assert card.tails[0].kind_word == "done"
    assert card.tails[0].silence == ""


def test_tool_results_stand_with_the_calls_they_answer() -> None:
    watching = worlds.agent()
    conversation = _conversation(watching.turns)
    turns = present_turns(conversation)
    call = turns[0].messages[-1].blocks[1]
    assert (call.kind, call.title, call.result_state) == ("tool_call", "search_orders", "ok")
    assert "B-20417" in call.result_html
    assert [m.role for m in turns[1].messages] == ["assistant"]  # the tool message is not shown a second time


def test_a_result_without_its_call_is_shown_by_itself() -> None:
    orphan = Message(role="tool", parts=(ToolResultPart(id="gone", text="42"),))
    [view] = present_messages([orphan], "k", results_of([orphan]))
    assert view.blocks[0].kind == "tool_result"


def test_a_failed_tool_is_marked() -> None:
    asked = assistant(ToolCallPart(id="a", name="f", arguments="{}"))
    answered = Message(role="tool", parts=(ToolResultPart(id="a", text="boom", is_error=True),))
    [view] = present_messages([asked], "k", results_of([answered]))
    assert view.blocks[0].result_state == "error"


def test_a_running_tool_call_waits_for_its_result() -> None:
    asked = assistant(ToolCallPart(id="a", name="f", arguments='{"x": "un'))
    [view] = present_messages([asked], "k", {}, running=True)
    assert view.blocks[0].result_state == "waiting"


def test_a_long_system_prompt_is_folded_and_a_short_one_is_not() -> None:
    long, short = (Message(role="system", parts=(TextPart(text=t),)) for t in ("word " * 200, "Be brief."))
    views = present_messages([long, short], "k", {})
    assert [v.folded for v in views] == [True, False]


def test_branches_are_marked_and_name_the_turn_they_continue() -> None:
    turns = present_turns(_conversation(worlds.branches().turns))
    assert [t.branch for t in turns] == [False, False, True, True]
    assert turns[2].branch_note == "Branch: continues turn #1"
    assert turns[2].error.startswith("rate_limit_error: ")
    assert turns[3].gap == "3 pieces (47.1 KiB) could not be recorded"
    assert turns[3].tokens == "tokens not reported"


def test_a_long_session_shows_its_newest_turns_and_offers_the_rest() -> None:
    conversation = _conversation(worlds.huge(turns=100, body=1000).turns)
    turns = present_turns(conversation, 40)
    assert [turns[0].number, turns[-1].number] == ["#61", "#100"]
    assert present_conversation(conversation, 40).earlier == "Show 40 earlier turns of 60"
    assert present_conversation(conversation, 100).earlier == ""


def test_turn_keys_are_unique() -> None:
    turns = present_turns(_conversation(worlds.agent().turns))
    keys = [message.key for turn in turns for message in turn.messages]
    assert len(keys) == len(set(keys))


def test_link_words_name_the_rule_and_the_turn() -> None:
    turns = present_turns(_conversation(worlds.branches().turns))
    assert turns[0].link == "begins a session"
    assert turns[1].link == "after #1 · repeats the history"
    assert turns[3].link_title == (
        "The request repeats an earlier call of this session and its answer. That is likely (82%)."
    )


async def test_a_call_page_has_its_facts_in_words() -> None:
    watching = FakeWatching([worlds.agent()])
    view = present_call(await watching.call(call_id(3)), PROXY, "{}")
    assert view.status_class == "ok"
    assert {p.name: p.value for p in view.usage}["· read from cache"] == "1,024"
    assert {p.name: p.value for p in view.headline}["tokens in → out"] == "2.2k → 164"
    assert view.tools_word == "1 tool"
    assert view.session_href == "/sessions/support-7741"
    assert [m.role for m in view.answered] == ["assistant"]


async def test_a_long_history_shows_its_newest_messages_and_offers_the_rest() -> None:
    watching = FakeWatching([worlds.huge(turns=60, body=1000)])
    view = present_call(await watching.call(call_id(1059)), PROXY, None)
    assert len(view.asked) == 30
    assert view.asked_earlier == "Show earlier messages (89 more)"
    assert present_call(await watching.call(call_id(1059)), PROXY, None, shown=200).asked_earlier == ""


def test_the_curl_command_goes_through_the_proxy_and_holds_no_credential() -> None:
    head = HeadView(
        start_line="POST /anthropic/v1/messages HTTP/1.1",
        headers=(
            ("Host", "127.0.0.1:8787"),
            ("X-Api-Key", "***5d41"),
            ("Cookie", "***77"),
            ("Content-Length", "12"),
            ("anthropic-version", "2023-06-01"),
        ),
    )
    command = curl_command(head, PROXY, """{"a": "it's"}""", "id")
    assert command.splitlines()[0] == "curl http://127.0.0.1:8787/anthropic/v1/messages \\"
    assert '-H "X-Api-Key: $API_KEY"' in command
    assert "***" not in command
    assert "Host" not in command
    assert """'{"a": "it'"'"'s"}'""" in command


def test_a_hostile_header_cannot_leave_its_shell_quotes() -> None:
    head = HeadView(start_line="POST /x HTTP/1.1", headers=(("X-A", "'; touch /tmp/pwned; '$(id)"),))
    import shlex

    words = shlex.split(curl_command(head, PROXY, "b", "id").replace("\\\n", ""))
    assert "X-A: '; touch /tmp/pwned; '$(id)" in words


def test_a_credential_header_with_a_hostile_name_is_quoted_too() -> None:
    head = HeadView(start_line='GET /$(id)"`id` HTTP/1.1', headers=())
    import shlex

    assert shlex.split(curl_command(head, PROXY, "", "id")) == ["curl", PROXY + '/$(id)"`id`']


def test_the_timeline_holds_every_chunk_once() -> None:
    chunks = tuple(ChunkView(offset_ms=10.0 * n, bytes=n) for n in range(1, 501))
    view = present_timeline((ChunkView(offset_ms=1.0, bytes=5),), chunks, 6000.0)
    assert sum(int(tick.label.split(" ")[0]) for tick in view.ticks) == 500
    assert view.chunks_note == "the first 200 of 500"
    assert view.scale == ["0", "1.50 s", "3.00 s", "4.50 s", "6.00 s"]


def test_a_call_without_a_response_has_an_empty_timeline() -> None:
    view = present_timeline((), (), None)
    assert view.ticks == []
    assert view.summary == "no bytes of a response"


def body_of(data: bytes, kind: str) -> RecordedBody:
    return RecordedBody(data=data, content_type=kind, content_encoding="")


def test_a_body_of_many_megabytes_comes_in_pieces() -> None:
    data = b"x" * (5 << 20)
    view = present_body(body_of(data, "text/plain"), data, "", call_id(1), "request")
    assert len(view.html) < 20_000
    assert "5,242,880 characters" in view.html
    assert f"/pieces/{call_id(1)}/request/0/text?" in view.html
    assert view.size == "5.0 MiB"


def test_bytes_that_are_not_text_are_shown_as_bytes() -> None:
    data = b"\x89PNG\r\n\x1a\n\xff"
    view = present_body(body_of(data, "image/png"), data, "", call_id(1), "response")
    assert view.note == "not text: its first bytes"
    assert "89 50 4e 47" in view.html


def test_text_cut_inside_a_character_is_still_text() -> None:
    assert body_text("Grüße".encode()[:3]) == "Gr"
    assert body_text(b"a\xffb" + b"c" * 9) is None


def test_the_lines_to_copy_hold_the_proxys_address() -> None:
    snippets = present_snippets("http://127.0.0.1:9999")
    assert {s.key for s in snippets} == {"env", "openai", "anthropic", "curl"}
    assert all("http://127.0.0.1:9999/" in s.code for s in snippets)
    env = next(s.code for s in snippets if s.key == "env")
    assert "OPENAI_BASE_URL=http://127.0.0.1:9999/openai/v1" in env
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:9999/anthropic" in env


def test_each_upstream_has_its_base_url() -> None:
    lines = present_upstreams((("openai", "https://api.openai.com"), ("mylab", "http://10.0.0.7")), PROXY)
    assert [line.base_url for line in lines] == [f"{PROXY}/openai/v1", f"{PROXY}/mylab"]
    assert [(line.key, line.key_word) for line in lines] == [
        ("OPENAI_API_KEY", "not set"),
        ("MYLAB_API_KEY", "not set"),
    ]


def test_a_call_in_a_listing_leads_to_its_page() -> None:
    line = present_call_line(replace(make_call(7, "s"), preview="Hello"))
    assert (line.href, line.preview, line.status) == (f"/calls/{call_id(7)}", "Hello", "200")


def _conversation(turns: list[Turn]):
    from union_square.domain.views import SessionDetail
    from union_square.watching.ports import Conversation

    detail = SessionDetail(session=session_of(turns, "t"), calls=tuple(t.call for t in turns))
    return Conversation(detail=detail, turns=tuple(turns), truncated=False)


def test_a_user_may_speak_twice_without_a_call_between() -> None:
    turn = Turn(call=make_call(1, "s"), added=(user("one"), user("two")), answer=(assistant("ok"),), branch=False)
    assert [m.role for m in present_turns(_conversation([turn]))[0].messages] == ["user", "user", "assistant"]
    assert turn.call.started_at == BEGAN + timedelta(seconds=40)

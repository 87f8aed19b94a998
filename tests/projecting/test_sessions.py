"""The session ladder, as recorded conversations go through the projector."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.logs import NOON, call_id, chat, in_time
from tests.support.projecting import World
from union_square.domain.client_sessions import client_session
from union_square.domain.messages import Message, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from union_square.domain.redaction_fields import mask_whole
from union_square.domain.session import derived_id
from union_square.domain.threads import places, thread_digests

LONG = "Tell me all about the history of Union Square, from the first survey to this day. " * 8
SYSTEM = {"role": "system", "content": "You are a guide."}


def tool_call(id_: str, arguments: str = '{"city": "Berlin"}') -> dict[str, object]:
    function = {"name": "weather", "arguments": arguments}
    return {"role": "assistant", "content": None, "tool_calls": [{"id": id_, "type": "function", "function": function}]}


def tool_result(id_: str) -> dict[str, object]:
    return {"role": "tool", "tool_call_id": id_, "content": "12 °C"}


def link(world: World, number: int) -> tuple[str | None, int | None, str | None, float | None]:
    call = world.call(number)
    parent = None if call.parent_id is None else int(call.parent_id, 16)
    return call.session_id, parent, call.link_rule, call.link_confidence


# Rung 1


def test_our_own_header_names_the_session_word_for_word():
    world = World()
    header = [("X-Union-Square-Session-Id", "support:42")]
    world.project(chat(1, ["hi"], ["yes?"], headers=header))
    world.project(chat(2, ["something else"], ["ok"], headers=header, fingerprint="another key"))
    assert link(world, 1) == ("support:42", None, "header", 1.0)
    assert link(world, 2) == ("support:42", None, "header", 1.0)


def test_a_name_that_cannot_stand_in_a_path_is_kept_beside_a_derived_one():
    world = World()
    for number in (1, 2):
        world.project(chat(number, ["hi"], ["yes?"], headers=[("x-union-square-session-id", "Grüße / 1")]))
    assert world.session(1) == world.session(2) == derived_id("h", "Grüße / 1")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("Helicone-Session-Id", "abc")], {}),
        ([("langfuse_session_id", "abc")], {}),
        ([("x-langfuse-session-id", "abc")], {}),
        ([("x-litellm-session-id", "abc")], {}),
        ([("X-Claude-Code-Session-Id", "abc")], {}),
        ([("session_id", "abc")], {}),
        ([("Session-Id", "abc")], {}),
        ([("conversation_id", "abc")], {}),
        ([("baggage", "tenant=7, session.id=a%62c;ttl=1,x=y")], {}),
        ([], {"metadata": {"session_id": "abc"}}),
        ([], {"metadata": {"langfuse_session_id": "abc"}}),
        ([], {"litellm_session_id": "abc"}),
        ([], {"session_id": "abc"}),
        ([], {"metadata": {"user_id": '{"device_id":"d","account_uuid":"","session_id":"abc"}'}}),
    ],
    ids=str,
)
def test_a_known_clients_own_id_names_the_session_of_one_key(headers: list[tuple[str, str]], body: dict[str, object]):
    world = World()
    for number, key in ((1, "key"), (2, "key"), (3, "another key")):
        world.project(chat(number, [f"hi {number}"], ["yes?"], headers=headers, fingerprint=key, **body))
    assert link(world, 1) == (derived_id("c", "key", "abc"), None, "client", 0.95)
    assert world.session(2) == world.session(1) != world.session(3)


def test_claude_codes_user_id_ends_with_its_session():
    user_id = "user_0a1b_account_11111111-2222_session_57a121ec-f78c-48c3-a745-e3036a3ecc33"
    assert client_session((), {"metadata": {"user_id": user_id}}) == "57a121ec-f78c-48c3-a745-e3036a3ecc33"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")], {}),
        ([("x-portkey-trace-id", "abc")], {}),
        ([("x-client-request-id", "abc")], {}),
        ([("baggage", "session.idx=abc, xsession.id=abc")], {}),
        ([("helicone-session-id", "  ")], {}),
        ([("x-session-id", "x" * 600)], {}),
        ([], {"user": "abc", "prompt_cache_key": "abc", "safety_identifier": "abc"}),
        ([], {"metadata": {"user_id": "ann"}}),
        ([], {"metadata": {"user_id": '{"session_id":'}}),
        ([], {"metadata": {"user_id": "{[1]}", "session_id": 5}}),
        ([], {"metadata": ["session_id"]}),
    ],
    ids=str,
)
def test_what_names_a_request_a_person_or_a_cache_is_no_session(
    headers: list[tuple[str, str]], body: dict[str, object]
):
    world = World()
    world.project(chat(1, ["hi"], ["yes?"], headers=headers, **body))
    assert link(world, 1) == (call_id(1), None, "new", 1.0)


def test_sub_agents_of_one_named_session_stand_beside_each_other_as_trees_of_their_own():
    world = World()
    header = [("x-claude-code-session-id", "s1")]
    world.project(
        chat(1, ["build it"], [tool_call("t1")], headers=header),
        chat(2, ["you are a sub-agent: look"], ["looked"], headers=header),
        chat(3, ["you are a sub-agent: look", "looked", "look again"], ["yes"], headers=header),
        chat(4, ["build it", tool_call("t1"), tool_result("t1")], ["done"], headers=header),
    )
    assert len({world.session(n) for n in (1, 2, 3, 4)}) == 1
    assert world.parents() == {1: None, 2: None, 3: 2, 4: 1}
    assert world.call(4).link_rule == "client"


def test_a_parent_of_another_session_is_not_taken():
    world = World()
    world.project(
        chat(1, [LONG], ["first"]),
        chat(2, [LONG, "first", "more"], ["second"], headers=[("x-union-square-session-id", "mine")]),
    )
    assert link(world, 2) == ("mine", None, "header", 1.0)


# Rung 3


def test_a_history_that_repeats_request_and_answer_continues_the_call():
    world = World()
    world.project(
        chat(1, [LONG], ["It began in 1847."]),
        chat(2, [LONG, "It began in 1847.", "And then?"], ["A park."]),
        chat(3, [LONG, "It began in 1847.", "And then?", "A park.", "And now?"], ["Shops."]),
    )
    assert link(world, 1) == (call_id(1), None, "new", 1.0)
    assert link(world, 2) == (call_id(1), 1, "content", 0.95)
    assert link(world, 3) == (call_id(1), 2, "content", 0.95)


@pytest.mark.parametrize("unseen", [1, 40, 400])
def test_what_was_said_long_ago_is_found_behind_much_that_was_not_recorded(unseen: int):
    world = World()
    since = [f"{n} of what went past the proxy" for n in range(2 * unseen)]
    world.project(
        chat(1, [LONG], ["It began in 1847."]), chat(2, [LONG, "It began in 1847.", "And then?", *since], ["A park."])
    )
    assert link(world, 2)[:3] == (call_id(1), 1, "content")


def test_equal_openings_link_nothing():
    world = World()
    world.project(chat(1, ["Hello"], ["Hi!"]), chat(2, ["Hello"], ["Hi!"]), chat(3, ["Hello"], ["Good day."]))
    assert {world.session(n) for n in (1, 2, 3)} == {call_id(1), call_id(2), call_id(3)}


def test_another_key_continues_nothing():
    world = World()
    world.project(chat(1, [LONG], ["a"]), chat(2, [LONG, "a", "b"], ["c"], fingerprint="another"))
    assert link(world, 2) == (call_id(2), None, "new", 0.5)


def test_a_branch_and_an_edited_turn_are_siblings():
    world = World()
    world.project(
        chat(1, [LONG], ["a"]),
        chat(2, [LONG, "a", "left?"], ["left"]),
        chat(3, [LONG, "a", "right?"], ["right"]),
        chat(4, [LONG, "a", "left?", "left", "on"], ["x"]),
        chat(5, [LONG, "a", "right?", "right", "on"], ["y"]),
    )
    assert world.parents() == {1: None, 2: 1, 3: 1, 4: 2, 5: 3}
    assert {world.session(n) for n in range(1, 6)} == {call_id(1)}


def test_a_retry_of_a_later_turn_is_a_sibling_of_what_it_retries():
    world = World()
    again = [LONG, "a", "b"]
    world.project(chat(1, [LONG], ["a"]), chat(2, again, [], status=503), chat(3, again, ["c"]))
    assert world.parents() == {1: None, 2: 1, 3: 1}
    assert world.call(2).state == "failed"


def test_each_of_several_choices_can_be_continued():
    world = World()
    world.project(
        chat(1, [LONG], ["one", "two"]),
        chat(2, [LONG, "two", "go on"], ["ok"]),
        chat(3, [LONG, "one", "go on"], ["ok"]),
    )
    assert world.parents() == {1: None, 2: 1, 3: 1}


def test_interleaved_conversations_of_one_key_stay_apart():
    world = World()
    a, b = "What is a monad?", "What is a burrito?"
    world.project(
        in_time(
            chat(1, [a], ["A monoid."], seconds=1, duration=3),
            chat(2, [b], ["A wrap."], seconds=2, duration=3),
            chat(3, [a, "A monoid.", "So?"], ["x"], seconds=6, duration=3),
            chat(4, [b, "A wrap.", "So?"], ["y"], seconds=6.5, duration=1),
        )
    )
    assert world.parents() == {1: None, 2: None, 3: 1, 4: 2}
    assert (world.session(3), world.session(4)) == (call_id(1), call_id(2))


def test_equal_conversations_go_to_the_one_that_nobody_continued_and_are_less_sure():
    world = World()
    world.project(chat(1, ["Hello"], ["Hi!"]), chat(2, ["Hello"], ["Hi!"]))
    world.project(chat(3, ["Hello", "Hi!", "one"], ["1"]))
    world.project(chat(4, ["Hello", "Hi!", "two"], ["2"]))
    assert link(world, 3) == (call_id(2), 2, "content", 0.42)
    assert link(world, 4) == (call_id(1), 1, "content", 0.63)


def test_the_same_system_prompt_tells_equal_conversations_apart():
    world = World()
    world.project(
        chat(1, [SYSTEM, {"role": "user", "content": "Hello"}], ["Hi!"]),
        chat(2, ["Hello"], ["Hi!"]),
        chat(3, [SYSTEM, *({"role": r, "content": c} for r, c in (("user", "Hello"), ("assistant", "Hi!")))], ["x"]),
    )
    assert link(world, 3) == (call_id(1), 1, "content", 0.63)


def test_a_changed_system_prompt_does_not_hide_the_parent():
    world = World()
    other = {"role": "system", "content": "It is now noon."}
    user = {"role": "user", "content": LONG}
    world.project(chat(1, [SYSTEM, user], ["a"]), chat(2, [other, user, {"role": "assistant", "content": "a"}], ["b"]))
    assert world.parents()[2] == 1


def test_tool_call_ids_make_a_short_exchange_sure_and_their_arguments_are_compared_as_json():
    world = World()
    world.project(
        chat(1, ["Weather?"], [tool_call("call_Xy1", '{"city": "Berlin", "day": 1}')]),
        chat(2, ["Weather?", tool_call("call_Xy1", '{"day":1,"city":"Berlin"}'), tool_result("call_Xy1")], ["Cold."]),
        chat(
            3, ["Weather?", tool_call("call_Zz9", '{"city": "Berlin", "day": 1}'), tool_result("call_Zz9")], ["Cold."]
        ),
    )
    assert link(world, 2) == (call_id(1), 1, "content", 0.99)
    assert link(world, 3) == (call_id(3), None, "new", 0.5)


def test_a_compacted_history_is_honestly_a_new_session():
    world = World()
    world.project(
        chat(1, [LONG], ["a"]), chat(2, ["Summary of what was said so far: …", "Understood.", "Go on"], ["b"])
    )
    assert link(world, 2) == (call_id(2), None, "new", 0.5)


def test_a_call_that_was_answered_after_this_one_began_is_not_its_parent():
    world = World()
    world.project(
        in_time(chat(1, [LONG], ["a"], seconds=1, duration=9), chat(2, [LONG, "a", "b"], ["c"], seconds=2, duration=10))
    )
    assert world.parents()[2] is None


def test_a_running_call_has_its_session_as_soon_as_its_request_was_read():
    world = World()
    world.project(chat(1, [LONG], ["a"]), chat(2, [LONG, "a", "b"], ["c"])[:3])
    assert world.call(2).state == "running"
    assert link(world, 2)[:3] == (call_id(1), 1, "content")
    assert world.store.session(call_id(1)).session.running_count == 1


def test_a_link_is_found_within_one_batch_of_many_calls():
    world = World()
    turns, calls = list[str](), list[list[object]]()
    for number in range(1, 30):
        turns.append(f"question {number}")
        calls.append(chat(number, turns, [f"answer {number}"]))  # type: ignore[arg-type]
        turns.append(f"answer {number}")
    world.project(in_time(*calls))  # type: ignore[arg-type]
    assert world.parents() == {1: None} | {number: number - 1 for number in range(2, 30)}


asked = st.lists(st.sampled_from(("a", "b", "long " * 100)), min_size=1, max_size=5)
conversations = st.lists(st.tuples(asked, st.sampled_from(("a", "b")), st.integers(1, 3)), min_size=1, max_size=8)


@settings(deadline=None, max_examples=50)
@given(conversations)
def test_calls_that_are_read_at_once_are_linked_as_if_each_had_been_written_first(
    said: list[tuple[list[str], str, int]],
):
    calls = [
        chat(number, turns, [answer], seconds=number, duration=duration)
        for number, (turns, answer, duration) in enumerate(said, 1)
    ]
    events = in_time(*calls)
    at_once, one_by_one = World(), World()
    at_once.project(events)
    for event in events:
        one_by_one.project([event])
    numbers = range(1, len(calls) + 1)
    assert [link(at_once, number) for number in numbers] == [link(one_by_one, number) for number in numbers]


# What clients make of an answer before they send it back


QUESTION = {"role": "user", "content": LONG}


def test_an_answer_of_which_only_the_tool_call_comes_back_is_known_by_its_id():
    world = World()
    answer = tool_call("call_Xy1") | {"content": "I'll look that up right away!"}
    changed = tool_call("call_Xy1", '{"city": "Berlin", "unit": "C"}')
    world.project(chat(1, [QUESTION], [answer]), chat(2, [QUESTION, changed, tool_result("call_Xy1")], ["Cold."]))
    assert link(world, 2) == (call_id(1), 1, "content", 0.76)


def test_a_tool_call_whose_secret_argument_was_masked_on_its_way_back_is_known_by_its_id():
    """An answer that is streamed is recorded as it came; what comes back in a request has its known fields masked."""
    given = '{"user":"jo","password":"hunter2"}'
    sent = json.dumps([QUESTION, tool_call("call_Xy1", given), tool_result("call_Xy1")]).encode()
    masked = mask_whole(sent)
    assert b"hunter2" not in masked
    world = World()
    world.project(chat(1, [QUESTION], [tool_call("call_Xy1", given)]), chat(2, json.loads(masked), ["Signed in."]))
    assert link(world, 2) == (world.session(1), 1, "content", 0.76)


def test_of_several_tool_calls_one_is_enough():
    world = World()
    both = tool_call("call_1")["tool_calls"] + tool_call("call_2")["tool_calls"]  # type: ignore[operator]
    world.project(
        chat(1, [QUESTION], [{"role": "assistant", "content": None, "tool_calls": both}]),
        chat(2, [QUESTION, tool_call("call_2"), tool_result("call_2")], ["Cold."]),
    )
    assert world.parents()[2] == 1


def test_ids_that_the_client_made_up_for_calls_without_one_do_not_hide_the_parent():
    world = World()
    world.project(
        chat(1, [QUESTION], [tool_call("")]),
        chat(2, [QUESTION, tool_call("mine_1"), tool_result("mine_1")], [tool_call("")]),
        chat(3, [QUESTION, *(m for n in ("mine_1", "mine_2") for m in (tool_call(n), tool_result(n)))], ["Cold."]),
    )
    assert world.parents() == {1: None, 2: 1, 3: 2}


def test_a_text_that_was_cut_and_gone_on_with_is_known_by_its_opening():
    world = World()
    thought = "Thought: to say what the weather is I have to look outside first. Action: look"
    world.project(
        chat(1, [QUESTION], [thought + " Observation: made up"]),
        chat(2, [QUESTION, {"role": "assistant", "content": thought + " Observation: rain"}], ["It rains."]),
        chat(3, [LONG + " Another one.", {"role": "assistant", "content": thought}], ["It rains."]),
    )
    assert world.parents() == {1: None, 2: 1, 3: None}
    assert world.call(2).link_confidence == 0.76


def test_thinking_that_comes_back_as_text_does_not_count():
    world = World()
    again = {"role": "assistant", "content": "<think>25 by four\nis …</think>\nIt is 100."}
    world.project(chat(1, [QUESTION], ["It is 100."]), chat(2, [QUESTION, again, QUESTION], ["Still."]))
    assert link(world, 2) == (call_id(1), 1, "content", 0.95)


def test_a_request_that_failed_is_continued_by_one_that_says_more():
    world = World()
    more = {"role": "user", "content": "Please."}
    world.project(chat(1, [QUESTION], [], status=404), chat(2, [QUESTION, more], ["ok"]))
    assert link(world, 2) == (call_id(1), 1, "content", 0.38)


def test_an_answer_that_was_left_out_within_a_conversation_does_not_end_it():
    world = World()
    answered = [QUESTION, {"role": "assistant", "content": "a"}, {"role": "user", "content": "check that"}]
    world.project(
        chat(1, [QUESTION], ["a"]),
        chat(2, answered, ["checked"]),
        chat(3, [*answered, {"role": "user", "content": "another task"}], ["done"]),
    )
    assert world.parents() == {1: None, 2: 1, 3: 2}


AGENT = {
    "role": "system",
    "content": "You are a guide who answers in one sentence, and says so when he does not know. " * 3,
}


@pytest.mark.parametrize("opening", [[AGENT], [AGENT, QUESTION]], ids=["system prompt", "and a question"])
def test_an_answer_that_was_left_out_at_once_is_gone_on_from_where_the_system_prompt_is_long(opening: list[object]):
    wrong = {"role": "user", "content": "You did it wrong."}
    world = World()
    world.project(
        chat(1, opening, ["Hm."]),
        chat(2, [*opening, wrong], ["Better."]),
        chat(3, [*opening, wrong, {"role": "assistant", "content": "Better."}, QUESTION], ["Yes."]),
        chat(4, [{"role": "system", "content": LONG}, *opening[1:], wrong], ["Who?"]),
        chat(5, [*opening, {"role": "user", "content": "Somebody else's, later"}], ["Yes?"]),
        chat(6, [*opening, wrong], ["Another key's."], fingerprint="another key"),
    )
    assert world.parents() == {1: None, 2: 1, 3: 2, 4: None, 5: None, 6: None}
    assert (world.call(2).link_confidence or 1) < 0.4


def test_of_equal_openings_whose_answers_were_left_out_none_is_guessed():
    world = World()
    world.project(*(chat(n, [AGENT, QUESTION], [f"answer {n}"]) for n in range(1, 11)))
    world.project(chat(11, [AGENT, QUESTION, {"role": "user", "content": "Go on."}], ["ok"]))
    world.project(chat(12, [AGENT, QUESTION, {"role": "assistant", "content": "answer 7"}, QUESTION], ["ok"]))
    assert {n: parent for n, parent in world.parents().items() if parent} == {12: 7}


@pytest.mark.parametrize(
    "given", ["call_" + "A1b2" * 6, "fc_" + "0f" * 24, "toolu_01" + "aB3" * 7 + "z", "tooluse_" + "x" * 22]
)
def test_an_id_that_a_provider_gave_is_of_no_call_without_one(given: str):
    world = World()
    world.project(
        chat(1, [QUESTION], [tool_call("")]),
        chat(2, [QUESTION, tool_call(given), tool_result(given)], ["Cold."]),
    )
    assert world.parents()[2] is None


def test_instructions_that_many_requests_open_with_link_nothing():
    world = World()
    rest = [{"role": "user", "content": f"document {n}"} for n in range(3)]
    world.project(chat(1, [QUESTION], ["Which document?"]))
    world.project(*(chat(2 + n, [QUESTION, one], [f"summary {n}"]) for n, one in enumerate(rest)))
    assert set(world.parents().values()) == {None}


# What counts as the same history


def user(*texts: str) -> Message:
    return Message(role="user", parts=tuple(TextPart(text=text) for text in texts))


def assistant(*parts: TextPart | ThinkingPart | ToolCallPart) -> Message:
    return Message(role="assistant", parts=parts)


def test_thinking_whitespace_and_the_cut_of_messages_do_not_matter():
    call = ToolCallPart(id="t", name="f", arguments='{"b": 1, "a": [1, 2]}')
    said = (user("Hi  there\n", "friend"), assistant(ThinkingPart(text="hm"), TextPart(text="a b"), call))
    again = (
        user("Hi there"),
        user(" friend "),
        assistant(TextPart(text="a")),
        assistant(TextPart(text="\nb"), ToolCallPart(id="t", name="f", arguments='{"a":[1,2],"b":1}')),
        Message(role="tool", parts=(ToolResultPart(id="t", text="ok"),)),
    )
    assert thread_digests(said[:1], said[1:])[0] == places(again)[0].digest


def test_an_answer_that_goes_on_from_a_given_beginning_comes_back_as_one():
    begun = (user("JSON!"), assistant(TextPart(text='{"a":')))
    digest, *_ = thread_digests(begun, [assistant(TextPart(text=" 1}"))])
    assert digest == places([user("JSON!"), assistant(TextPart(text='{"a": 1}')), user("more")])[0].digest


def test_a_call_without_an_answer_is_known_by_its_request_alone_and_less_surely():
    opening = "A question asked at such length that nobody else is likely to have begun in the very same words. " * 2
    for said, sureness in ((opening, [0.4]), ("hi", [])):
        digests = thread_digests([user(said)], [assistant(), assistant(ThinkingPart(text="hm"))])
        later = places([user(said), assistant(TextPart(text="something that was made up"))])
        assert [place.sureness for place in later if place.digest in digests] == sureness
    assert thread_digests([], []) == ()


words = st.text(alphabet="ab \n", max_size=4)
histories = st.lists(st.tuples(st.sampled_from(("user", "assistant")), words), max_size=8).map(
    lambda said: [Message(role=role, parts=(TextPart(text=text),)) for role, text in said]  # type: ignore[arg-type]
)


@settings(deadline=None)
@given(histories, words.filter(str.strip), histories)
def test_whatever_follows_an_answer_the_call_is_found_again(before: list[Message], answer: str, after: list[Message]):
    digests = thread_digests(before, [assistant(TextPart(text=answer))])
    later = [*before, assistant(TextPart(text=answer)), user("and?"), *after]
    assert digests[0] in {place.digest for place in places(later) if place.sureness == 1}


@settings(deadline=None)
@given(histories, histories)
def test_different_histories_have_different_digests(one: list[Message], other: list[Message]):
    def canonical(messages: list[Message]) -> list[tuple[str, str]]:
        runs = list[tuple[str, str]]()
        for message in messages:
            text = "".join("".join(part.text.split()) for part in message.parts if isinstance(part, TextPart))
            if runs and runs[-1][0] == message.role:
                text = runs.pop()[1] + text
            if text:
                runs.append((message.role, text))
        return runs

    same = canonical([*one, assistant(TextPart(text="x"))]) == canonical([*other, assistant(TextPart(text="x"))])
    digests = [places([*said, assistant(TextPart(text="x"))])[0].digest for said in (one, other)]
    assert (digests[0] == digests[1]) == same


def test_noon_is_when_calls_begin():
    world = World()
    world.project(chat(3, ["hi"], ["yes?"]))
    assert world.call(3).started_at.timestamp() == NOON / 1e6 + 3

"""Sub-agents that nothing names: their first request opens with the task that a tool call of their caller's gives."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.logs import call_id, chat, exchange, in_time
from tests.support.projecting import World
from union_square.domain import events as ev
from union_square.domain.conversation import build_turns
from union_square.domain.session import CALLER_SECONDS

TASK = "Find every place in the code where the session cookie is read, and list file and line of each of them."
OTHER = "Find out which version of the cookie library the project uses, and whether it is the newest one."
ASKED = "Is our cookie safe?"
CALLER = {"role": "system", "content": "You are an engineer. Give tasks to others."}
AGENT = {"role": "system", "content": "You search code. Answer with file and line."}

Json = dict[str, Any]


def gives(arguments: Json | str, id_: str = "call_1") -> Json:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    function = {"name": "agent", "arguments": text}
    return {"role": "assistant", "content": None, "tool_calls": [{"id": id_, "type": "function", "function": function}]}


def caller(number: int, *tasks: str, asked: str = ASKED, **more: Any) -> list[ev.Event]:
    """A call whose answer gives those tasks, each in a tool call of its own."""
    calls = [gives({"prompt": task}, f"call_{number}_{n}")["tool_calls"][0] for n, task in enumerate(tasks)]
    answer = {"role": "assistant", "content": "I will have that looked up.", "tool_calls": calls}
    return chat(number, [CALLER, {"role": "user", "content": asked}], [answer], **more)


def goes_on(number: int, *tasks: str, asked: str = ASKED, of: int = 1, **more: Any) -> list[ev.Event]:
    """The caller's next call, with the results of those tasks."""
    calls = [gives({"prompt": task}, f"call_{of}_{n}")["tool_calls"][0] for n, task in enumerate(tasks)]
    answer = {"role": "assistant", "content": "I will have that looked up.", "tool_calls": calls}
    results = [{"role": "tool", "tool_call_id": one["id"], "content": "src/a.py:7"} for one in calls]
    return chat(number, [CALLER, {"role": "user", "content": asked}, answer, *results], ["It is."], **more)


def agent(number: int, task: str = TASK, *said: Any, answer: str = "src/a.py:7", **more: Any) -> list[ev.Event]:
    return chat(number, [AGENT, {"role": "user", "content": task}, *said], [answer], **more)


def link(world: World, number: int) -> tuple[str | None, int | None, str | None, float | None]:
    call = world.call(number)
    parent = None if call.parent_id is None else int(call.parent_id, 16)
    return call.session_id, parent, call.link_rule, call.link_confidence


def is_new(world: World, number: int) -> bool:
    return link(world, number) == (call_id(number), None, "new", 1.0)


def test_a_sub_agent_belongs_to_the_session_of_its_caller_which_goes_on_behind_it():
    world = World()
    found = {"role": "assistant", "content": "src/a.py:7"}
    world.project(
        caller(1, TASK),
        agent(2),
        agent(3, TASK, found, {"role": "user", "content": "And in the tests?"}, answer="None"),
        goes_on(4, TASK),
    )
    assert link(world, 2) == (call_id(1), 1, "tool_call", 0.8)
    assert link(world, 3)[:3] == (call_id(1), 2, "content")
    assert link(world, 4) == (call_id(1), 1, "content", 0.99)
    turns = build_turns(world.store.session_calls(call_id(1)))
    assert [turn.relation for turn in turns] == ["begins", "sub_agent", "continues", "continues"]


def test_sub_agents_that_work_at_once_belong_to_the_one_answer_that_called_them():
    world = World()
    world.project(caller(1, TASK, OTHER), agent(2, OTHER), agent(3, TASK, seconds=2.1, duration=5), agent(4, OTHER))
    assert world.parents() == {1: None, 2: 1, 3: 1, 4: 1}
    turns = build_turns(world.store.session_calls(call_id(1)))
    assert [turn.relation for turn in turns] == ["begins", "sub_agent", "sub_agent", "sub_agent"]


def test_a_sub_agent_may_call_another_one():
    world = World()
    asked = [AGENT, {"role": "user", "content": TASK}]
    world.project(
        caller(1, TASK),
        chat(2, asked, [gives({"input": OTHER})]),
        chat(3, [{"role": "system", "content": "You read files."}, {"role": "user", "content": OTHER}], ["2.1"]),
    )
    assert world.parents() == {1: None, 2: 1, 3: 2}
    assert world.session(3) == call_id(1)


@pytest.mark.parametrize(
    "arguments",
    [
        {"description": "Find cookies", "prompt": TASK, "subagent_type": "Explore"},
        {"tasks": [{"agent": "a", "request": {"parts": [{"text": OTHER}]}}, {"agent": "b", "request": TASK}]},
        {"input": json.dumps({"payload": json.dumps({"task": TASK})})},
        {"prompt": f"\n  {TASK}\n"},
        TASK,
    ],
    ids=["a coding agent's task", "in lists", "JSON in JSON", "other spaces", "arguments that are no JSON"],
)
def test_a_task_is_found_wherever_it_stands_in_the_arguments(arguments: Json | str):
    world = World()
    world.project(chat(1, [CALLER, {"role": "user", "content": ASKED}], [gives(arguments)]), agent(2))
    assert link(world, 2)[1:3] == (1, "tool_call")


def test_a_session_that_the_client_names_keeps_its_name_and_gets_the_tree():
    world, header = World(), [("x-claude-code-session-id", "s1")]
    world.project(
        caller(1, TASK, headers=header),
        agent(2, headers=header),
        goes_on(3, TASK, headers=header),
        agent(4, headers=[("x-claude-code-session-id", "s2")]),
    )
    assert world.parents() == {1: None, 2: 1, 3: 1, 4: None}
    assert link(world, 2)[2:] == ("client", 0.95)
    turns = build_turns(world.store.session_calls(world.session(1) or ""))
    assert [turn.relation for turn in turns] == ["begins", "sub_agent", "continues"]


# Near misses


def test_a_task_that_two_open_calls_gave_away_links_nothing():
    world = World()
    world.project(caller(1, TASK), caller(2, TASK, asked="Where are our cookies?"), agent(3))
    assert is_new(world, 3)


def test_a_call_that_was_gone_on_with_is_nobodys_caller_any_more():
    world = World()
    world.project(caller(1, TASK), goes_on(2, TASK), agent(3))
    assert is_new(world, 3)


def test_of_two_calls_that_gave_it_away_the_open_one_called():
    world = World()
    world.project(caller(1, TASK), goes_on(2, TASK), caller(3, TASK, asked="Where are our cookies?"), agent(4))
    assert link(world, 4)[:3] == (call_id(3), 3, "tool_call")


def test_a_sub_agent_that_works_while_its_caller_goes_on_is_linked_when_it_began_before_the_answer_to_that():
    world = World()
    world.project([*caller(1, TASK), *agent(2, seconds=3.1), *goes_on(3, TASK, duration=4)])
    assert link(world, 2)[1:3] == (1, "tool_call")


@pytest.mark.parametrize("task", ["hi", "Look it up, please", "a" * 39, "b c " * 19])
def test_a_short_task_links_nothing(task: str):
    world = World()
    world.project(caller(1, task), agent(2, task))
    assert is_new(world, 2)


def test_another_key_called_nobody():
    world = World()
    world.project(caller(1, TASK), agent(2, fingerprint="another"))
    assert is_new(world, 2)


def test_a_question_that_is_passed_on_as_it_came_links_nothing():
    """Everyone who asks the same opens like that: two runs of an evaluation, of which one has a tool call open."""
    world = World()
    world.project(caller(1, TASK, asked=TASK), agent(2))
    assert is_new(world, 2)


def test_what_has_the_callers_own_system_prompt_is_no_sub_agent():
    world = World()
    world.project(caller(1, TASK), chat(2, [CALLER, {"role": "user", "content": TASK}], ["src/a.py:7"]))
    assert is_new(world, 2)


def test_an_open_call_is_no_caller_for_ever():
    world = World()
    world.project(caller(1, TASK), agent(2, seconds=CALLER_SECONDS), agent(3, seconds=CALLER_SECONDS + 2))
    assert link(world, 2)[1:3] == (1, "tool_call")
    assert is_new(world, 3)


def test_a_text_that_only_holds_the_task_and_a_conversation_that_is_under_way_are_not_linked():
    world = World()
    world.project(
        caller(1, TASK),
        agent(2, f"Yesterday I was told: {TASK}"),
        agent(3, TASK, {"role": "assistant", "content": "Which code?"}, {"role": "user", "content": "Ours"}),
    )
    assert world.parents() == {1: None, 2: None, 3: None}


CALLS = st.tuples(st.sampled_from(("caller", "agent", "goes on")), st.sampled_from((TASK, OTHER)), st.integers(1, 3))


@settings(deadline=None, max_examples=30)
@given(st.lists(CALLS, min_size=2, max_size=8))
def test_calls_that_are_read_at_once_are_linked_as_if_each_had_been_written_first(said: list[tuple[str, str, int]]):
    kinds = {"caller": caller, "agent": agent, "goes on": goes_on}
    events = in_time(*(kinds[kind](n, task, duration=seconds) for n, (kind, task, seconds) in enumerate(said, 1)))
    at_once, one_by_one = World(), World()
    at_once.project(events)
    for event in events:
        one_by_one.project([event])
    numbers = range(1, len(said) + 1)
    assert [link(at_once, number) for number in numbers] == [link(one_by_one, number) for number in numbers]


# The providers' own shapes


def anthropic(number: int, system: str, messages: Sequence[Json], answer: Sequence[Json]) -> list[ev.Event]:
    lines: list[Json] = [{"type": "message_start", "message": {"id": f"msg_{number}", "role": "assistant"}}]
    for index, block in enumerate(answer):
        tool = block["type"] == "tool_use"
        start: Json = block | ({"input": {}} if tool else {"text": ""})
        delta = {"partial_json": json.dumps(block["input"])} if tool else {"text": block["text"]}
        kind = "input_json_delta" if tool else "text_delta"
        lines += [
            {"type": "content_block_start", "index": index, "content_block": start},
            {"type": "content_block_delta", "index": index, "delta": {"type": kind} | delta},
            {"type": "content_block_stop", "index": index},
        ]
    lines += [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}]
    stream = "".join(f"event: {line['type']}\ndata: {json.dumps(line)}\n\n" for line in lines).encode()
    marked = {"cache_control": {"type": "ephemeral"}}
    last = messages[-1]
    sent = [*messages[:-1], last | {"content": [*last["content"][:-1], last["content"][-1] | marked]}]
    prompt = [{"type": "text", "text": system} | marked]
    body = {"model": "claude-sonnet-4-5", "max_tokens": 9, "stream": True, "system": prompt, "messages": sent}
    return exchange(number, "/v1/messages?beta=true", body, stream, upstream="anthropic")


def blocks(role: str, *found: Json | str) -> Json:
    return {"role": role, "content": [{"type": "text", "text": one} if isinstance(one, str) else one for one in found]}


def test_a_coding_agent_with_tasks_at_work_at_once_a_retry_and_a_branch():
    reminder = "<system-reminder>\nToday is Wednesday.\n</system-reminder>"
    tasks = [
        {"type": "tool_use", "id": f"toolu_{n}", "name": "Task", "input": {"description": "Look", "prompt": prompt}}
        for n, prompt in enumerate((TASK, OTHER))
    ]
    results = [{"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": "done"} for n in (0, 1)]
    said = {"type": "text", "text": "I start two agents."}
    asked = blocks("user", reminder, ASKED)
    again = [asked, blocks("assistant", said, *tasks), blocks("user", *results)]
    grep: Json = {"type": "tool_use", "id": "toolu_9", "name": "Grep", "input": {"pattern": "cookie"}}
    looked = blocks("user", {"type": "tool_result", "tool_use_id": "toolu_9", "content": "src/a.py:7"})
    first, second = blocks("user", reminder, TASK), blocks("user", reminder, OTHER)
    done = {"type": "text", "text": "It is safe."}
    world = World()
    world.project(
        anthropic(1, "You are an engineer.", [asked], [said, *tasks]),
        anthropic(2, "You search.", [first], [grep]),
        anthropic(3, "You search.", [second], [done]),
        anthropic(4, "You search.", [first, blocks("assistant", grep), looked], [done]),
        anthropic(5, "You are an engineer.", again, [done]),
        anthropic(6, "You are an engineer.", again, [done]),  # a retry
        anthropic(7, "You are an engineer.", [*again, blocks("assistant", done), blocks("user", "Sure?")], [done]),
        anthropic(8, "You are an engineer.", [*again, blocks("assistant", done), blocks("user", "Why?")], [done]),
    )
    parents = world.parents()
    assert {number: parents[number] for number in (1, 2, 3, 4, 5, 6)} == {1: None, 2: 1, 3: 1, 4: 2, 5: 1, 6: 1}
    assert parents[7] in {5, 6}  # which were given the same answer
    assert parents[8] in {5, 6}
    assert {world.session(number) for number in range(1, 9)} == {call_id(1)}
    relations = [turn.relation for turn in build_turns(world.store.session_calls(call_id(1)))]
    assert relations[:6] == ["begins", "sub_agent", "sub_agent", "continues", "continues", "retry"]


def test_an_agent_as_a_tool_of_a_response_that_the_provider_keeps():
    def response(number: int, *output: Json) -> Json:
        return {"id": f"resp_{number}", "object": "response", "status": "completed", "output": list(output)}

    def ask(number: int, body: Json, *output: Json) -> list[ev.Event]:
        return exchange(number, "/v1/responses", {"model": "gpt"} | body, response(number, *output))

    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "search", "status": "completed"}
    result = {"type": "function_call_output", "call_id": "call_1", "output": "src/a.py:7"}
    text = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It is safe."}]}
    world = World()
    world.project(
        ask(1, {"instructions": "Delegate.", "input": "Hello"}, text),
        ask(
            2,
            {"instructions": "Delegate.", "input": ASKED, "previous_response_id": "resp_1"},
            call | {"arguments": json.dumps({"input": TASK})},
        ),
        ask(3, {"instructions": "Search.", "input": [{"role": "user", "content": TASK}]}, text),
        ask(4, {"instructions": "Delegate.", "input": [result], "previous_response_id": "resp_2"}, text),
    )
    assert world.parents() == {1: None, 2: 1, 3: 2, 4: 2}
    assert link(world, 3)[2] == "tool_call"
    assert {world.session(number) for number in (1, 2, 3, 4)} == {call_id(1)}


def test_a_gemini_agent_that_gives_a_request_to_another():
    def ask(number: int, system: str, contents: Sequence[Json], *parts: Json) -> list[ev.Event]:
        path = "/v1beta/models/gemini-2.5-flash:generateContent"
        body = {"systemInstruction": {"parts": [{"text": system}]}, "contents": list(contents)}
        answer = {"content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP"}
        return exchange(number, path, body, {"candidates": [answer]}, upstream="gemini")

    asked = {"role": "user", "parts": [{"text": ASKED}]}
    call = {"functionCall": {"name": "search_agent", "args": {"request": TASK}}}
    result = {"functionResponse": {"name": "search_agent", "response": {"result": "src/a.py:7"}}}
    world = World()
    world.project(
        ask(1, "Delegate.", [asked], call),
        ask(2, "Search.", [{"role": "user", "parts": [{"text": TASK}]}], {"text": "src/a.py:7"}),
        ask(
            3,
            "Delegate.",
            [asked, {"role": "model", "parts": [call]}, {"role": "user", "parts": [result]}],
            {"text": "ok"},
        ),
    )
    assert world.parents() == {1: None, 2: 1, 3: 1}
    assert link(world, 2)[:3] == (call_id(1), 1, "tool_call")


def test_two_coding_agents_of_one_key_at_work_at_once_keep_their_own_agents():
    """Both open with the same words and call agents with tasks of their own; their calls lie between each other."""
    system, asked = "You are an engineer.", blocks("user", ASKED)
    world, calls = World(), list[list[ev.Event]]()
    for number, task in ((1, TASK), (2, OTHER)):
        use = {"type": "tool_use", "id": f"toolu_{number}", "name": "Task", "input": {"prompt": task}}
        result = blocks("user", {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "done"})
        text = {"type": "text", "text": "It is safe."}
        calls += [
            anthropic(number, system, [asked], [use]),
            anthropic(number + 2, "You search.", [blocks("user", task)], [text]),
            anthropic(number + 4, system, [asked, blocks("assistant", use), result], [text]),
        ]
    world.project(in_time(*calls))
    assert world.parents() == {1: None, 2: None, 3: 1, 4: 2, 5: 1, 6: 2}
    assert [world.session(number) for number in (3, 4, 5, 6)] == [call_id(number) for number in (1, 2, 1, 2)]

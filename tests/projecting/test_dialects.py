"""The ladder with the providers' own ways of keeping a conversation: what they send is not what they get back."""

import json
from typing import Any

from tests.support.logs import NOON, call_id, chat, exchange
from tests.support.projecting import World
from tests.support.websockets import close_frame, frame
from union_square.domain import events as ev

LONG = "Tell me all about the history of Union Square, from the first survey to this day. " * 8
QUESTION = {"role": "user", "content": "What is the weather in Berlin? " * 10}


def link(world: World, number: int) -> tuple[str | None, int | None, str | None]:
    call = world.call(number)
    return call.session_id, None if call.parent_id is None else int(call.parent_id, 16), call.link_rule


def events(*said: dict[str, Any]) -> bytes:
    return "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in said).encode()


def test_a_streamed_anthropic_answer_is_recognised_when_it_comes_back_with_cache_markers():
    stream = events(
        {"type": "message_start", "message": {"id": "msg_1", "role": "assistant", "content": [], "model": "claude"}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "I will "}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "look."}},
        {"type": "content_block_stop", "index": 1},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
        },
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"city": '}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '"Berlin"}'}},
        {"type": "content_block_stop", "index": 2},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    )
    marked = {"cache_control": {"type": "ephemeral"}}
    again = [
        {"role": "user", "content": [{"type": "text", "text": QUESTION["content"], **marked}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I will look."},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Berlin"}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "12 °C", **marked}]},
    ]
    answer = {"id": "msg_2", "role": "assistant", "type": "message", "content": [{"type": "text", "text": "Cold."}]}
    world = World()
    common: dict[str, Any] = {"upstream": "anthropic"}
    ask = {"model": "claude", "max_tokens": 9, "system": "Be brief."}
    world.project(
        exchange(1, "/v1/messages", ask | {"messages": [QUESTION], "stream": True}, stream, **common),
        exchange(2, "/v1/messages", ask | {"messages": again}, answer, **common),
    )
    assert link(world, 2) == (call_id(1), 1, "content")
    assert world.call(2).link_confidence == 0.99


def response(number: int, *output: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"resp_{number}", "object": "response", "status": "completed", "model": "gpt", "output": list(output)}


def spoken(number: int, text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed", "content": content}


def test_previous_response_id_continues_the_call_that_gave_it():
    world = World()
    path = "/v1/responses"
    world.project(
        exchange(1, path, {"model": "gpt", "input": "hi"}, response(1, spoken(1, "yes?"))),
        exchange(
            2, path, {"model": "gpt", "input": "so", "previous_response_id": "resp_1"}, response(2, spoken(2, "x"))
        ),
        exchange(
            3, path, {"model": "gpt", "input": "so", "previous_response_id": "resp_9"}, response(3, spoken(3, "x"))
        ),
        exchange(
            4, path, {"model": "gpt", "input": "?", "previous_response_id": "resp_1"}, response(4), fingerprint="b"
        ),
    )
    assert link(world, 2) == (call_id(1), 1, "provider")
    assert world.call(2).link_confidence == 1.0
    assert link(world, 3) == (call_id(3), None, "new")
    assert world.call(3).link_confidence == 0.5
    assert link(world, 4) == (call_id(4), None, "new")


Frame = tuple[str, dict[str, Any] | None]


def socket(number: int, *talk: Frame) -> list[ev.Event]:
    """A call that became a WebSocket, ten milliseconds a frame."""
    head = b"GET /openai/v1/responses HTTP/1.1\r\nHost: p\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    id_, at = call_id(number), NOON + number * 1_000_000
    found: list[ev.Event] = [
        ev.RequestHead(call_id=id_, at=at, upstream="openai", fingerprint="key", recorded=True, head=head),
        ev.RequestEnd(call_id=id_, at=at, total=0),
        ev.ResponseHead(call_id=id_, at=at, head=switch),
    ]
    totals = {"sent": 0, "received": 0}
    closing: tuple[Frame, ...] = (("sent", None), ("received", None))
    for side, value in (*talk, *closing):
        data = close_frame(1000, masked=side == "sent")
        if value is not None:
            data = frame(json.dumps(value).encode(), masked=side == "sent")
        at += 10_000
        totals[side] += len(data)
        kind = ev.RequestChunk if side == "sent" else ev.ResponseChunk
        found.append(kind(call_id=id_, at=at, data=data))
    found.append(ev.RequestEnd(call_id=id_, at=at, total=totals["sent"]))
    return [*found, ev.ResponseEnd(call_id=id_, at=at, total=totals["received"])]


def asked(text: str, **more: Any) -> Frame:
    return "sent", {"type": "response.create", "model": "gpt", "input": text, **more}


def answered(number: int, text: str) -> Frame:
    return "received", {"type": "response.completed", "response": response(number, spoken(number, text))}


def test_previous_response_id_links_over_websockets_as_it_does_over_http():
    world = World()
    path = "/v1/responses"
    world.project(
        exchange(1, path, {"model": "gpt", "input": "hi"}, response(1, spoken(1, "yes?"))),
        socket(
            2,
            asked("so", previous_response_id="resp_1"),
            answered(2, "well"),
            asked("and", previous_response_id="resp_2"),
            answered(3, "then"),
        ),
        exchange(4, path, {"model": "gpt", "input": "?", "previous_response_id": "resp_3"}, response(4)),
        socket(5, asked("so", previous_response_id="resp_9"), answered(9, "what?")),
    )
    assert link(world, 2) == (call_id(1), 1, "provider")
    assert link(world, 4) == (call_id(1), 2, "provider")
    assert link(world, 5) == (call_id(5), None, "new")


def test_what_was_said_on_a_websocket_is_gone_on_with_over_http():
    world = World()
    said = [{"role": role, "content": text} for role, text in (("user", LONG), ("assistant", "well"), ("user", "and"))]
    again = [*said, {"role": "assistant", "content": "then"}, {"role": "user", "content": "?"}]
    world.project(
        socket(1, asked(LONG), answered(1, "well"), asked("and"), answered(2, "then")),
        exchange(2, "/v1/responses", {"model": "gpt", "input": again}, response(3)),
    )
    assert link(world, 2) == (call_id(1), 1, "content")


def compaction(hidden: str) -> dict[str, Any]:
    return {"type": "compaction", "id": f"cmp_{hidden[:1]}", "encrypted_content": hidden * 120}


def test_what_follows_a_compaction_continues_the_call_that_made_it_and_no_other():
    world = World()
    path = "/v1/responses"
    for number, hidden in ((1, "a"), (2, "b")):
        said = [{"role": "user", "content": f"a long story {hidden}"}]
        world.project(
            exchange(number, f"{path}/compact", {"model": "gpt", "input": said}, response(number, compaction(hidden)))
        )
    for number, hidden in ((3, "b"), (4, "a")):
        asked = [compaction(hidden) | {"id": ""}, {"role": "user", "content": "Go on"}]
        world.project(
            exchange(number, path, {"model": "gpt", "input": asked}, response(number, spoken(number, "Well")))
        )
    asked = [compaction("a"), {"role": "user", "content": "Go on"}, spoken(4, "Well"), {"role": "user", "content": "?"}]
    world.project(exchange(5, path, {"model": "gpt", "input": asked}, response(5, spoken(5, "So"))))
    assert [world.parents()[number] for number in (1, 2, 3, 4, 5)] == [None, None, 2, 1, 4]
    assert link(world, 4) == (call_id(1), 1, "content")


def test_an_anthropic_summary_of_what_was_said_is_known_by_itself():
    world = World()
    block = {
        "type": "compaction",
        "content": "The user wants to walk from the old bridge to the harbour and back. " * 3,
    }
    ask: dict[str, Any] = {"model": "claude", "max_tokens": 9}
    answer = {
        "id": "msg_1",
        "role": "assistant",
        "type": "message",
        "content": [block, {"type": "text", "text": "Ok."}],
    }
    again = [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": "How far?"}]
    world.project(
        exchange(1, "/v1/messages", ask | {"messages": [QUESTION]}, answer, upstream="anthropic"),
        exchange(2, "/v1/messages", ask | {"messages": again}, answer | {"id": "msg_2"}, upstream="anthropic"),
    )
    assert link(world, 2) == (call_id(1), 1, "content")


def test_a_sub_agent_that_nothing_names_is_honestly_new_and_its_caller_goes_on():
    """Its request repeats nothing of its caller's: the task is written anew, and its result is no conversation."""
    world = World()
    asks = {"id": "task_1", "type": "function", "function": {"name": "agent", "arguments": '{"task": "look it up"}'}}
    told: list[Any] = [QUESTION, {"role": "assistant", "content": None, "tool_calls": [asks]}]
    own: list[Any] = [{"role": "system", "content": "You search."}, {"role": "user", "content": "look it up"}]
    found = {"role": "assistant", "content": "I will search"}
    world.project(
        chat(1, told[:1], told[1:]),
        chat(2, own, [found]),
        chat(3, [*own, found, {"role": "user", "content": "12 °C"}], ["It is cold"]),
        chat(4, [*told, {"role": "tool", "tool_call_id": "task_1", "content": "It is cold"}], ["Cold."]),
    )
    assert [world.parents()[number] for number in (1, 2, 3, 4)] == [None, None, 2, 1]
    assert world.call(2).session_id != world.call(1).session_id


def test_a_conversation_object_is_a_session_of_its_key():
    world = World()
    asked = {"model": "gpt", "input": "hi", "conversation": {"id": "conv_1"}}
    for number, key in ((1, "key"), (2, "key"), (3, "another")):
        world.project(exchange(number, "/v1/responses", asked, response(number, spoken(number, "a")), fingerprint=key))
    assert world.session(1) == world.session(2) != world.session(3)
    assert link(world, 2)[1:] == (None, "provider")


def test_output_items_are_recognised_when_they_come_back_as_input_items():
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "weather", "status": "completed"}
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}
    asked = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": QUESTION["content"]}]}
    again = [
        asked,
        reasoning | {"encrypted_content": "gBBB"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "I will look."}]},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city":"Berlin"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "12 °C"},
    ]
    first = response(1, reasoning, spoken(1, "I will look."), call | {"arguments": '{"city": "Berlin"}'})
    world = World()
    world.project(
        exchange(1, "/v1/responses", {"model": "gpt", "input": [asked]}, first),
        exchange(2, "/v1/responses", {"model": "gpt", "input": again, "store": False}, response(2, spoken(2, "Cold."))),
    )
    assert link(world, 2) == (call_id(1), 1, "content")
    assert world.call(2).link_confidence == 0.99

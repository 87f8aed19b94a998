"""Conversations as training examples in OpenAI's chat format: JSON lines, `{"messages": […], "tools": […]}` each
(platform.openai.com/docs/guides/supervised-fine-tuning). Pure.

An example is a conversation to its end: a call that another one continues stands in that one's. Calls that failed, and
answers that say nothing, teach nothing and are left out.
"""

import json
from collections.abc import Iterator, Sequence

from union_square.domain.messages import Request
from union_square.exporting.exported import Exported, ExportedCall
from union_square.wire.writing.openai_chat import write_chat


def write_fine_tuning(exported: Exported) -> str:
    """The examples, a line each; the first choice of each answer."""
    return "".join(f"{line}\n" for line in _lines(exported.calls))


def _lines(calls: Sequence[ExportedCall]) -> Iterator[str]:
    continued = {call.detail.call.parent_id for call in calls if _continues(call, calls)}
    for call in calls:
        if call.id in continued or call.detail.call.state != "done" or not call.answered or not call.asked:
            continue
        whole = Request(
            dialect="openai-chat",
            operation="chat",
            messages=(*call.asked, call.answered[0]),
            tools=call.detail.tools,
        )
        body = write_chat(whole).body
        example = {"messages": body["messages"]} | ({"tools": body["tools"]} if body.get("tools") else {})
        yield json.dumps(example, ensure_ascii=False)


def _continues(call: ExportedCall, calls: Sequence[ExportedCall]) -> bool:
    """Whether its request holds all that its parent was asked and answered, so that the parent's example is in it."""
    parent = next((one for one in calls if one.id == call.detail.call.parent_id), None)
    return parent is not None and len(call.asked) > len(parent.asked) and bool(parent.answered)

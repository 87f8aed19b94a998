"""Where an answer has its knowledge from is told beside it, in every provider's form, and links nothing."""

import json
from typing import Any

import pytest

from tests.wire.streams import call, named_sse, sse
from union_square.domain.messages import CITATIONS, Message, OtherPart, Part, TextPart, ToolResultPart
from union_square.domain.threads import canonical_items, thread_digests

URL = {"type": "url_citation", "url_citation": {"url": "https://a.example", "start_index": 0, "end_index": 3}}
PLAIN = {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 3}
QUOTE = {"type": "char_location", "cited_text": "sky", "document_index": 0}
SPAN = {"start": 0, "end": 3, "text": "Sky", "sources": [{"type": "document", "id": "d1"}]}
PLACE = {"title": "a.pdf", "location": {"documentPage": {"start": 1, "end": 2}}}
GROUND = {"webSearchQueries": ["sky"], "groundingChunks": [{"web": {"uri": "https://a.example"}}]}
SOURCE = {"title": "A", "url": "https://a.example"}
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Why?"}]}
ASKED_FIRST = {"model": "m", "message": "Why?", "chat_history": []}
PLACED = {"content": [{"text": "Sky."}], "citations": [PLACE]}
GROUND_BEFORE = {"webSearchQueries": ["a"]}


def both(*found: Any) -> tuple[Part, ...]:
    return TextPart(text="Sky."), OtherPart(label=CITATIONS, json=json.dumps(list(found), separators=(",", ":")))


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


MESSAGE: dict[str, Any] = {"content": [{"type": "output_text", "text": "Sky.", "annotations": [PLAIN]}]}
ITEM = {"type": "message", "id": "i", "role": "assistant", **MESSAGE}
CASES: dict[str, tuple[str, Any, tuple[Part, ...]]] = {
    "chat": (
        "/v1/chat/completions",
        {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Sky.", "annotations": [URL]}}]},
        both(URL),
    ),
    "chat streamed": (
        "/v1/chat/completions",
        sse(
            {"choices": [{"index": 0, "delta": {"content": "Sky."}}]},
            {"choices": [{"index": 0, "delta": {"annotations": [URL]}}]},
        ),
        both(URL),
    ),
    "perplexity streamed, which repeats them": (
        "/chat/completions",
        sse(
            {"choices": [{"index": 0, "delta": {"content": "Sk"}}], "citations": ["https://a.example"]},
            {"choices": [{"index": 0, "delta": {"content": "y."}}], "citations": ["https://a.example"]},
        ),
        both("https://a.example"),
    ),
    "perplexity, which says more of them": (
        "/chat/completions",
        {"choices": [{"message": {"content": "Sky."}}], "citations": ["https://a.example"], "search_results": [SOURCE]},
        both(SOURCE),
    ),
    "responses": ("/v1/responses", {"id": "r", "object": "response", "output": [ITEM]}, both(PLAIN)),
    "responses streamed": (
        "/v1/responses",
        named_sse(
            event("response.output_item.added", output_index=0, item=ITEM | {"content": []}),
            event("response.output_text.delta", output_index=0, content_index=0, delta="Sky."),
            event("response.output_text.annotation.added", output_index=0, content_index=0, annotation=PLAIN),
            event("response.output_item.done", output_index=0, item=ITEM),
        ),
        both(PLAIN),
    ),
    "responses streamed, broken off": (
        "/v1/responses",
        named_sse(
            event("response.output_item.added", output_index=0, item=ITEM | {"content": []}),
            event("response.output_text.delta", output_index=0, content_index=0, delta="Sk"),
            event("response.output_text.annotation.added", output_index=0, content_index=0, annotation=PLAIN),
            event("response.output_text.delta", output_index=0, content_index=0, delta="y."),
        ),
        both(PLAIN),
    ),
    "anthropic": (
        "/v1/messages",
        {"type": "message", "content": [{"type": "text", "text": "Sky.", "citations": [QUOTE]}]},
        both(QUOTE),
    ),
    "anthropic streamed": (
        "/v1/messages",
        named_sse(
            event("content_block_start", index=0, content_block={"type": "text", "text": "", "citations": []}),
            event("content_block_delta", index=0, delta={"type": "citations_delta", "citation": QUOTE}),
            event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Sky."}),
        ),
        both(QUOTE),
    ),
    "gemini streamed, which tells them whole again": (
        "/v1beta/models/m:streamGenerateContent",
        sse(
            {"candidates": [{"content": {"parts": [{"text": "Sk"}]}, "groundingMetadata": GROUND_BEFORE}]},
            {"candidates": [{"content": {"parts": [{"text": "y."}]}, "groundingMetadata": GROUND}]},
            done=False,
        ),
        both({"groundingMetadata": GROUND}),
    ),
    "cohere": (
        "/v2/chat",
        {"id": "c", "message": {"content": [{"type": "text", "text": "Sky."}], "citations": [SPAN]}},
        both(SPAN),
    ),
    "cohere streamed": (
        "/v2/chat",
        named_sse(
            event("content-delta", index=0, delta={"message": {"content": {"text": "Sky."}}}),
            event("citation-start", index=0, delta={"message": {"citations": SPAN}}),
            event("citation-end", index=0),
        ),
        both(SPAN),
    ),
    "cohere's first": ("/v1/chat", {"text": "Sky.", "generation_id": "g", "citations": [SPAN]}, both(SPAN)),
    "converse": (
        "/model/m/converse",
        {
            "output": {"message": {"content": [{"citationsContent": PLACED}]}},
            "stopReason": "end_turn",
        },
        both(PLACE),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [0, 7])
def test_citations_stand_behind_the_text_they_are_of(case: str, size: int) -> None:
    path, answer, parts = CASES[case]
    found = call(path, ASKED_FIRST if path == "/v1/chat" else ASKED, answer, size=size)
    assert found.response.messages == (Message(role="assistant", parts=parts),)
    assert found.detail().problems == ()


def test_a_history_is_the_same_with_its_citations_and_without() -> None:
    asked = [Message(role="user", parts=(TextPart(text="Why?"),))]
    with_them, without = Message(role="assistant", parts=both(URL)), Message(role="assistant", parts=both()[:1])
    assert thread_digests(asked, [with_them]) == thread_digests(asked, [without])
    assert canonical_items(with_them) == canonical_items(without)


def test_a_tools_result_that_holds_cited_texts_is_still_a_text() -> None:
    block = {"type": "text", "text": "Sky.", "citations": [QUOTE]}
    message = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [block]}]}
    found = call("/v1/messages", {"model": "m", "max_tokens": 9, "messages": [message]})
    assert found.request.messages[0].parts == (ToolResultPart(id="t", text="Sky."),)

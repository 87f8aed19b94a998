"""Text completion: a prompt in, text out. OpenAI's older format, fill-in-the-middle, and what each maker of models on
Bedrock made of it (Amazon Titan, Meta, Mistral, Cohere, AI21, Anthropic's `complete`).

https://platform.openai.com/docs/api-reference/completions,
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html. They differ in names only.
"""

import re
from collections.abc import Iterator
from typing import Any

from union_square.domain.messages import Message, OtherPart, Part, Request, TextPart, Usage
from union_square.wire.dialects.cohere_chat import usage_of as cohere_usage_of
from union_square.wire.dialects.draft import Draft
from union_square.wire.dialects.openai_chat import ChatDraft
from union_square.wire.dialects.openai_usage import usage_of as openai_usage_of
from union_square.wire.dialects.plain import model_in_path
from union_square.wire.headers import Target
from union_square.wire.jsontext import clean_value, count_of, json_text, list_of, obj_of, text_of

_PATH = re.compile(
    r"(?<!/chat)(?<!/agents)/(completions?|complete)/?\Z"
    r"|\A(/v\d+)?/(generate(_stream)?|infill)/?\Z"
    r"|/text/generation(_stream)?\Z|/endpoints/[^/]+/invocations(-response-stream)?\Z"
)
_PROMPTS = ("prompt", "inputText", "inputs", "input")
_SETTINGS = {"textGenerationConfig", "parameters"}
_NOT_PARAMETERS = {"model", "model_id", "stream", *_PROMPTS, *_SETTINGS}
# Where an answer's texts stand, its text in each of them, and why it ended.
_LISTS = ("choices", "results", "outputs", "generations", "completions")
_TEXTS = ("text", "outputText", "generation", "completion", "generated_text", "content")
_REASONS = ("finish_reason", "stop_reason", "completionReason", "finishReason", "stop_type")

_ABOUT_THE_STREAM = {"is_finished", "amazon-bedrock-invocationMetrics"}


class Completions:
    name = "text-completion"

    def claims_path(self, path: str) -> bool:
        return _PATH.search(path) is not None and "/images/" not in path

    def claims_body(self, body: dict[str, Any]) -> bool:
        asked = "prompt" in body and {"max_tokens", "max_tokens_to_sample", "max_gen_len"} & body.keys()
        titan = isinstance(body.get("inputText"), str) and body.keys() <= {"inputText", "textGenerationConfig"}
        served = isinstance(body.get("inputs"), str) and isinstance(body.get("parameters"), dict)
        return bool(asked) or titan or served

    def read_request(self, target: Target, body: dict[str, Any]) -> Request:
        prompt = next((body[key] for key in _PROMPTS if key in body), None)
        parameters = {key: clean_value(item) for key, item in body.items() if key not in _NOT_PARAMETERS}
        for key in _SETTINGS & body.keys():
            parameters |= clean_value(obj_of(body[key]))
        return Request(
            dialect=self.name,
            operation="text_completion",
            model=text_of(body.get("model", body.get("model_id"))) or model_in_path(target.path),
            messages=tuple(prompt_messages(prompt)),
            parameters=parameters,
            stream=body.get("stream") is True or "stream" in target.path.rpartition("/")[2],
        )

    def open_response(self, request: Request) -> Draft:  # noqa: ARG002
        return CompletionDraft()


def prompt_messages(prompt: Any) -> Iterator[Message]:
    """A message for each prompt: a text, a list of texts, or lists of token numbers, which stand as they are."""
    items = list_of(prompt)
    if not items or isinstance(items[0], int):
        items = [prompt] if prompt else []
    for item in items:
        fields = obj_of(item)  # Aleph Alpha's prompts have types
        text = item if isinstance(item, str) else fields.get("data", fields.get("text"))
        label = "prompt" if fields else "tokens"
        is_text = isinstance(text, str) and fields.get("type") != "image"
        part: Part = TextPart(text=text_of(text)) if is_text else OtherPart(label=label, json=json_text(item))
        yield Message(role="user", parts=(part,))


class CompletionDraft(ChatDraft):
    """Every variant is read as a chat's choice that says the text."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, Any] = {}

    def _read(self, value: Any, key: str) -> bool:
        body = obj_of(list_of(value)[0] if list_of(value) else value)  # text generation servers answer with a list
        answers = list(_answers(body))
        self._counts |= {name: count for name, count in body.items() if "oken" in name and count_of(count) is not None}
        self.usage = _usage_of(body, self._counts) or self.usage
        read = super()._read(body | {"choices": answers}, key)
        return read and bool(answers or self.usage or _ABOUT_THE_STREAM & body.keys() or body.get("type") == "ping")

    def _read_usage(self, body: dict[str, Any]) -> None:
        """Read with the counts that stand elsewhere."""


def _answers(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    named = next((name for name in _LISTS if isinstance(body.get(name), list)), "")
    items = list_of(body.get(named)) if named else [body]
    for position, item in enumerate(items):
        answer = obj_of(item)
        text = _text(answer)
        if text is None and not named and not any(answer.get(key) for key in _REASONS):
            continue
        index = count_of(answer.get("index")) if named in {"choices", ""} else None
        message = obj_of(answer.get("message")) or obj_of(answer.get("delta")) or {"content": text}
        reason = next((answer[key] for key in _REASONS if answer.get(key)), None)
        reason = obj_of(reason).get("reason", reason)
        yield {"index": position if index is None else index, "message": message, "finish_reason": reason}


def _text(answer: dict[str, Any]) -> str | None:
    fields = obj_of(answer.get("data")) or answer
    return next((fields[key] for key in _TEXTS if isinstance(fields.get(key), str)), None)


def _usage_of(body: dict[str, Any], counts: dict[str, Any]) -> Usage | None:
    usage = openai_usage_of(body.get("usage")) or cohere_usage_of(body.get("meta"))
    if usage is not None:
        return usage
    results = [obj_of(item) for item in list_of(body.get("results"))]
    found = Usage(
        input_tokens=_first(
            counts.get("inputTextTokenCount"),
            counts.get("prompt_token_count"),
            counts.get("num_tokens_prompt_total"),
            _sum(results, "input_token_count"),
        ),
        output_tokens=_first(
            counts.get("totalOutputTextTokenCount"),
            counts.get("generation_token_count"),
            counts.get("num_tokens_generated"),
            _sum(results, "tokenCount", "generated_token_count"),
        ),
    )
    return None if found == Usage() else found


def _first(*counts: Any) -> int | None:
    return next((count for count in map(count_of, counts) if count is not None), None)


def _sum(results: list[dict[str, Any]], *names: str) -> int | None:
    counts = [count for item in results for name in names if (count := count_of(item.get(name))) is not None]
    return sum(counts) if counts else None

"""One call as view values: facts, messages, headers, bodies, and when its bytes came. PURE."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from union_square.domain.context import Weights
from union_square.domain.ids import IdError, parse_call_id
from union_square.domain.messages import ToolCallPart
from union_square.domain.views import CallDetail, CallView, HeadView
from union_square.exporting.curl import curl_command
from union_square.ui import wording
from union_square.ui.longtext import value_html
from union_square.ui.present_context import context_note, present_shares
from union_square.ui.present_conversation import error_words
from union_square.ui.present_messages import present_messages, results_of
from union_square.ui.present_notes import places_of, present_notes
from union_square.ui.present_sessions import call_href, session_href
from union_square.ui.present_timing import present_timeline
from union_square.ui.present_tree import link_sentence
from union_square.ui.views import CallPageView, Pair, ToolView


def _value_words(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else text[:399] + "…"


def _facts(call: CallView) -> list[Pair]:
    speed = call.output_tokens_per_second
    pairs = (
        ("duration", wording.duration(call.duration_ms) or ("running" if call.state == "running" else "unknown")),
        ("time to first chunk", wording.duration(call.time_to_first_chunk_ms) or wording.NONE),
        ("time to first token", wording.duration(call.time_to_first_token_ms) or wording.NONE),
        ("speed", f"{speed:.1f} tokens/s" if speed else wording.NONE),
        ("finish reason", ", ".join(call.finish_reasons) or wording.NONE),
        ("streamed", "yes" if call.streamed else "no"),
        ("dialect", call.dialect or wording.NONE),
        ("operation", call.operation or wording.NONE),
        ("request", wording.size(call.request_bytes)),
        ("response", wording.size(call.response_bytes)),
        ("session link", link_sentence(call)),
        ("recorded", "in full" if call.recorded else "sizes only: the client asked not to be recorded"),
    )
    return [Pair(name=name, value=value) for name, value in pairs]


def _headline(call: CallView) -> list[Pair]:
    """The few figures that people look for first."""
    usage = call.usage
    inputs, outputs = (usage.input_tokens, usage.output_tokens) if usage else (None, None)
    speed = call.output_tokens_per_second
    pairs = (
        ("tokens in → out", wording.token_pair(inputs, outputs) or wording.NOT_REPORTED),
        ("cost", wording.cost(call.cost_usd) or "unknown"),
        ("duration", wording.duration(call.duration_ms)),
        ("first token", wording.duration(call.time_to_first_token_ms)),
        ("speed", f"{speed:.0f} tokens/s" if speed else ""),
        ("finish reason", ", ".join(call.finish_reasons)),
    )
    return [Pair(name=name, value=value) for name, value in pairs if value]


def _usage(detail: CallDetail) -> list[Pair]:
    call = detail.call
    price = wording.cost(call.cost_usd) or "unknown (no price, or no usage reported)"
    source = [("price from", detail.cost_source)] if detail.cost_source else []
    kinds = [(f"of them {name.replace('_', ' ')}", wording.grouped(n)) for name, n in detail.usage_details.items()]
    return [Pair(name=n, value=v) for n, v in (*wording.usage_pairs(call.usage), *kinds, ("cost", price), *source)]


def _answer_facts(detail: CallDetail) -> list[Pair]:
    """The provider's own ids, to be named to its support, and what it says is left of its limits."""
    ids = (("response id", detail.response_id), ("request id", detail.request_id))
    return [Pair(name=name, value=value) for name, value in (*ids, *detail.rate_limits.items()) if value]


def _headers(head: HeadView | None) -> list[Pair]:
    return [] if head is None else [Pair(name=name, value=value) for name, value in head.headers]


def _tools(detail: CallDetail) -> list[ToolView]:
    return [
        ToolView(
            name=tool.name,
            description=tool.description,
            schema_html=value_html(tool.schema, f"/pieces/{detail.call.id}/tools/{n}") if tool.schema else "",
        )
        for n, tool in enumerate(detail.tools)
    ]


MESSAGES_AT_FIRST = 30
"""Messages of the request that are shown at once: an agent's history runs to hundreds."""


def present_call(
    detail: CallDetail,
    proxy_url: str,
    request_body: str | None,
    shown: int = MESSAGES_AT_FIRST,
    resent: Sequence[CallView] = (),
) -> CallPageView:
    """The call page, with the newest `shown` messages of its request.

    `request_body`: its text for the curl command; None = too long for one, or not text."""
    call = detail.call
    whole = detail.messages[: detail.request_message_count]
    hidden = max(0, len(whole) - shown)
    asked = whole[hidden:]
    answered = detail.messages[detail.request_message_count :]
    running = call.state == "running"
    prefix = call.id[-12:]
    context = Weights().of_request(detail)
    places = places_of(call.id, range(len(detail.messages)), detail.annotations, detail.messages)
    asked_at, answered_at = places[hidden : len(whole)], places[len(whole) :]
    results = results_of(asked, asked_at)
    paired = frozenset(p.id for m in asked for p in m.parts if isinstance(p, ToolCallPart)) & results.keys()
    return CallPageView(
        id=call.id,
        resent_as=[Pair(name=_resent_words(one), value=call_href(one.id)) for one in resent],
        resent_compare=f"{call_href(call.id)}/resend",
        resent_from=_resent_from(call.metadata),
        title=call.preview or f"{call.method} {call.path}",
        state=call.state,
        state_word=wording.CALL_WORDS[call.state],
        status=str(call.status_code or ""),
        status_class="bad" if (call.status_code or 0) >= 400 else "ok",
        model=call.model or wording.NONE,
        response_model=call.response_model if call.response_model != call.model else "",
        upstream=call.upstream,
        operation=call.operation,
        method_path=f"{call.method} {call.path}",
        started=wording.iso(call.started_at),
        session_href=session_href(call.session_id) if call.session_id else "",
        session_word=call.session_id or "not linked yet",
        error=error_words(call),
        gap=wording.gap_words(call.gap_observations, call.gap_bytes),
        headline=_headline(call),
        since=wording.iso(call.started_at) if running else "",
        facts=_facts(call) + _answer_facts(detail),
        usage=_usage(detail),
        parameters=[Pair(name=n, value=_value_words(v)) for n, v in detail.parameters.items()],
        metadata=[Pair(name=n, value=_value_words(v)) for n, v in call.metadata.items()],
        problems=list(detail.problems),
        tools=_tools(detail),
        tools_word=wording.plural(len(detail.tools), "tool") if detail.tools else "",
        request_line=detail.request.start_line,
        response_line=detail.response.start_line if detail.response else "",
        request_headers=_headers(detail.request),
        response_headers=_headers(detail.response),
        asked=present_messages(asked, f"{prefix}-q", results, paired=frozenset(paired), places=asked_at),
        answered=present_messages(answered, f"{prefix}-a", results, running=running, places=answered_at),
        parent_id=call.parent_id or "",
        shares=present_shares(context, call),
        shares_note=context_note(context, call),
        asked_earlier=f"Show earlier messages ({hidden} more)" if hidden else "",
        timeline=present_timeline(detail.request_chunks, detail.chunks, call.duration_ms),
        curl=curl_command(detail.request, proxy_url, request_body, call.id),
        notes=present_notes(detail.annotations),
        tags=list(call.tags),
    )


def _resent_words(call: CallView) -> str:
    model = call.response_model or call.model or call.upstream
    return model if call.state == "done" else f"{model} ({wording.CALL_WORDS[call.state]})"


def _resent_from(metadata: Mapping[str, Any]) -> str:
    """Where the re-sends of the call stand that this one repeats; "" = it repeats none."""
    try:
        return f"/calls/{parse_call_id(str(metadata.get('resent_from', '')))}/resend"
    except IdError:
        return ""

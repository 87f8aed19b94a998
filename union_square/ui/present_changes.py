"""What a request changed against the one before it, and why a prompt cache missed, as view values. PURE."""

import json
from collections.abc import Iterable
from html import escape

from union_square.domain.changes import (
    CacheBreak,
    MessageChange,
    RequestChanges,
    ToolChange,
    ValueChange,
    cache_markers,
    compare_requests,
    find_cache_break,
)
from union_square.domain.messages import Message, TextPart, ToolCallPart, ToolOffer, ToolResultPart
from union_square.domain.views import CallDetail
from union_square.domain.worddiff import Span, word_diff
from union_square.ui import wording
from union_square.ui.present_messages import ROLE_WORDS
from union_square.ui.present_sessions import call_href
from union_square.ui.session_views import ChangesView, ChangeView

MOST_SHOWN = 40
_LONGEST = 4000  # characters of one stretch
_AROUND = 120  # of unchanged text, beside what changed
_WORDS = {"added": "added", "removed": "removed", "edited": "changed"}


def present_no_changes(call_id: str, words: str) -> ChangesView:
    """There is nothing to compare a call with."""
    return ChangesView(id=call_id, summary=words)


def present_changes(
    before: CallDetail, after: CallDetail, bodies: tuple[bytes, bytes] = (b"", b""), *, compared: str
) -> ChangesView:
    """What `after` changed against `before`. `bodies`: both requests' as JSON, for their cache markers."""
    changes = compare_requests(before, after)
    views = [
        *(_value(one) for one in changes.values),
        *_tools(changes),
        *(_message(one) for one in changes.messages),
    ]
    cache, cache_class = _cache(before, after, bodies)
    return ChangesView(
        id=after.call.id,
        compared=compared,
        compared_href=call_href(before.call.id),
        summary=_summary(changes),
        cache=cache,
        cache_class=cache_class,
        changes=views[:MOST_SHOWN],
        more=f"{len(views) - MOST_SHOWN} more changes are not shown" if len(views) > MOST_SHOWN else "",
    )


def _summary(changes: RequestChanges) -> str:
    if changes.nothing:
        return "The same request again: nothing changed."
    counted = [
        (kind, noun, sum(one.kind == kind for one in found))
        for noun, found in (("message", changes.messages), ("tool", changes.tools))
        for kind in ("added", "removed", "edited")
    ]
    words = [f"{wording.plural(count, noun)} {_WORDS[kind]}" for kind, noun, count in counted if count]
    if changes.tools_reordered:
        words.append("tools in another order")
    if changes.values:
        words.append(f"{wording.plural(len(changes.values), 'setting')} changed")
    return f"{wording.plural(changes.kept, 'message')} kept, " + ", ".join(words) + "."


def diff_html(before: str, after: str) -> str:
    """A text with what was taken out and put in; long stretches of unchanged text are left out."""
    return '<div class="diff">' + "".join(_span(span) for span in word_diff(before, after)) + "</div>"


def _span(span: Span) -> str:
    text = span.text
    if span.kind == "same" and len(text) > 3 * _AROUND:
        left = f"… {len(text) - 2 * _AROUND:,} characters the same …"
        return f"{escape(text[:_AROUND])}<span class='diff-left'>{escape(left)}</span>{escape(text[-_AROUND:])}"
    cut = escape(text[:_LONGEST]) + (f"… {len(text) - _LONGEST:,} more characters" if len(text) > _LONGEST else "")
    return cut if span.kind == "same" else f"<{_TAG[span.kind]}>{cut}</{_TAG[span.kind]}>"


_TAG = {"out": "del", "in": "ins"}


def _whole(text: str, kind: str) -> str:
    return '<div class="diff">' + _span(Span("in" if kind == "added" else "out", text)) + "</div>"


def _value(change: ValueChange) -> ChangeView:
    kind = "added" if not change.before else "removed" if not change.after else "edited"
    return _view(f"value-{change.name}", kind, change.name, diff_html(change.before, change.after))


def _tools(changes: RequestChanges) -> Iterable[ChangeView]:
    if changes.tools_reordered:
        yield _view("tools", "edited", "order of the tools", "")
    for one in changes.tools:
        yield _tool(one)


def _tool(change: ToolChange) -> ChangeView:
    key, what = f"tool-{change.name}", f"tool {change.name}"
    if change.before and change.after:
        return _view(key, "edited", what, diff_html(_tool_text(change.before), _tool_text(change.after)))
    return _view(key, change.kind, what, _whole(_tool_text(change.before or change.after), change.kind))


def _tool_text(tool: ToolOffer | None) -> str:
    if tool is None:
        return ""
    try:
        schema = json.dumps(json.loads(tool.schema), indent=2, ensure_ascii=False) if tool.schema else ""
    except (ValueError, RecursionError):
        schema = tool.schema
    return "\n".join(filter(None, (tool.description, schema)))


def _message(change: MessageChange) -> ChangeView:
    message = change.after or change.before
    assert message is not None
    what = (
        f"{ROLE_WORDS[message.role].lower()} message {change.place + 1}"
        if message.role != "system"
        else "system prompt"
    )
    key = f"message-{change.kind}-{change.place}"
    if change.before and change.after:
        return _view(key, "edited", what, diff_html(_text(change.before), _text(change.after)))
    return _view(key, change.kind, what, _whole(_text(message), change.kind))


def _text(message: Message) -> str:
    def one(part: object) -> str:
        match part:
            case TextPart():
                return part.text
            case ToolCallPart():
                return f"{part.name}({part.arguments})"
            case ToolResultPart():
                return part.text
            case _:
                return f"[{getattr(part, 'type', 'part')}]"

    return "\n".join(map(one, message.parts))


def _view(key: str, kind: str, what: str, html: str) -> ChangeView:
    return ChangeView(key=key, kind=kind, kind_word=_WORDS[kind], what=what, html=html)


def _cache(before: CallDetail, after: CallDetail, bodies: tuple[bytes, bytes]) -> tuple[str, str]:
    """What a prompt cache could use of the request before, and what it was said to have used."""
    where = find_cache_break(before, after)
    usage = after.call.usage
    read = usage.cache_read_input_tokens if usage else None
    words = _break_words(where)
    told = "" if read is None else f" The provider read {wording.grouped(read)} input tokens from its cache."
    moved = "" if where.appended else _marker_words(bodies)
    if where.appended or where.at == "nowhere":
        missed = read == 0 and (usage and (usage.input_tokens or 0) >= 1024)
        why = (
            " Nothing in the request explains that: the cached beginning may have expired, or no part of it was marked"
            " to be cached."
            if missed
            else ""
        )
        return words + told + why + (
            _marker_words(bodies) if missed else ""
        ), "" if read is None else "bad" if missed else "good"
    return words + told + moved, "bad"


def _break_words(where: CacheBreak) -> str:
    if where.appended or where.at == "nowhere":
        return "Everything sent before comes first and unchanged, so a prompt cache can use it."
    tail = " Nothing behind that place can come from a prompt cache."
    match where.at:
        case "model":
            return "Another model is asked: a prompt cache holds one model's requests only."
        case "tools":
            what = "The tools come in another order" if where.reordered else "The tools differ"
            return f"{what}, first at tool {where.place + 1} ({where.name}), and tools stand before all messages.{tail}"
        case "system":
            return f"The system prompt differs, and it stands before all messages.{tail}"
        case _:
            return f"Message {where.place + 1} is the first that differs.{tail}"


def _marker_words(bodies: tuple[bytes, bytes]) -> str:
    marks = tuple(map(_markers, bodies))
    if marks[0] == marks[1]:
        return ""
    was, now = (", ".join(places[:6]) or "nowhere" for places in marks)
    return f" Cache markers moved: they were at {was}, now at {now}."


def _markers(body: bytes) -> tuple[str, ...]:
    try:
        return cache_markers(json.loads(body)) if body else ()
    except (ValueError, RecursionError):
        return ()

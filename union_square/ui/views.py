"""Finished view values: what a component shows, as text. PURE.

Every field is ready to be shown (or is a key that the style sheet knows, such as `state`); "" means "leave it out".
Times are ISO 8601 in UTC: the browser turns them into the viewer's zone. Fields that end in `html` come from
`ui.markup` alone, which writes nothing but its own few tags.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A session in a listing."""

    id: str = ""
    href: str = ""
    title: str = ""
    state: str = ""  # running, ended, failed
    state_word: str = ""
    models: str = ""
    upstreams: str = ""
    calls: str = ""
    tokens: str = ""
    tokens_title: str = ""
    cost: str = ""
    cost_title: str = ""
    duration: str = ""
    first: str = ""
    since: str = ""  # while it runs: the begin, for a counter in the browser
    started: str = ""
    last: str = ""
    problem: str = ""  # "2 failed calls · 1 gap"
    tags: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class TailLine:
    """What a running call is saying right now."""

    call_id: str = ""
    href: str = ""
    model: str = ""
    state: str = ""
    state_word: str = ""
    kind: str = ""  # text, thinking, tool_call
    kind_word: str = ""
    text: str = ""
    silence: str = ""  # "no data for 12 s"; "" = it flows
    pulse: str = ""  # an SVG path: how its chunks came
    late: str = ""  # the same, of those that came late
    late_words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCard:
    session: SessionLine = field(default_factory=SessionLine)
    tails: list[TailLine] = field(default_factory=list[TailLine])


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """What somebody said of a session, a call, a message, or a span of its text."""

    id: int = 0
    subject: str = ""
    subject_id: str = ""
    kind: str = ""  # text, label, number
    name: str = ""  # what is judged
    verdict: str = ""  # the label or the score
    value: str = ""  # the same in full, to be edited
    version: str = ""
    text: str = ""
    author: str = ""
    at: str = ""
    part: str = ""  # the part whose text it stands on; "" = the whole message, call or session
    quote: str = ""  # as the text is written, for the script that finds it among what is shown
    quote_shown: str = ""
    prefix: str = ""
    lost: str = ""  # words where the place is not there any more


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """A line of a history."""

    id: int = 0
    at: str = ""
    author: str = ""
    words: str = ""
    undone: str = ""  # "" = it can be taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockView:
    """One part of a message."""

    key: str = ""
    kind: str = ""  # text, thinking, tool_call, tool_result, media, image, audio, refusal, other
    source: str = ""  # of an image or a sound: its data, as a data: URL
    href: str = ""  # of one that only its address is known of: where a click leads
    title: str = ""
    note: str = ""
    html: str = ""
    part: str = ""  # its number in its message
    result_state: str = ""  # of a tool call: ok, error, waiting, ""
    result_title: str = ""
    result_html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    key: str = ""
    role: str = ""
    role_word: str = ""
    folded: bool = False
    summary: str = ""  # the first words, shown while it is folded
    blocks: list[BlockView] = field(default_factory=list[BlockView])
    call_id: str = ""  # with the number, where a note on it is put; "" = none can be
    number: str = ""
    notes: list[NoteView] = field(default_factory=list[NoteView])


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """One call's share of a conversation."""

    id: str = ""
    href: str = ""
    number: str = ""
    anchor: str = ""
    model: str = ""
    upstream: str = ""
    state: str = ""
    state_word: str = ""
    status: str = ""
    status_class: str = ""  # ok, bad
    tokens: str = ""
    tokens_title: str = ""
    cost: str = ""
    duration: str = ""
    since: str = ""  # when it runs: the begin, for a counter in the browser
    first_token: str = ""
    speed: str = ""
    link: str = ""
    link_title: str = ""
    branch: bool = False
    branch_note: str = ""
    after: str = ""  # the call it continues; "" = none
    after_number: str = ""
    started: str = ""
    error: str = ""
    gap: str = ""
    tags: list[str] = field(default_factory=list[str])
    messages: list[MessageView] = field(default_factory=list[MessageView])


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """A session page but for its turns, which change at another pace."""

    line: SessionLine = field(default_factory=SessionLine)
    truncated: str = ""
    earlier: str = ""  # words of the button that shows more turns; "" = all are shown
    times: str = ""  # how its time splits up
    branch: str = ""  # which of its turns are shown, where that is one line of several
    notes: list[NoteView] = field(default_factory=list[NoteView])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A line of a table with two columns."""

    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareView:
    """A part of a request. `width` is a CSS length: its share."""

    kind: str = ""
    name: str = ""
    width: str = "0%"
    share: str = ""
    tokens: str = ""
    characters: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolView:
    name: str = ""
    description: str = ""
    schema_html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TickView:
    """A mark of the chunk timeline. `left` and `width` are CSS lengths."""

    left: str = ""
    width: str = ""
    height: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineView:
    ticks: list[TickView] = field(default_factory=list[TickView])
    request_width: str = "0%"
    waiting_left: str = "0%"
    waiting_width: str = "0%"
    stream_left: str = "0%"
    stream_width: str = "0%"
    summary: str = ""
    scale: list[str] = field(default_factory=list[str])
    chunks: list[Pair] = field(default_factory=list[Pair])
    chunks_note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyView:
    """A body as text, at most so much of it."""

    html: str = ""
    note: str = ""
    href: str = ""
    size: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPageView:
    id: str = ""
    resent_as: list[Pair] = field(default_factory=list[Pair])  # its re-sends, newest first: words and address
    resent_compare: str = ""  # the address of the page that shows them beside this call
    resent_from: str = ""  # the address of the page of re-sends on which this call was made; "" = none
    title: str = ""
    state: str = ""
    state_word: str = ""
    status: str = ""
    status_class: str = ""
    model: str = ""
    response_model: str = ""
    upstream: str = ""
    operation: str = ""
    method_path: str = ""
    started: str = ""
    session_href: str = ""
    session_word: str = ""
    error: str = ""
    gap: str = ""
    headline: list[Pair] = field(default_factory=list[Pair])
    since: str = ""  # while it runs: the begin, for a counter in the browser
    facts: list[Pair] = field(default_factory=list[Pair])
    usage: list[Pair] = field(default_factory=list[Pair])
    parameters: list[Pair] = field(default_factory=list[Pair])
    metadata: list[Pair] = field(default_factory=list[Pair])
    problems: list[str] = field(default_factory=list[str])
    tools: list[ToolView] = field(default_factory=list[ToolView])
    tools_word: str = ""
    request_line: str = ""
    response_line: str = ""
    request_headers: list[Pair] = field(default_factory=list[Pair])
    response_headers: list[Pair] = field(default_factory=list[Pair])
    asked: list[MessageView] = field(default_factory=list[MessageView])
    answered: list[MessageView] = field(default_factory=list[MessageView])
    asked_earlier: str = ""  # words of the button that shows more of the history; "" = all is shown
    parent_id: str = ""  # the call it continues; "" = none
    shares: list[ShareView] = field(default_factory=list[ShareView])
    shares_note: str = ""
    timeline: TimelineView = field(default_factory=TimelineView)
    curl: str = ""
    notes: list[NoteView] = field(default_factory=list[NoteView])
    tags: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class TagLine:
    """A tag with where it is used."""

    tag: str = ""
    colour: str = ""
    calls: str = ""
    sessions: str = ""
    sessions_href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    id: int = 0
    name: str = ""
    tag: str = ""
    words: str = ""
    enabled: bool = False
    toggle_word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """A review queue and how far it is. `width` is a CSS length."""

    id: int = 0
    name: str = ""
    href: str = ""
    labels: str = ""
    progress: str = ""
    left: str = ""
    width: str = "0%"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelKey:
    key: str = ""
    label: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """The item of a queue that is being judged."""

    id: str = ""
    subject: str = ""
    href: str = ""
    title: str = ""
    facts: str = ""
    position: str = ""
    state: str = ""
    state_word: str = ""
    shown: str = ""  # how much of a long one is shown; "" = all
    tags: list[str] = field(default_factory=list[str])
    notes: list[NoteView] = field(default_factory=list[NoteView])
    messages: list[MessageView] = field(default_factory=list[MessageView])
    turns: list[TurnView] = field(default_factory=list[TurnView])
    labels: list[LabelKey] = field(default_factory=list[LabelKey])


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """A call in a listing."""

    id: str = ""
    href: str = ""
    session_href: str = ""
    preview: str = ""
    model: str = ""
    upstream: str = ""
    state: str = ""
    state_word: str = ""
    status: str = ""
    tokens: str = ""
    tokens_title: str = ""
    cost: str = ""
    duration: str = ""
    first: str = ""
    started: str = ""
    tags: list[str] = field(default_factory=list[str])
    hit_before: str = ""  # what stands before the words that were looked for
    hit: str = ""
    hit_after: str = ""
    hit_href: str = ""  # of the message that has them; "" = none is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Lines to copy into a program or a terminal."""

    key: str = ""
    name: str = ""
    code: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLine:
    name: str = ""
    target: str = ""
    base_url: str = ""
    key: str = ""  # the name of the variable, never what is in it
    key_word: str = ""  # whether that is set


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLink:
    """Leads to a listing in another order."""

    word: str = ""
    href: str = ""
    title: str = ""  # what order it leads to
    arrow: str = ""  # how the listing stands by it now; "" = it does not


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadView:
    """The head of a column: links to the orders by what stands in it, or a word."""

    css: str = ""
    word: str = ""
    sorted: str = "none"  # as aria-sort has it
    links: list[OrderLink] = field(default_factory=list[OrderLink])


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Of a listing: in what order it is."""

    words: str = ""  # "newest first"
    shown: str = ""  # the column it is ordered by
    heads: list[HeadView] = field(default_factory=list[HeadView])
    orders: list[OrderLink] = field(default_factory=list[OrderLink])


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetLink:
    value: str = ""
    calls: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetLine:
    """A field of the filter language and what the calls found are by it."""

    name: str = ""
    note: str = ""  # of which calls, where not of all
    links: list[FacetLink] = field(default_factory=list[FacetLink])


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterProblem:
    """A filter that cannot be read: its text cut around what is wrong, and what to do; message "" = it can."""

    before: str = ""
    wrong: str = ""
    after: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewLine:
    """A filter that has a name."""

    id: int = 0
    name: str = ""
    query: str = ""
    href: str = ""
    review_href: str = ""
    current: str = ""  # "true": it is the one that is shown

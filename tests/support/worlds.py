"""Imagined worlds for the fake of the `Watching` port: an ordinary afternoon, a hostile model, a huge session."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.support.fake_watching import Told, assistant, call_id, make_call, system, tool_result, user
from union_square.domain.messages import MediaPart, Message, RefusalPart, TextPart, ThinkingPart, ToolCallPart, Usage
from union_square.watching.ports import Turn

HOSTILE = """# Report <script>window.pwned = 1</script>

<img src=x onerror="window.pwned = 2"> ![tracking](http://evil.example/pixel.png)
<iframe src="http://evil.example/frame"></iframe>
<style>@import url(http://evil.example/style.css);</style>
[click me](javascript:window.pwned=3) and [here](https://evil.example/landing?who=you)
<a href="http://evil.example" ping="http://evil.example/ping">x</a> <svg onload=window.pwned=4>
[user@host](https://good.example@evil.example/) <meta http-equiv="refresh" content="0;url=http://evil.example">

| a | <b onmouseover=window.pwned=5>b</b> |
|---|---|
| ![t](https://evil.example/cell.png) | `</code><script>window.pwned=6</script>` |

```html
</code></pre><script>window.pwned = 7</script>
```

<math><mi xlink:href="javascript:window.pwned=12">m</mi></math> <object data="http://evil.example/o"></object>
<form action="http://evil.example/f"><input autofocus onfocus=window.pwned=13></form> <base href="http://evil.example/">
<link rel="stylesheet" href="http://evil.example/l.css"> <video src="http://evil.example/v" autoplay></video>
<svg><image href="http://evil.example/i.svg"/><animate onbegin=window.pwned=14></svg>
<p style="background:url(//evil.example/b)">p</p> <details ontoggle=window.pwned=15 open>d</details>
[d](data:text/html,<script>window.pwned=16</script>) [v](vbscript:x) [t](\tjava&#x0a;script:window.pwned=17)
<javascript:window.pwned=18> <http://evil.example/auto> http://evil.example/bare [r][ref] ![r][ref]
{window.pwned=19} ${window.pwned=20} {{7*7}} <%= 7*7 %> \u202etxt.exe\u202c \u2066x\u2069
Z\u0351\u036b\u0343a\u0302\u035flgo """
# A stack of marks and a word that nothing breaks, both larger than any layout is made for.
HOSTILE += "Z" + "\u0351\u036b" * 500 + " " + "W" * 20_000 + "\n\n[ref]: http://evil.example/reference\n"

_AGENT_SYSTEM = (
    "You are the order desk of a bookshop. Look orders up before you answer, never promise a delivery date that the "
    "carrier has not confirmed, and hand over to a person when the customer asks for a refund above 100 euros. Answer "
    "in the customer's language, in at most four sentences, and quote order numbers as they are written on the invoice."
)
_ORDERS = (
    '{"orders":[{"id":"B-20417","placed":"2026-11-14","status":"in transit","carrier":"DHL","eta":null},'
    '{"id":"B-19880","placed":"2026-10-02","status":"delivered"}]}'
)
_TRACK = (
    '{"carrier":"DHL","events":[{"at":"2026-11-22T18:04:00Z","place":"Leipzig","what":"sorted"},'
    '{"at":"2026-11-21T07:12:00Z","place":"Vienna","what":"collected"}]}'
)

_ANSWER = """Your order **B-20417** is on its way: DHL collected it in Vienna on 21 November, and sorted it in
Leipzig yesterday evening.

The carrier has not confirmed a delivery day yet, so I will not guess one. You can

1. follow it at [DHL tracking](https://www.dhl.com/track?id=B-20417), or
2. ask me again tomorrow after 10:00, when the next scan usually arrives.

| order | state |
|---|---|
| B-20417 | in transit |
| B-19880 | delivered |
"""

_CODE = """The bug is the default argument: one list is shared by every call.

```python
def add(item, basket=None):
    basket = [] if basket is None else basket
    basket.append(item)
    return basket
```

`None` stands for "make a new one". Run the tests with `pytest -k basket`."""


def agent() -> Told:
    """An agent with tools: three calls that belong together."""
    session = "support-7741"
    first = assistant(
        ThinkingPart(text="The customer asks where a parcel is. I need the orders first, then the carrier's scans."),
        ToolCallPart(id="call_a1", name="search_orders", arguments='{"customer":"c_881","limit":5}'),
    )
    second = assistant(ToolCallPart(id="call_a2", name="track_parcel", arguments='{"order":"B-20417","carrier":"DHL"}'))
    return Told(
        title="Where is my parcel? I ordered it nine days ago.",
        turns=[
            Turn(
                call=make_call(1, session, preview="Where is my parcel?", finish_reasons=("tool_calls",)),
                added=(system(_AGENT_SYSTEM), user("Where is my parcel? I ordered it nine days ago.")),
                answer=(first,),
                branch=False,
            ),
            Turn(
                call=make_call(2, session, parent_id=call_id(1), link_rule="content", preview="Where is my parcel?"),
                added=(tool_result("call_a1", _ORDERS),),
                answer=(second,),
                branch=False,
            ),
            Turn(
                call=make_call(
                    3,
                    session,
                    parent_id=call_id(2),
                    link_rule="content",
                    preview="Where is my parcel?",
                    duration_ms=4120.0,
                    usage=Usage(input_tokens=2210, output_tokens=164, cache_read_input_tokens=1024),
                    cost_usd=0.00088,
                ),
                added=(tool_result("call_a2", _TRACK),),
                answer=(assistant(_ANSWER),),
                branch=False,
            ),
        ],
        tags={session: ("support", "tools")},
    )


def branches() -> Told:
    """One question answered twice: a branch, and a call that a rate limit refused."""
    session = "01jdx4-branches"
    asked = user("Why does my basket keep items from the last test?")
    return Told(
        title="Why does my basket keep items from the last test?",
        turns=[
            Turn(
                call=make_call(
                    11,
                    session,
                    upstream="anthropic",
                    model="claude-sonnet-5",
                    response_model="claude-sonnet-5",
                    dialect="anthropic-messages",
                    path="/v1/messages",
                    cost_usd=0.0121,
                ),
                added=(asked,),
                answer=(assistant(_CODE),),
                branch=False,
            ),
            Turn(
                call=make_call(
                    12,
                    session,
                    upstream="anthropic",
                    model="claude-sonnet-5",
                    response_model="claude-sonnet-5",
                    parent_id=call_id(11),
                    link_rule="content",
                    cost_usd=0.0098,
                ),
                added=(user("Can you show it with dataclasses?"),),
                answer=(assistant("Use `field(default_factory=list)`; it makes a new list for each instance."),),
                branch=False,
            ),
            Turn(
                call=make_call(
                    13,
                    session,
                    upstream="anthropic",
                    model="claude-sonnet-5",
                    response_model="",
                    parent_id=call_id(11),
                    link_rule="content",
                    state="failed",
                    status_code=429,
                    usage=None,
                    cost_usd=None,
                    error_type="rate_limit_error",
                    error_message="This request would exceed your organization's rate limit of 40,000 tokens a minute.",
                    duration_ms=212.0,
                    streamed=False,
                    output_tokens_per_second=None,
                    time_to_first_token_ms=None,
                    finish_reasons=(),
                ),
                added=(user("Explain it to a beginner instead."),),
                answer=(),
                branch=True,
            ),
            Turn(
                call=make_call(
                    14,
                    session,
                    upstream="anthropic",
                    model="claude-sonnet-5",
                    response_model="claude-sonnet-5",
                    parent_id=call_id(11),
                    link_rule="content",
                    link_confidence=0.82,
                    state="cut_off",
                    usage=None,
                    cost_usd=None,
                    error_type="upstream_closed",
                    error_message="the upstream broke off after 2,114 bytes",
                    gap_observations=3,
                    gap_bytes=48_200,
                ),
                added=(
                    Message(
                        role="user",
                        parts=(
                            TextPart(text="Explain it to a beginner instead."),
                            MediaPart(
                                modality="image", mime_type="image/png", data="iVBOR" * 4000, name="screenshot.png"
                            ),
                        ),
                    ),
                ),
                answer=(assistant("Imagine that every customer were handed the *same* shopping basket at the"),),
                branch=True,
            ),
        ],
    )


def running(now: datetime | None = None) -> list[Told]:
    """Sessions that are being answered at this moment."""
    at = now or datetime.now(UTC)
    base = {"state": "running", "duration_ms": None, "usage": None, "cost_usd": None, "finish_reasons": ()}
    writing = Told(
        title="Write a short history of Union Square for the museum's wall",
        turns=[
            Turn(
                call=make_call(21, "museum-wall", started_at=at - timedelta(seconds=9), **base),
                added=(user("Write a short history of Union Square for the museum's wall."),),
                answer=(
                    assistant(
                        "Before it was a square it was a crossing. Two roads, the Bowery and Bloomingdale, met here at "
                        "an awkward angle; the surveyors of 1811 found no way to make the corner fit their grid. So "
                        "they left it open. In 1839 the opening became a park with an iron fence and gas lamps, and"
                    ),
                ),
                branch=False,
            )
        ],
        tags={"museum-wall": ("copy",)},
    )
    thinking = Told(
        title="Prove that the scheduler never starves a task",
        turns=[
            Turn(
                call=make_call(
                    22,
                    "proof",
                    upstream="anthropic",
                    model="claude-opus-5",
                    response_model="claude-opus-5",
                    started_at=at - timedelta(seconds=31),
                    **base,
                ),
                added=(user("Prove that the scheduler never starves a task."),),
                answer=(
                    assistant(
                        ThinkingPart(
                            text="Suppose a task waits forever. Then every round some other task has a smaller "
                            "virtual runtime. But runtimes only grow"
                        )
                    ),
                ),
                branch=False,
            )
        ],
    )
    stalled = Told(
        title="Refactor the billing module and run its tests",
        turns=[
            Turn(
                call=make_call(
                    23,
                    "agent-billing",
                    upstream="openrouter",
                    model="qwen3-coder",
                    response_model="qwen3-coder",
                    started_at=at - timedelta(seconds=48),
                    metadata={"stalled": True},
                    **base,
                ),
                added=(user("Refactor the billing module and run its tests."),),
                answer=(
                    assistant(
                        ToolCallPart(
                            id="c9",
                            name="edit_file",
                            arguments='{"path": "billing/invoice.py", "old": "def total(self):\\n        return',
                        )
                    ),
                ),
                branch=False,
            ),
            Turn(
                call=make_call(
                    24,
                    "agent-billing",
                    model="gpt-5-nano",
                    response_model="",
                    started_at=at - timedelta(seconds=1),
                    **base,
                ),
                added=(user("Summarise the diff in one line."),),
                answer=(),
                branch=True,
            ),
        ],
    )
    return [stalled, thinking, writing]


def hostile() -> Told:
    """A model that tries to do something in the browser of whoever reads it."""
    evil = '<img src=x onerror="window.pwned=8">'
    return Told(
        title='<script>window.pwned="title"</script> & friends',
        turns=[
            Turn(
                call=make_call(
                    31,
                    "hostile",
                    preview=evil,
                    model="<b>model</b>",
                    response_model='"><script>window.pwned=9</script>',
                ),
                added=(user(HOSTILE),),
                answer=(
                    assistant(
                        ThinkingPart(text=HOSTILE),
                        HOSTILE,
                        ToolCallPart(
                            id="h1",
                            name="<script>window.pwned=10</script>",
                            arguments='{"x": "</pre><script>window.pwned=11</script>"}',
                        ),
                        MediaPart(modality="image", url="http://evil.example/picture.png"),
                        RefusalPart(text="![x](http://evil.example/r.png)"),
                    ),
                ),
                branch=False,
            ),
            Turn(
                call=make_call(32, "hostile", parent_id=call_id(31), link_rule="content", model="m"),
                added=(tool_result("h1", HOSTILE), user("go on")),
                answer=(assistant("done"),),
                branch=False,
            ),
        ],
    )


def huge(turns: int = 500, body: int = 5 << 20) -> Told:
    """A session with many turns, and one answer of many megabytes."""
    told: list[Turn] = []
    for n in range(turns):
        answer = f"Answer {n}. " + "It is what the documentation says, in other words and at more length. " * 12
        if n == turns - 2:
            answer = "A very long log line that goes on. " * (body // 35)
        told.append(
            Turn(
                call=make_call(
                    1000 + n, "huge", parent_id=call_id(999 + n) if n else None, link_rule="content" if n else "new"
                ),
                added=(user(f"Question {n}: what comes next?"),),
                answer=(assistant(answer),),
                branch=False,
                added_at=(0,),
                answer_at=1,
            )
        )
    return Told(title="A very long session", turns=told)


def many(count: int = 120) -> list[Told]:
    """Small sessions, enough for several pages of the listing."""
    topics = (
        "Translate the release notes",
        "Summarise this thread",
        "Name three risks",
        "Draft a reply",
        "Fix the regex",
    )
    models = ("gpt-5-mini", "gpt-5", "claude-haiku-5", "gemini-3-flash", "mistral-medium-4")
    made: list[Told] = []
    for n in range(count):
        topic, model = topics[n % 5], models[n % 5]
        unreported = n % 7 == 3
        call = make_call(
            5000 + n,
            f"many-{n:03d}",
            started_at=datetime(2026, 11, 22, 8, tzinfo=UTC) - timedelta(minutes=11 * n),
            model=model,
            response_model=model,
            usage=None if unreported else Usage(input_tokens=180 * (n % 9 + 1), output_tokens=41 * (n % 13 + 1)),
            cost_usd=None if unreported else 0.0003 * (n % 9 + 1),
            preview=f"{topic}, part {n}",
        )
        if n % 11 == 4:
            call = replace(call, state="failed", status_code=500, error_type="server_error", error_message="overloaded")
        made.append(
            Told(
                title=f"{topic}, part {n}",
                turns=[
                    Turn(
                        call=call, added=(user(f"{topic}, part {n}"),), answer=(assistant("Here it is."),), branch=False
                    )
                ],
            )
        )
    return made


def afternoon() -> list[Told]:
    """An ordinary afternoon: something of everything."""
    return [*many(30), branches(), agent(), *running()]

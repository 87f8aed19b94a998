"""What is said in the demo. Written for it; any likeness to a real customer is chance."""

from collections.abc import Iterator

from union_square.demo.script import Answer, Ask, Conversation, Results, Step, Tool, Use, filled

WORDS = (
    {"n": "1", "name": "Mara Lindqvist", "order": "US-20481", "city": "Lisbon", "function": "parse_due_date"},
    {"n": "2", "name": "Tomasz Adeyemi", "order": "US-20517", "city": "Kyoto", "function": "parse_invoice_date"},
    {"n": "3", "name": "Priya Fontaine", "order": "US-20533", "city": "Oaxaca", "function": "parse_start_date"},
    {"n": "4", "name": "Jonas Okafor", "order": "US-20560", "city": "Tallinn", "function": "parse_end_date"},
    {"n": "5", "name": "Ines Varga", "order": "US-20602", "city": "Hobart", "function": "parse_renewal_date"},
    {"n": "6", "name": "Samuel Brandt", "order": "US-20644", "city": "Porto", "function": "parse_expiry_date"},
)
"""What changes from one round to the next, so that every round is new conversations."""

READ = Tool(name="read_file", description="Read a file of the repository.", properties={"path": "Path of the file"})
EDIT = Tool(
    name="edit_file",
    description="Replace a piece of text in a file.",
    properties={"path": "Path of the file", "old": "The text that stands there", "new": "The text to put there"},
)
TEST = Tool(name="run_tests", description="Run the test suite.", properties={"target": "A file or a test's name"})

CODING_AGENT = Conversation(
    name="A coding agent mends a test",
    dialect="anthropic",
    model="claude-sonnet-5-5",
    system="You are a careful software engineer working in a Python repository. Use the tools. Change as little as "
    "you can, and run the tests before you say that something works.",
    tools=(READ, EDIT, TEST),
    steps=(
        Step(
            said=Ask(
                text="`test_{function}_in_december` has failed since last night's deploy. Find out why and mend it."
            ),
            answer=Answer(
                thinking="The name of the test points at a date that crosses the end of a year. I should look at the "
                "test before I look at the code, so that I know what is promised.",
                text="I'll start with the test, to see what is promised.",
                uses=(Use(id="toolu_{n}_read_test", name="read_file", arguments={"path": "tests/test_dates.py"}),),
            ),
        ),
        Step(
            said=Results(
                of={
                    "toolu_{n}_read_test": "def test_{function}_in_december():\n"
                    '    assert {function}("in 3 weeks", today=date(2026, 12, 20)) == date(2027, 1, 10)\n'
                }
            ),
            answer=Answer(
                text="Three weeks from 20 December lies in the next year. Now the code.",
                uses=(Use(id="toolu_{n}_read_code", name="read_file", arguments={"path": "app/dates.py"}),),
                cached_tokens=412,
            ),
            pause_seconds=0.6,
        ),
        Step(
            said=Results(
                of={
                    "toolu_{n}_read_code": "def {function}(text, today):\n"
                    "    weeks = int(text.split()[1])\n"
                    "    return today.replace(day=today.day + 7 * weeks)\n"
                }
            ),
            answer=Answer(
                thinking="`replace(day=41)` raises ValueError for every month. It only ever worked when the sum stayed "
                "inside the month. timedelta is the right tool, and it carries the year over as well.",
                text="Found it: `replace(day=…)` cannot leave the month, so every date near its end fails. "
                "`timedelta` carries over months and years.",
                uses=(
                    Use(
                        id="toolu_{n}_edit",
                        name="edit_file",
                        arguments={
                            "path": "app/dates.py",
                            "old": "today.replace(day=today.day + 7 * weeks)",
                            "new": "today + timedelta(weeks=weeks)",
                        },
                    ),
                ),
                cached_tokens=655,
            ),
            pause_seconds=0.5,
        ),
        Step(
            said=Results(of={"toolu_{n}_edit": "1 replacement in app/dates.py"}),
            answer=Answer(
                text="Now the tests.",
                uses=(
                    Use(id="toolu_{n}_run", name="run_tests", arguments={"target": "tests/test_dates.py"}),
                    Use(id="toolu_{n}_lint", name="run_tests", arguments={"target": "tests/test_imports.py"}),
                ),
                cached_tokens=870,
            ),
            pause_seconds=0.5,
        ),
        Step(
            said=Results(
                of={
                    "toolu_{n}_run": "14 passed in 0.31s",
                    "toolu_{n}_lint": "3 passed in 0.08s",
                }
            ),
            answer=Answer(
                text="All 17 tests pass.\n\n**What was wrong.** `{function}` built the date with "
                "`today.replace(day=…)`, which raises as soon as the day lies beyond the month's end.\n\n"
                "**What I changed.** One line in `app/dates.py`:\n\n"
                "```python\nreturn today + timedelta(weeks=weeks)\n```\n\n"
                "It went unnoticed until last night because the deploy was the first to run in the last third of a "
                "month. `{function}` still accepts only weeks; days and months raise `ValueError`, as before.",
                cached_tokens=1010,
            ),
            pause_seconds=2.5,
        ),
    ),
)

SUPPORT = Conversation(
    name="A support chat",
    dialect="openai-chat",
    model="gpt-6-luna",
    system="You are the support assistant of a small bookshop. Be brief, warm and exact. Never promise a refund that "
    "the rules below do not give: damaged in transit = full refund; late by more than 10 days = postage back.",
    headers={
        "x-union-square-session-id": "support-{order}",
        "x-union-square-tags": "support,demo",
        "x-union-square-metadata": '{"customer": "{name}", "order": "{order}"}',
    },
    starts_after_seconds=1.0,
    steps=(
        Step(
            said=Ask(text="Hello, this is {name}. My order {order} should have been here two weeks ago. Where is it?"),
            answer=Answer(
                text="Hello {name}, I'm sorry that you are still waiting. Order {order} left us on the 2nd and was last "
                "scanned at the regional depot on the 5th. Nothing has moved since, which usually means the parcel "
                "is stuck rather than lost. I have asked the carrier to search for it; they answer within two "
                "working days."
            ),
        ),
        Step(
            said=Ask(text="Two more days? It was a birthday present. Can I at least have my money back?"),
            answer=Answer(
                text="I understand, and I'm sorry about the birthday. As the parcel is more than 10 days late, you get "
                "the postage back today: €4.90, on the card you paid with. If the carrier cannot find the parcel, "
                "we send the books again or refund the whole order, whichever you prefer."
            ),
            pause_seconds=3.0,
        ),
        Step(
            said=Ask(text="Send them again, please. And could you wrap them?"),
            answer=Answer(
                text="Gladly. I have noted both on {order}: a new parcel if the search fails, gift-wrapped at no "
                "charge, with a card that says it was worth the wait. You will get a mail as soon as the carrier "
                "answers."
            ),
            pause_seconds=3.0,
        ),
    ),
)

LOOK_UP = Tool(
    name="search_papers", description="Search published papers.", properties={"query": "Words to search for"}
)

RESEARCH = Conversation(
    name="A researcher with reasoning",
    dialect="openai-responses",
    model="gpt-6.1-sol",
    system="You are a research assistant. Say how sure you are, and why.",
    tools=(LOOK_UP,),
    starts_after_seconds=2.0,
    steps=(
        Step(
            said=Ask(text="Do street trees in {city} lower the temperature in summer? How much, and who measured it?"),
            answer=Answer(
                thinking="**Planning the search**\n\nThe question asks for a size of effect and its source. I should "
                "look for measurements, not models, and say what kind of day they were taken on.",
                uses=(
                    Use(
                        id="call_{n}_search",
                        name="search_papers",
                        arguments={"query": "street trees air temperature measured {city} summer"},
                    ),
                ),
                first_token_seconds=1.6,
            ),
        ),
        Step(
            said=Results(
                of={
                    "call_{n}_search": '{"hits": [{"title": "Shade and air temperature in 12 streets", "year": 2023, '
                    '"finding": "1.1 to 2.4 K lower at 2 m on clear afternoons"}]}'
                }
            ),
            answer=Answer(
                text="Yes. One study measured it directly in twelve streets: on clear summer afternoons the air at 2 m "
                "was **1.1 to 2.4 K cooler** under closed canopies than in the open street next to it (2023).\n\n"
                "| canopy | difference |\n|---|---|\n| open, under 20 % | 0.2 K |\n| half | 1.1 K |\n| closed | 2.4 K |\n\n"
                "I am fairly sure of the direction, less so of the size: it is one study, and cloudy days were left "
                "out.",
                first_token_seconds=1.1,
                cached_tokens=256,
            ),
            pause_seconds=0.8,
        ),
    ),
)

STORY_REQUEST = "Write a short story about a lighthouse keeper in {city} who collects lost messages."
STORY = (
    "The lamp in {city} had been electric for forty years, yet Anselm still climbed the stairs at dusk, because the "
    "messages came at dusk. They washed up folded in bottles, tucked into driftwood, once sewn into the hem of a sail. "
    "He dried them on the rail and read them aloud to the gulls, who are good listeners when there is bread.\n\n"
    "Most were apologies. Some were recipes. One, in a child's hand, said only: *I am on the other side, who are you?* "
    "Anselm answered that one. He wrote that he was a man who kept a light, and that the light was on. He put the "
    "paper into the same bottle and threw it as far as an old man can throw.\n\n"
    "It came back in spring with a drawing of a lamp, and beneath it, in letters that had grown steadier: *Mine too.*"
)

BROKEN_STREAM = Conversation(
    name="A stream that breaks, and the retry",
    dialect="openai-chat",
    model="gpt-6.1-terra",
    system="You write short, quiet prose.",
    starts_after_seconds=3.0,
    steps=(Step(said=Ask(text=STORY_REQUEST), answer=Answer(text=STORY, breaks_at=0.45)),),
)

RETRIED_STREAM = Conversation(
    name="The same request again, whole",
    dialect="openai-chat",
    model="gpt-6.1-terra",
    system="You write short, quiet prose.",
    starts_after_seconds=13.0,
    steps=(Step(said=Ask(text=STORY_REQUEST), answer=Answer(text=STORY)),),
)

LIMITED_TRIAGE = Conversation(
    name="A rate limit",
    dialect="anthropic",
    model="claude-haiku-5-5",
    system="Sort the ticket into one of: billing, delivery, bug, praise. Answer with the word alone.",
    starts_after_seconds=4.0,
    steps=(
        Step(
            said=Ask(text="Ticket {order}: the download button does nothing in Firefox."),
            answer=Answer(
                status=429,
                text="This request would exceed your organization's rate limit of 50 requests per minute.",
                first_token_seconds=0.1,
                streamed=False,
            ),
        ),
    ),
)

TRIAGE = Conversation(
    name="The retry, not streamed",
    dialect="anthropic",
    model="claude-haiku-5-5",
    system="Sort the ticket into one of: billing, delivery, bug, praise. Answer with the word alone.",
    starts_after_seconds=6.0,
    steps=(
        Step(
            said=Ask(text="Ticket {order}: the download button does nothing in Firefox."),
            answer=Answer(text="bug", streamed=False, first_token_seconds=0.4),
        ),
        Step(
            said=Ask(text="Ticket {order}: your parcels always arrive so neatly packed. Thank you, {name}."),
            answer=Answer(text="praise", streamed=False, first_token_seconds=0.3),
        ),
    ),
)

_PLAN = Step(
    said=Ask(text="I have two days in {city} in November. What should I do on the first?"),
    answer=Answer(
        text="Begin where the city began: walk the old quarter before ten, while the shops are opening and the light is "
        "low. Have lunch at the market hall, at a counter where people in work clothes eat. In the afternoon take "
        "the tram to its last stop and walk back downhill; you will see how the streets fit together."
    ),
)

TRAVEL = Conversation(
    name="A plan for two days",
    dialect="openai-chat",
    model="gpt-6.1-terra",
    system="You help people travel. No lists unless they are asked for.",
    starts_after_seconds=2.5,
    steps=(
        _PLAN,
        Step(
            said=Ask(text="And if it rains?"),
            answer=Answer(
                text="Then turn the day around: the museum first, as it is quiet until noon, and the market hall for a "
                "long lunch. Keep the tram for the late afternoon. Rain on its windows is half the pleasure, and "
                "you can stay on and ride back.",
                cached_tokens=128,
            ),
            pause_seconds=2.5,
        ),
    ),
)

TRAVEL_BRANCH = Conversation(
    name="The same plan, another question",
    dialect="openai-chat",
    model="gpt-6.1-terra",
    system="You help people travel. No lists unless they are asked for.",
    starts_after_seconds=20.0,
    begins_at=1,
    steps=(
        _PLAN,
        Step(
            said=Ask(text="We will have a four-year-old with us. What changes?"),
            answer=Answer(
                text="Less walking, more stopping. Do the old quarter as a treasure hunt for door knockers, have lunch "
                "early, and go straight to the tram: to a child it is the best thing in {city}. Skip the walk back. "
                "The playground by the river has a café with a view of both.",
                cached_tokens=128,
            ),
        ),
    ),
)

CONVERSATIONS = (
    CODING_AGENT,
    SUPPORT,
    RESEARCH,
    TRAVEL,
    BROKEN_STREAM,
    LIMITED_TRIAGE,
    TRIAGE,
    RETRIED_STREAM,
    TRAVEL_BRANCH,
)


def rounds() -> Iterator[tuple[Conversation, ...]]:
    """Every round of the demo: all conversations, for another customer each time."""
    for words in WORDS:
        yield tuple(filled(conversation, words) for conversation in CONVERSATIONS)

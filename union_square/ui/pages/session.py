"""`/sessions/{id}`: a session, in one of three views that the address names: the conversation as people read it (the
running answer grows while it comes), the tree of its calls, and the time line with what filled the context."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
import reflex as rx
from anyio import to_thread

from union_square.domain.ids import parse_session_id
from union_square.domain.views import Subject
from union_square.ui import failures, frame
from union_square.ui.annotating import Annotated
from union_square.ui.arranging import Arranging
from union_square.ui.comparing import Comparing
from union_square.ui.components.actions import session_actions
from union_square.ui.components.arranging import arranged_note, merge_form, move_form
from union_square.ui.components.changes import changes_panel
from union_square.ui.components.conversation import copy_id, turn
from union_square.ui.components.elements import fact, local_time, page_link, phases, state_mark
from union_square.ui.components.live import banner, hold_button, newest_button
from union_square.ui.components.notes import history, note_sheet, notes, tag_editor
from union_square.ui.components.reflex import cond, el, foreach, fragment, match
from union_square.ui.components.sessions import lasted
from union_square.ui.components.toast import reloader
from union_square.ui.components.tree import tree
from union_square.ui.components.waterfall import context_bars, waterfall
from union_square.ui.doing import PeopleState
from union_square.ui.following import follow, while_shown
from union_square.ui.present_context import present_context
from union_square.ui.present_conversation import TURNS_AT_FIRST, present_conversation, present_turns
from union_square.ui.present_held import Amount, amount_of, held_words
from union_square.ui.present_tree import ROWS_AT_FIRST, present_tree
from union_square.ui.present_waterfall import present_waterfall
from union_square.ui.services import services
from union_square.ui.session_views import ContextView, TreeRow, TreeView, WaterfallView
from union_square.ui.views import ConversationView, TurnView
from union_square.watching.ports import Conversation, Watching

ViewName = Literal["conversation", "tree", "timeline"]
VIEWS: tuple[tuple[ViewName, str, str], ...] = (
    ("conversation", "Conversation", "1"),
    ("tree", "Tree", "2"),
    ("timeline", "Time line", "3"),
)
ZOOMS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What of a session the page shows."""

    session_id: str
    view: ViewName
    branch: str
    shown: int
    rows: int  # of the tree
    table: bool  # of the time line


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    view: ConversationView = field(default_factory=ConversationView)
    settled: list[TurnView] = field(default_factory=list[TurnView])
    running: list[TurnView] = field(default_factory=list[TurnView])
    tree: TreeView = field(default_factory=TreeView)
    waterfall: WaterfallView = field(default_factory=WaterfallView)
    context: ContextView = field(default_factory=ContextView)
    amount: Amount = field(default_factory=Amount)
    phase: str = "ready"
    failure: str = ""


def _present(conversation: Conversation, asked: _Asked) -> _Look:
    view = present_conversation(conversation, asked.shown, asked.branch)
    turns, truncated = conversation.turns, conversation.truncated
    amount = amount_of(turns)
    match asked.view:
        case "tree":
            return _Look(
                view=view,
                amount=amount,
                tree=present_tree(asked.session_id, turns, asked.branch, truncated=truncated, shown=asked.rows),
            )
        case "timeline":
            until = conversation.detail.session.last_at
            line = present_waterfall(turns, until, truncated=truncated, table=asked.table)
            return _Look(view=view, amount=amount, waterfall=line, context=present_context(turns))
        case "conversation":
            found = present_turns(conversation, asked.shown, asked.branch)
            return _Look(
                view=view,
                amount=amount,
                settled=[t for t in found if t.state != "running"],
                running=[t for t in found if t.state == "running"],
            )


async def _look(watching: Watching, asked: _Asked) -> _Look:
    try:
        conversation = await watching.conversation(parse_session_id(asked.session_id))
    except failures.EXPECTED as error:
        phase, failure = failures.phase_of(error)
        return _Look(phase=phase, failure=failure)
    # In a thread: Markdown of a long conversation takes a while, and other pages wait for this loop.
    return await to_thread.run_sync(_present, conversation, asked)


class SessionState(Annotated, Comparing, Arranging, rx.State):
    phase: str = "loading"
    failure: str = ""
    subject_id: str = ""
    view_name: str = "conversation"
    branch: str = ""
    base: str = ""  # the page's address without what the address asks for
    view: ConversationView = ConversationView()
    settled: list[TurnView] = []
    running: list[TurnView] = []
    tree: TreeView = TreeView()
    waterfall: WaterfallView = WaterfallView()
    context: ContextView = ContextView()
    held: bool = False
    held_words: str = ""
    zoom: int = 1
    width: str = "100%"  # of the time line, beside the page's
    shown: int = TURNS_AT_FIRST
    rows: int = ROWS_AT_FIRST
    table: bool = False

    def _session_id(self) -> str:
        return self.subject_id

    def _subject(self) -> tuple[Subject, str]:
        return "session", self.subject_id

    @rx.event(background=True, supersedes=True)
    async def watch(self) -> None:
        """Follow the session until the page is left or the client is gone."""
        watching = services().watching
        wanted = while_shown(self.router.session.client_token, self.router.url.path)
        async with self:
            self._turn_to()
        before: _Look | None = None
        async for look in follow(watching, lambda: _look(watching, self._asked()), wanted):
            if self.held and before is not None:
                words = held_words(before.amount, look.amount)
                if words != self.held_words:
                    async with self:
                        self.held_words = words if self.held else ""
            elif look != before:
                async with self:
                    self._show(look, before)
                before = look
            if look.phase != "ready":
                await anyio.sleep(failures.RETRY_SECONDS)

    def _turn_to(self) -> None:
        self.history_open = False
        session_id = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        query = self.router.url.query_parameters
        asked = query.get("view", "")
        self.view_name = asked if asked in {name for name, _, _ in VIEWS} else "conversation"
        self.branch = query.get("branch", "")[:64]
        if session_id != self.subject_id:
            self.subject_id, self.base = session_id, f"/sessions/{session_id}"
            self.phase, self.failure, self.said = "loading", "", ""
            self.moving, self.merging = "", False
            self.settled, self.running, self.shown = [], [], TURNS_AT_FIRST
            self.rows, self.table = ROWS_AT_FIRST, False
            self._zoom(1)
            self.tree, self.waterfall, self.context = TreeView(), WaterfallView(), ContextView()

    def _asked(self) -> _Asked:
        names: dict[str, ViewName] = {name: name for name, _, _ in VIEWS}
        name = names.get(self.view_name, "conversation")
        return _Asked(
            session_id=self.subject_id,
            view=name,
            branch=self.branch,
            shown=self.shown,
            rows=self.rows,
            table=self.table,
        )

    def _show(self, look: _Look, before: _Look | None) -> None:
        if (self.phase, self.failure) != (look.phase, look.failure):
            self.phase, self.failure = look.phase, look.failure
        if look.phase != "ready":
            return
        for name in ("settled", "running", "tree", "waterfall", "context"):
            if before is None or getattr(look, name) != getattr(before, name):
                setattr(self, name, getattr(look, name))
        if before is None or look.view != before.view:
            self.view = look.view
            self.tags, self.notes = look.view.line.tags, look.view.notes

    @rx.event
    def opened(self) -> Any:
        """The page was opened, or another of its views."""
        self.held, self.held_words = False, ""
        return SessionState.watch

    @rx.event
    def hold(self) -> Any:
        """Hold the page still, or let it go on with all that has come; what is recorded does not depend on it."""
        self.held, self.held_words = not self.held, ""
        return SessionState.watch if not self.held else None

    @rx.event
    def show_earlier(self) -> Any:
        """Let the page hold more turns."""
        self.shown += TURNS_AT_FIRST
        return SessionState.watch

    @rx.event
    def show_rows(self) -> Any:
        """Let the tree hold more calls."""
        self.rows += ROWS_AT_FIRST
        return SessionState.watch

    @rx.event
    def show_table(self) -> Any:
        """Bring the time line's figures; the browser opens and closes them."""
        self.table = True
        return SessionState.watch

    @rx.event
    def zoom_in(self) -> None:
        self._zoom(next((step for step in ZOOMS if step > self.zoom), ZOOMS[-1]))

    @rx.event
    def zoom_out(self) -> None:
        self._zoom(next((step for step in reversed(ZOOMS) if step < self.zoom), ZOOMS[0]))

    def _zoom(self, times: int) -> None:
        self.zoom, self.width = times, f"{100 * times}%"


def _head() -> rx.Component:
    line = SessionState.view.line
    times = SessionState.view.times
    return el.header(
        el.div(
            el.h1(line.title, custom_attrs={"data-testid": "session-title"}),
            state_mark(line.state, line.state_word),
            copy_id(line.id),
            session_actions(line.id, SessionState.open_merge),
            class_name="title-line",
        ),
        el.dl(
            fact("models", line.models),
            fact("upstreams", line.upstreams),
            fact("calls", line.calls),
            fact("tokens in → out", line.tokens, title=line.tokens_title),
            fact("cost", line.cost, title=line.cost_title),
            fact("duration", lasted(line)),
            cond(times, fact("of which", times)),
            fact("began", local_time(line.started, "date")),
            class_name="facts",
        ),
        cond(line.problem, el.p(line.problem, class_name="problem")),
        tag_editor(SessionState.tags, PeopleState.tag_names, SessionState.add_tag, SessionState.remove_tag),
        class_name="page-head stacked",
    )


def _views() -> rx.Component:
    links = [
        page_link(
            word,
            el.kbd(key, custom_attrs={"aria-hidden": "true"}),
            href=f"{SessionState.base}?view={name}",
            custom_attrs={
                "aria-current": cond(SessionState.view_name == name, "page", "false"),
                "data-hotkey": key,
                "data-testid": f"view-{name}",
            },
        )
        for name, word, key in VIEWS
    ]
    views = el.nav(*links, class_name="views", custom_attrs={"aria-label": "views of this session"})
    holding: Any = cond(SessionState.view.line.state == "running", True, SessionState.held)
    return el.div(
        views,
        cond(holding, hold_button(SessionState.held, SessionState.hold)),
        class_name="views-line",
    )


def _below(view: TurnView) -> rx.Component:
    """What one can look at of a turn besides what was said."""
    return fragment(
        cond(
            view.after,
            el.div(
                el.button(
                    "What changed",
                    type="button",
                    class_name="quiet",
                    on_click=SessionState.compare(view.id, view.after, view.after_number),
                    custom_attrs={
                        "data-testid": "what-changed",
                        "aria-expanded": cond(SessionState.changes.id == view.id, "true", "false"),
                    },
                ),
                class_name="turn-tools",
            ),
        ),
        cond(SessionState.changes.id == view.id, changes_panel(SessionState.changes)),
    )


def _conversation() -> rx.Component:
    view = SessionState.view
    return el.section(
        cond(view.truncated, el.p(view.truncated, class_name="banner", role="note")),
        cond(
            view.branch,
            el.p(
                view.branch,
                page_link("Show all turns", href=f"{SessionState.base}?view=conversation"),
                page_link("Choose in the tree", href=f"{SessionState.base}?view=tree&branch={SessionState.branch}"),
                class_name="branch-note",
                custom_attrs={"data-testid": "branch-note"},
            ),
        ),
        cond(
            view.earlier,
            el.button(
                view.earlier,
                type="button",
                class_name="button earlier",
                on_click=SessionState.show_earlier,
                custom_attrs={"data-testid": "earlier"},
            ),
        ),
        foreach(SessionState.settled, lambda one: turn(one, _below)),
        foreach(SessionState.running, lambda one: turn(one)),
        el.div(custom_attrs={"data-follow": ""}),
        cond(SessionState.running, newest_button()),
        class_name="conversation",
        custom_attrs={"aria-label": "conversation", "data-testid": "conversation"},
    )


def _acting(row: TreeRow) -> rx.Component:
    return fragment(
        page_link("Read this line", href=row.read_href, title=row.read_word, custom_attrs={"data-testid": "read-line"}),
        el.button(
            "Split off",
            type="button",
            class_name="quiet",
            on_click=SessionState.split_off(row.id, row.number),
            title="this call and what continues it become a session of their own",
            custom_attrs={"data-testid": "split"},
        ),
        el.button(
            "Move…",
            type="button",
            class_name="quiet",
            on_click=SessionState.open_move(row.id, row.number),
            custom_attrs={"data-testid": "move"},
        ),
    )


def page() -> rx.Component:
    timeline = fragment(
        waterfall(
            SessionState.waterfall,
            SessionState.width,
            SessionState.zoom_in,
            SessionState.zoom_out,
            SessionState.show_table,
        ),
        context_bars(SessionState.context),
    )
    ready = fragment(
        _head(),
        cond(SessionState.said, el.p(SessionState.said, class_name="banner", role="alert")),
        arranged_note(
            SessionState.arranged, SessionState.arranged_href, SessionState.undo_id, SessionState.undo_arranging
        ),
        cond(SessionState.merging, merge_form(SessionState.offered, SessionState.merge, SessionState.open_merge)),
        _views(),
        banner(SessionState.held_words, test_id="held"),
        cond(
            SessionState.moving,
            move_form(
                SessionState.moving_word,
                SessionState.offered,
                SessionState.move,
                SessionState.open_move(SessionState.moving, SessionState.moving_word),
            ),
        ),
        match(
            SessionState.view_name,
            ("tree", tree(SessionState.tree, _acting, SessionState.show_rows)),
            ("timeline", timeline),
            _conversation(),
        ),
        notes(SessionState.notes, SessionState.add_note, SessionState.remove_note),
        history(SessionState.history, SessionState.history_open, SessionState.show_history, PeopleState.undo_change),
        note_sheet(SessionState.add_note),
        reloader(SessionState.look_again),
    )
    return frame.shell("Sessions", phases(SessionState.phase, SessionState.failure, ready, 8))

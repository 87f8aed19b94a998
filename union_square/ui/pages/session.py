"""`/sessions/{id}`: a conversation as people read it; the running answer grows while it comes."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from dataclasses import dataclass

import anyio
import reflex as rx
from anyio import to_thread

from union_square.domain.ids import parse_session_id
from union_square.domain.views import Subject
from union_square.ui import failures, frame
from union_square.ui.annotating import Annotated
from union_square.ui.components.actions import session_actions
from union_square.ui.components.conversation import copy_id, turn
from union_square.ui.components.elements import fact, local_time, phases, state_mark
from union_square.ui.components.notes import notes, tag_editor
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.components.sessions import lasted
from union_square.ui.following import client_is_here, follow
from union_square.ui.present_conversation import TURNS_AT_FIRST, present_conversation, present_turns
from union_square.ui.services import services
from union_square.ui.views import ConversationView, TurnView
from union_square.watching.ports import Conversation, Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    view: ConversationView
    settled: list[TurnView]
    running: list[TurnView]
    phase: str = "ready"
    failure: str = ""


def _present(conversation: Conversation, shown: int) -> _Look:
    turns = present_turns(conversation, shown)
    return _Look(
        view=present_conversation(conversation, shown),
        settled=[t for t in turns if t.state != "running"],
        running=[t for t in turns if t.state == "running"],
    )


async def _look(watching: Watching, session_id: str, shown: int) -> _Look:
    try:
        conversation = await watching.conversation(parse_session_id(session_id))
    except failures.EXPECTED as error:
        phase, failure = failures.phase_of(error)
        return _Look(view=ConversationView(), settled=[], running=[], phase=phase, failure=failure)
    # In a thread: Markdown of a long conversation takes a while, and other pages wait for this loop.
    return await to_thread.run_sync(_present, conversation, shown)


class SessionState(Annotated, rx.State):
    phase: str = "loading"
    failure: str = ""
    subject_id: str = ""
    view: ConversationView = ConversationView()
    settled: list[TurnView] = []
    running: list[TurnView] = []
    shown: int = TURNS_AT_FIRST

    def _subject(self) -> tuple[Subject, str]:
        return "session", self.subject_id

    @rx.event(background=True, supersedes=True)
    async def watch(self) -> None:
        """Follow the session until the page is left or the client is gone."""
        watching = services().watching
        token = self.router.session.client_token
        async with self:
            session_id = self._turn_to()
        try:
            names = await watching.tag_names()
        except failures.EXPECTED:
            names = []  # only suggestions
        async with self:
            self.tag_names = names
        before: _Look | None = None
        async for look in follow(
            watching, lambda: _look(watching, session_id, self.shown), lambda: client_is_here(token)
        ):
            if look != before:
                async with self:
                    self._show(look, before)
                before = look
            if look.phase != "ready":
                await anyio.sleep(failures.RETRY_SECONDS)

    def _turn_to(self) -> str:
        session_id = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        if session_id != self.subject_id:
            self.subject_id = session_id
            self.phase, self.failure, self.said = "loading", "", ""
            self.settled, self.running, self.shown = [], [], TURNS_AT_FIRST
        return session_id

    def _show(self, look: _Look, before: _Look | None) -> None:
        if (self.phase, self.failure) != (look.phase, look.failure):
            self.phase, self.failure = look.phase, look.failure
        if look.phase != "ready":
            return
        if before is None or look.settled != before.settled:
            self.settled = look.settled
        if before is None or look.running != before.running:
            self.running = look.running
        if before is None or look.view != before.view:
            self.view = look.view
            self.tags, self.notes = look.view.line.tags, look.view.notes

    @rx.event
    def show_earlier(self) -> None:
        """Let the page hold more turns; the following look brings them."""
        self.shown += TURNS_AT_FIRST


def _head() -> rx.Component:
    line = SessionState.view.line
    return el.header(
        el.div(
            el.h1(line.title, custom_attrs={"data-testid": "session-title"}),
            state_mark(line.state, line.state_word),
            copy_id(line.id),
            session_actions(line.id),
            class_name="title-line",
        ),
        el.dl(
            fact("models", line.models),
            fact("upstreams", line.upstreams),
            fact("calls", line.calls),
            fact("tokens in → out", line.tokens, title=line.tokens_title),
            fact("cost", line.cost, title=line.cost_title),
            fact("duration", lasted(line)),
            fact("began", local_time(line.started, "date")),
            class_name="facts",
        ),
        cond(line.problem, el.p(line.problem, class_name="problem")),
        tag_editor(SessionState.tags, SessionState.tag_names, SessionState.add_tag, SessionState.remove_tag),
        class_name="page-head stacked",
    )


def page() -> rx.Component:
    view = SessionState.view
    conversation = el.section(
        cond(view.truncated, el.p(view.truncated, class_name="banner", role="note")),
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
        foreach(SessionState.settled, turn),
        foreach(SessionState.running, turn),
        el.div(custom_attrs={"data-follow": ""}),
        class_name="conversation",
        custom_attrs={"aria-label": "conversation", "data-testid": "conversation"},
    )
    ready = fragment(
        _head(),
        cond(SessionState.said, el.p(SessionState.said, class_name="banner", role="alert")),
        conversation,
        notes(SessionState.notes, SessionState.add_note, SessionState.remove_note),
    )
    return frame.shell("Sessions", phases(SessionState.phase, SessionState.failure, ready, 8))

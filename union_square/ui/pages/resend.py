"""`/calls/{id}/resend`: the call sent again, edited if wanted, its answer beside the recorded one.

A key that is typed arrives as an argument of `send`, goes into one request, and never into this state.
"""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

import os
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import reflex as rx
from anyio import to_thread

from union_square.domain.ids import CallId, parse_call_id
from union_square.replaying.drafting import Draft, first_draft, outgoing_of, redirected, with_field, with_text
from union_square.replaying.resend import Origin, ResendError, origin_of
from union_square.replaying.resending import session_of_resends
from union_square.store.ports import CallFilter
from union_square.ui import failures, frame
from union_square.ui.components.elements import page_link, phases
from union_square.ui.components.reflex import el, fragment
from union_square.ui.components.resend import compared, resend_form, resend_table
from union_square.ui.following import follow, while_shown
from union_square.ui.present_fields import SAID_AT_FIRST, FormView, as_sentence, present_form
from union_square.ui.present_resend import (
    ComparedView,
    ResendLine,
    present_before,
    present_compared,
    present_key,
    present_lines,
)
from union_square.ui.services import Services, services
from union_square.wire.writing.registry import WRITERS

_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    phase: str = "ready"
    failure: str = ""
    running: bool = False
    problem: str = ""
    shown: str = ""
    view: ComparedView = field(default_factory=ComparedView)
    lines: tuple[ResendLine, ...] = ()


async def _origin(found: Services, call_id: CallId) -> Origin:
    detail = await found.watching.call(call_id)
    return origin_of(call_id, detail.call.session_id or "", await found.watching.call_events(call_id))


async def _look(found: Services, subject_id: str, resend_id: str, chosen: str) -> _Look:
    try:
        call_id = parse_call_id(subject_id)
        original = await found.watching.call(call_id)
        where = CallFilter(session_id=session_of_resends(call_id))
        resent = (await found.watching.calls(limit=_LINES, where=where)).items
        resend = found.resends.get(resend_id) if resend_id else None
        newest = resent[0].id if resent and not resend_id else ""
        shown = chosen or (resend.call_id if resend else newest) or ""
        after = await found.watching.call(parse_call_id(shown)) if shown else None
    except failures.EXPECTED as error:
        phase, failure = failures.phase_of(error)
        return _Look(phase=phase, failure=failure)
    view = await to_thread.run_sync(present_compared, original, after) if after else present_before(original)
    return _Look(
        running=resend is not None and resend.state == "running",
        problem=resend.problem if resend else "",
        shown=shown,
        view=view,
        lines=tuple(present_lines(original.call, resent)),
    )


class ResendState(rx.State):
    phase: str = "loading"
    failure: str = ""
    subject_id: str = ""
    upstreams: list[str] = []
    dialects: list[str] = list(WRITERS)
    upstream: str = ""
    model: str = ""
    dialect: str = ""
    form: FormView = FormView()
    body: str = ""
    body_problem: str = ""
    body_open: bool = False
    key_words: str = ""
    said: str = ""
    is_running: bool = False
    shown: str = ""
    view: ComparedView = ComparedView()
    lines: list[ResendLine] = []
    resend_id: str = ""
    chosen: str = ""
    _draft: Draft = Draft()
    _wrong: dict[str, tuple[str, str]] = {}  # by field: what was typed that cannot be sent, and why
    _texts: int = SAID_AT_FIRST

    @rx.event(background=True, supersedes=True)
    async def watch(self) -> None:
        """Show the original and what it was sent again as; follow an answer that is on its way."""
        found = services()
        wanted = while_shown(self.router.session.client_token, self.router.url.path)
        async with self:
            call_id = self.router.url.path.rstrip("/").rsplit("/", 2)[-2]
            fresh = call_id != self.subject_id
            if fresh:
                self.reset()
                self.subject_id = call_id
        if fresh:
            await self._open(found, call_id)
        before: _Look | None = None
        async for look in follow(
            found.watching,
            lambda: _look(found, call_id, self.resend_id, self.chosen),
            wanted,
        ):
            if look != before:
                async with self:
                    self._show(look)
                before = look
            if look.phase != "ready":
                await anyio.sleep(failures.RETRY_SECONDS)

    async def _open(self, found: Services, call_id: str) -> None:
        try:
            origin = await _origin(found, parse_call_id(call_id))
            draft = first_draft(origin)
        except ResendError as error:
            async with self:
                self.said = as_sentence(error)
            return
        except failures.EXPECTED:
            return  # the look that follows says what is wrong
        async with self:
            self.upstreams = list(dict.fromkeys([origin.upstream, *(name for name, _ in found.values.upstreams)]))
            self.dialects = list(dict.fromkeys([origin.request.dialect, *WRITERS]))
            self._fill(draft)

    def _fill(self, draft: Draft, *, typed: str | None = None) -> None:
        """Show the draft. `typed`: the body as it stands in the editor, where that is what was changed."""
        self._draft = draft
        self.upstream, self.model, self.dialect = draft.upstream, draft.model, draft.dialect
        self.form = present_form(draft, self._texts, self._wrong)
        self.body, self.body_problem = self.form.body if typed is None else typed, ""
        self.key_words = present_key(services().values.key_names, draft.upstream, os.environ)

    def _show(self, look: _Look) -> None:
        self.phase, self.failure = look.phase, look.failure
        if look.phase == "ready":
            self.is_running, self.shown = look.running, look.shown
            self.view, self.lines = look.view, list(look.lines)
            self.said = look.problem or self.said

    async def _recorded(self) -> Origin | None:
        """The call; where it cannot be read, why is said."""
        try:
            return await _origin(services(), parse_call_id(self.subject_id))
        except ResendError as error:
            self.said = as_sentence(error)
        except failures.EXPECTED as error:
            self.said = failures.phase_of(error)[1]
        return None

    async def _redirect(self, **to: str) -> None:
        origin = await self._recorded()
        if origin is None:
            return
        try:
            draft = redirected(origin, self._draft, **to)
        except ResendError as error:
            self.said = as_sentence(error)
            return
        self.said, self._wrong = "", {}
        self._fill(draft)

    @rx.event
    async def choose_upstream(self, name: str) -> None:
        await self._redirect(upstream=name)

    @rx.event
    async def choose_dialect(self, name: str) -> None:
        await self._redirect(dialect=name)

    @rx.event
    def type_model(self, text: str) -> None:
        self.model = text

    @rx.event
    async def choose_model(self) -> None:
        """The field was left: what was typed in it last (an event before this one) is the model."""
        model = self.model.strip()
        if model and model != self._draft.model:
            await self._redirect(dialect=self.dialect, model=model)

    @rx.event
    def type_field(self, name: str, text: str) -> None:
        """Change a parameter, the system prompt, or a text; the body follows."""
        wrong = {field: what for field, what in self._wrong.items() if field != name}
        try:
            draft = with_field(self._draft, name, text)
        except ResendError as error:
            self._wrong = wrong | {name: (text, as_sentence(error))}
            self.form = present_form(self._draft, self._texts, self._wrong)
            return
        self._wrong = wrong
        self._fill(draft)

    @rx.event
    def type_body(self, text: str) -> None:
        """Change the body; the fields follow, once it can be read."""
        self.body, self.body_open = text, True
        try:
            draft = with_text(self._draft, text)
        except ResendError as error:
            self.body_problem = as_sentence(error)
            return
        self._wrong = {}
        self._fill(draft, typed=text)

    @rx.event
    def show_texts(self) -> None:
        """Let the form hold more of the history."""
        self._texts += 5 * SAID_AT_FIRST
        self.form = present_form(self._draft, self._texts, self._wrong)

    @rx.event
    async def undo_edits(self) -> None:
        """Back to the recorded body, for the same upstream and model."""
        self._draft, self._wrong = replace(self._draft, edited=False), {}
        await self._redirect(dialect=self.dialect)

    def _hindrance(self) -> str:
        """What has to be put right before this can be sent; "" = nothing."""
        if self.body_problem:
            self.body_open = True
            return self.body_problem
        return next((problem for _, problem in self._wrong.values()), "")

    @rx.event
    async def send(self, form: dict[str, Any]) -> Any:
        """Send it. `form` holds the key, which goes no further than this call."""
        self.said = self._hindrance()
        origin = None if self.said else await self._recorded()
        if origin is None:
            return None
        try:
            if self.model.strip() not in {"", self._draft.model}:  # typed, and sent before the field was left
                self._fill(redirected(origin, self._draft, dialect=self.dialect, model=self.model.strip()))
            resend = services().resends.start(outgoing_of(origin, self._draft), str(form.get("key", "")))
        except ResendError as error:
            self.said = as_sentence(error)
            return None
        self.resend_id, self.chosen, self.is_running, self.said = resend.id, "", True, resend.problem
        return ResendState.watch

    @rx.event
    def cancel(self) -> None:
        services().resends.cancel(self.resend_id)

    @rx.event
    def show(self, call_id: str) -> Any:
        self.chosen = call_id
        return ResendState.watch


def page() -> rx.Component:
    ready = fragment(
        el.header(
            el.div(
                el.h1("Send again"),
                page_link("The recorded call", href=f"/calls/{ResendState.subject_id}", class_name="button"),
                class_name="title-line",
            ),
            class_name="page-head stacked",
        ),
        resend_form(ResendState),
        compared(ResendState.view, ResendState.is_running),
        resend_table(ResendState.lines, ResendState.shown, ResendState.show),
    )
    return frame.shell("Sessions", phases(ResendState.phase, ResendState.failure, ready, 8))

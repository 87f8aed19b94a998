"""`/calls/{id}/resend`: the call sent again, edited if wanted, its answer beside the recorded one.

A key that is typed arrives as an argument of `send`, goes into one request, and never into this state.
"""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

import os
from dataclasses import dataclass, field
from typing import Any

import anyio
import reflex as rx
from anyio import to_thread

from union_square.domain.ids import CallId, parse_call_id
from union_square.replaying.resend import Edit, Origin, Outgoing, ResendError, body_text, origin_of, plan
from union_square.replaying.resending import session_of_resends
from union_square.store.ports import CallFilter
from union_square.ui import failures, frame
from union_square.ui.components.elements import page_link, phases
from union_square.ui.components.reflex import el, fragment
from union_square.ui.components.resend import compared, resend_form, resend_table
from union_square.ui.following import client_is_here, follow
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
    path: str = ""
    body: str = ""
    body_open: bool = False
    dropped: str = ""
    key_words: str = ""
    said: str = ""
    is_running: bool = False
    shown: str = ""
    view: ComparedView = ComparedView()
    lines: list[ResendLine] = []
    resend_id: str = ""
    chosen: str = ""

    @rx.event(background=True, supersedes=True)
    async def watch(self) -> None:
        """Show the original and what it was sent again as; follow an answer that is on its way."""
        found = services()
        token = self.router.session.client_token
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
            lambda: client_is_here(token),
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
            outgoing = plan(origin)
        except ResendError as error:
            async with self:
                self.said = f"{str(error)[0].upper()}{str(error)[1:]}."
            return
        except failures.EXPECTED:
            return  # the look that follows says what is wrong
        async with self:
            self.upstreams = list(dict.fromkeys([origin.upstream, *(name for name, _ in found.values.upstreams)]))
            self.dialects = list(dict.fromkeys([origin.request.dialect, *WRITERS]))
            self._fill(outgoing)

    def _fill(self, outgoing: Outgoing) -> None:
        self.upstream, self.model, self.dialect = outgoing.upstream, outgoing.model, outgoing.dialect
        self.path, self.body = outgoing.path, body_text(outgoing)
        self.dropped = (
            "Left out, for it cannot be said there: " + ", ".join(outgoing.dropped) if outgoing.dropped else ""
        )
        self.key_words = present_key(services().values.key_names, outgoing.upstream, os.environ)

    def _show(self, look: _Look) -> None:
        self.phase, self.failure = look.phase, look.failure
        if look.phase == "ready":
            self.is_running, self.shown = look.running, look.shown
            self.view, self.lines = look.view, list(look.lines)
            self.said = look.problem or self.said

    async def _plan(self, edit: Edit) -> Outgoing | None:
        """What would be sent; where it cannot be, why is said."""
        try:
            outgoing = plan(await _origin(services(), parse_call_id(self.subject_id)), edit)
        except ResendError as error:
            self.said = f"{str(error)[0].upper()}{str(error)[1:]}."
        except failures.EXPECTED as error:
            self.said = failures.phase_of(error)[1]
        else:
            self.said = ""
            return outgoing
        return None

    async def _replan(self, edit: Edit) -> None:
        outgoing = await self._plan(edit)
        if outgoing is not None:
            self._fill(outgoing)

    @rx.event
    async def choose_upstream(self, name: str) -> None:
        await self._replan(Edit(upstream=name, model=self.model))

    @rx.event
    async def choose_dialect(self, name: str) -> None:
        await self._replan(Edit(upstream=self.upstream, model=self.model, dialect=name))

    @rx.event
    def type_model(self, text: str) -> None:
        self.model = text

    @rx.event
    async def choose_model(self, text: str) -> None:
        await self._replan(Edit(upstream=self.upstream, model=text.strip(), dialect=self.dialect))

    @rx.event
    def type_body(self, text: str) -> None:
        self.body, self.body_open = text, True

    @rx.event
    async def send(self, form: dict[str, Any]) -> Any:
        """Send it. `form` holds the key, which goes no further than this call."""
        edit = Edit(upstream=self.upstream, model=self.model, dialect=self.dialect, body=self.body)
        outgoing = await self._plan(edit)
        if outgoing is None:
            return None
        resend = services().resends.start(outgoing, str(form.get("key", "")))
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

"""`/sessions/{id}/resend`: a session sent again, call by call, each answer beside the recorded one. `?run=` names an
earlier sending.

What runs goes on in the server whoever looks; a key that is typed goes with it, and never into this state.
"""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import reflex as rx
from anyio import to_thread

from union_square.domain.ids import parse_session_id
from union_square.domain.views import CallView, SessionView
from union_square.replaying.loading import NoRecording
from union_square.replaying.rerun import Order, Rerun, Turn, turns_from_store
from union_square.replaying.rerunning import load_calls, load_reruns
from union_square.replaying.resend import Edit, ResendError, check_fields, parse_values
from union_square.store.ports import NoSuchSubject
from union_square.ui import failures, frame
from union_square.ui.components.elements import page_link, phases
from union_square.ui.components.reflex import cond, el, fragment
from union_square.ui.components.rerun import earlier_runs, rerun_form, rerun_progress, rerun_rows
from union_square.ui.components.resend import compared
from union_square.ui.following import follow, while_shown
from union_square.ui.present_fields import as_sentence
from union_square.ui.present_rerun import (
    RerunLine,
    RerunView,
    chosen_turn,
    present_plan,
    present_rerun,
    present_runs,
)
from union_square.ui.present_resend import (
    ComparedView,
    present_before,
    present_compared,
    present_keys,
    present_model_advice,
)
from union_square.ui.services import Services, services

_OPTIONS = {"model": "", "answers": "now", "failing": "stop", "temperature": "", "max_tokens": "", "dialect": "",
            "system": "", "values": ""}  # fmt: skip
_FIELDS = ("system", "temperature", "max_tokens")
_LEAVING = "It goes on when this page is left, and can be looked at here again. It stops when Union Square is stopped."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    session_id: str
    run: str  # the new session; "" = the newest
    chosen: str  # the recorded call to compare; "" = the one that runs
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    phase: str = "ready"
    failure: str = ""
    run: str = ""
    shown: str = ""
    view: RerunView = field(default_factory=RerunView)
    compared: ComparedView = field(default_factory=ComparedView)


@dataclass(slots=True, kw_only=True)
class _Known:
    """What is read once of a session, and again when something has been sent."""

    calls: list[CallView] = field(default_factory=list[CallView])
    runs: list[SessionView] = field(default_factory=list[SessionView])
    earlier: dict[str, Rerun] = field(default_factory=dict[str, Rerun])


async def _read(found: Services, session_id: str) -> _Known:
    """Raises NoSuchSubject, StoreUnavailable, IdError."""
    known = parse_session_id(session_id)
    calls = [call for call in await load_calls(found.watching, known) if call.state != "running"]
    if not calls:
        raise NoSuchSubject(session_id)
    return _Known(calls=calls, runs=await load_reruns(found.watching, known))


async def _run(found: Services, known: _Known, asked: _Asked) -> tuple[Rerun | None, bool]:
    """What to show, and whether it is told from the recording alone."""
    running = found.reruns.get(asked.run) if asked.run else found.reruns.newest_of(asked.session_id)
    if running is not None or not asked.run:
        return running, False
    if asked.run not in known.earlier:
        turns = turns_from_store(known.calls, await load_calls(found.watching, asked.run))
        known.earlier[asked.run] = Rerun(session=asked.run, subject=asked.session_id, state="ended", turns=turns)
    return known.earlier[asked.run], True


async def _compare(found: Services, turn: Turn | None) -> ComparedView:
    if turn is None:
        return ComparedView()
    before = await found.watching.call(turn.before.id)
    try:
        after = await found.watching.call(turn.call_id) if turn.call_id else None
    except NoSuchSubject:
        after = None  # on its way
    if after is None:
        return present_before(before)
    return await to_thread.run_sync(present_compared, before, after)


async def _look(found: Services, known: _Known, asked: _Asked) -> _Look:
    try:
        if not known.calls:
            read = await _read(found, asked.session_id)
            known.calls, known.runs = read.calls, read.runs
        rerun, earlier = await _run(found, known, asked)
        if rerun is None:
            return _Look(view=present_plan(known.calls, whole=asked.whole))
        turn = chosen_turn(rerun.turns, asked.chosen)
        side_by_side = await _compare(found, turn)
    except failures.EXPECTED as error:
        phase, failure = failures.phase_of(error)
        return _Look(phase=phase, failure=failure)
    return _Look(
        run=rerun.session,
        shown=turn.before.id if turn else "",
        view=present_rerun(rerun, earlier=earlier, whole=asked.whole),
        compared=side_by_side,
    )


def _recorded_upstreams(calls: Sequence[CallView]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(call.upstream for call in calls))


class ResendSessionState(rx.State):
    phase: str = "loading"
    failure: str = ""
    subject_id: str = ""
    base: str = ""
    upstreams: list[str] = []
    upstream: str = ""
    options: dict[str, str] = dict(_OPTIONS)
    key_words: str = ""
    advice: str = ""
    said: str = ""
    view: RerunView = RerunView()
    view_run: str = ""
    compared: ComparedView = ComparedView()
    shown: str = ""
    runs: list[RerunLine] = []
    whole: bool = False
    chosen: str = ""
    run: str = ""
    leaving: str = _LEAVING

    @rx.event(background=True, supersedes=True)
    async def watch(self) -> None:
        """Follow what is sent until the page is left; that goes on then."""
        found = services()
        wanted = while_shown(self.router.session.client_token, self.router.url.path)
        async with self:
            self._turn_to(found)
            known = _Known()
        before: _Look | None = None
        async for look in follow(found.watching, lambda: _look(found, known, self._asked()), wanted):
            if look != before:
                async with self:
                    self._show(look, before, found, known)
                before = look
            if look.phase != "ready":
                await anyio.sleep(failures.RETRY_SECONDS)

    def _turn_to(self, found: Services) -> None:
        session_id = self.router.url.path.rstrip("/").rsplit("/", 2)[-2]
        run = self.router.url.query_parameters.get("run", "")[:128]
        if session_id != self.subject_id:
            self.reset()
            self.subject_id, self.base = session_id, f"/sessions/{session_id}"
            self.upstreams = [name for name, _ in found.values.upstreams]
        if run != self.run:
            self.run, self.chosen = run, ""

    def _asked(self) -> _Asked:
        return _Asked(session_id=self.subject_id, run=self.run, chosen=self.chosen, whole=self.whole)

    def _show(self, look: _Look, before: _Look | None, found: Services, known: _Known) -> None:
        self.phase, self.failure = look.phase, look.failure
        if look.phase != "ready":
            return
        if before is None or before.phase != "ready":
            self.runs = present_runs(known.runs, f"{self.base}/resend")
            self._key_words(found, _recorded_upstreams(known.calls))
        if before is None or look.view != before.view:
            self.view = look.view
        if before is None or look.compared != before.compared:
            self.compared = look.compared
        self.shown, self.view_run = look.shown, look.run

    def _key_words(self, found: Services, recorded: tuple[str, ...]) -> None:
        upstreams = (self.upstream,) if self.upstream else recorded
        self.key_words = present_keys(found.values.key_names, upstreams, os.environ)

    @rx.event
    def choose_upstream(self, name: str) -> Any:
        self.upstream = name
        self.advice = present_model_advice(name, self.options["model"])
        return ResendSessionState.watch

    @rx.event
    def choose(self, name: str, value: str) -> None:
        """One of the choices by its name."""
        if name in _OPTIONS:
            self.options = self.options | {name: value}
            self.advice = present_model_advice(self.upstream, self.options["model"])

    @rx.event
    async def send(self, form: dict[str, Any]) -> Any:
        """Begin. `form` holds the key, which goes with what is sent and no further."""
        options = self.options
        try:
            fields = {name: options[name] for name in _FIELDS if options[name].strip()}
            check_fields(fields)
            edit = Edit(
                upstream=self.upstream,
                model=options["model"].strip(),
                dialect=options["dialect"],
                fields=fields,
                values=parse_values(filter(str.strip, options["values"].splitlines())),
            )
            order = Order(
                subject=self.subject_id,
                edit=edit,
                renew=options["answers"] == "now",
                go_on=options["failing"] == "go_on",
                key=str(form.get("key", "")),
            )
            rerun = await services().reruns.start(order)
        except (ResendError, NoRecording) as error:
            self.said = as_sentence(error)
            return None
        except failures.EXPECTED as error:
            self.said = failures.phase_of(error)[1]
            return None
        self.said, self.chosen, self.run = "", "", rerun.session
        return rx.redirect(f"{self.base}/resend?run={rerun.session}")

    @rx.event
    def stop(self) -> Any:
        services().reruns.stop(self.view_run)
        return ResendSessionState.watch

    @rx.event
    def show(self, call_id: str) -> Any:
        """Compare that call; chosen again, the one that runs."""
        self.chosen = "" if self.chosen == call_id else call_id
        return ResendSessionState.watch

    @rx.event
    def show_all(self) -> Any:
        self.whole = True
        return ResendSessionState.watch


def page() -> rx.Component:
    state = ResendSessionState
    ready = fragment(
        el.header(
            el.div(
                el.h1("Send session again"),
                page_link("The recorded session", href=state.base, class_name="button"),
                class_name="title-line",
            ),
            class_name="page-head stacked",
        ),
        rerun_form(state),
        rerun_progress(state.view),
        cond(state.compared.before.href, compared(state.compared, state.view.state == "running")),
        rerun_rows(state.view, state.shown, state.show, state.show_all),
        earlier_runs(state.runs, state.view_run),
    )
    return frame.shell("Sessions", phases(state.phase, state.failure, ready, 8))

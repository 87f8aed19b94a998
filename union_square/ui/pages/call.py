"""`/calls/{id}`: one call whole: what was asked and answered, raw and rendered, and when its bytes came."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import reflex as rx
from anyio import to_thread

from union_square.domain.ids import parse_call_id
from union_square.domain.views import AnnotationView, CallDetail, CallView, Subject
from union_square.replaying.resending import session_of_resends
from union_square.store.ports import CallFilter
from union_square.ui import failures, frame
from union_square.ui.annotating import Annotated
from union_square.ui.comparing import Comparing, load_changes
from union_square.ui.components.call import call_body, call_head
from union_square.ui.components.elements import phases
from union_square.ui.components.notes import history, note_sheet, notes, tag_editor
from union_square.ui.components.reflex import fragment
from union_square.ui.components.toast import reloader
from union_square.ui.doing import PeopleState
from union_square.ui.following import follow, while_shown
from union_square.ui.present_body import curl_body, decoded, present_body
from union_square.ui.present_call import MESSAGES_AT_FIRST, present_call
from union_square.ui.services import services
from union_square.ui.values import real_proxy_url
from union_square.ui.views import BodyView, CallPageView
from union_square.watching.ports import RecordedBody, Watching

Said = tuple[tuple[str, ...], tuple[AnnotationView, ...]]
"""The tags and annotations of a call."""

_SAID_SECONDS = 0.3
_SAID_LONGEST_SECONDS = 10.0

_RESENDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    view: CallPageView = field(default_factory=CallPageView)
    request: BodyView = field(default_factory=BodyView)
    response: BodyView = field(default_factory=BodyView)
    said: Said = ((), ())
    phase: str = "ready"
    failure: str = ""


def _present(
    detail: CallDetail,
    proxy_url: str,
    request: RecordedBody,
    response: RecordedBody,
    shown: int,
    resent: Sequence[CallView] = (),
) -> _Look:
    asked, answered = decoded(request), decoded(response)
    return _Look(
        said=(detail.call.tags, detail.annotations),
        view=present_call(detail, proxy_url, curl_body(asked[0]), shown, resent),
        request=present_body(request, *asked, detail.call.id, "request"),
        response=present_body(response, *answered, detail.call.id, "response"),
    )


async def _look(watching: Watching, call_id: str, proxy_url: str, shown: int) -> _Look:
    try:
        known = parse_call_id(call_id)
        detail = await watching.call(known)
        request = await watching.body(known, "request")
        response = await watching.body(known, "response")
        resent = await watching.calls(limit=_RESENDS, where=CallFilter(session_id=session_of_resends(known)))
    except failures.EXPECTED as error:
        phase, failure = failures.phase_of(error)
        return _Look(phase=phase, failure=failure)
    return await to_thread.run_sync(_present, detail, proxy_url, request, response, shown, resent.items)


async def _until_said_otherwise(watching: Watching, call_id: str, said: Said, is_wanted: Callable[[], bool]) -> None:
    """An ended call changes by what people say of it only: wait for that without reading all of it again."""
    while is_wanted():
        seen = watching.version
        try:
            now = await watching.people.said("call", call_id)
        except failures.EXPECTED:
            now = said
        if now != said:
            return
        await anyio.sleep(_SAID_SECONDS)
        await watching.changed(seen, _SAID_LONGEST_SECONDS)


class CallState(Annotated, Comparing, rx.State):
    phase: str = "loading"
    failure: str = ""
    subject_id: str = ""
    view: CallPageView = CallPageView()
    request: BodyView = BodyView()
    response: BodyView = BodyView()
    tab: str = "rendered"
    shown: int = MESSAGES_AT_FIRST

    def _subject(self) -> tuple[Subject, str]:
        return "call", self.subject_id

    @rx.event(background=True, supersedes=True)
    async def watch(self) -> None:
        """Show the call; follow it while it runs and is on its way into the store."""
        found = services()
        wanted = while_shown(self.router.session.client_token, self.router.url.path)
        async with self:
            call_id = self._turn_to()
        before: _Look | None = None
        async for look in follow(
            found.watching,
            lambda: _look(found.watching, call_id, real_proxy_url(found.values), self.shown),
            wanted,
        ):
            if look != before:
                async with self:
                    self._show(look, before)
                before = look
            if look.phase != "ready":
                await anyio.sleep(failures.RETRY_SECONDS)
            elif look.view.state != "running" and look.view.session_href:
                await _until_said_otherwise(found.watching, call_id, look.said, wanted)

    def _turn_to(self) -> str:
        self.history_open = False
        call_id = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        if call_id != self.subject_id:
            self.subject_id, self.tab, self.shown = call_id, "rendered", MESSAGES_AT_FIRST
            self.phase, self.failure = "loading", ""
        return call_id

    def _show(self, look: _Look, before: _Look | None) -> None:
        self.phase, self.failure = look.phase, look.failure
        if look.phase != "ready":
            return
        if before is None or look.view != before.view:
            self.view = look.view
            self.tags, self.notes = look.view.tags, look.view.notes
        if before is None or look.request != before.request:
            self.request = look.request
        if before is None or look.response != before.response:
            self.response = look.response

    @rx.event
    def show_earlier(self) -> Any:
        """Show more of the request's history."""
        self.shown += 4 * MESSAGES_AT_FIRST
        return CallState.watch

    @rx.event
    async def show_tab(self, tab: str) -> None:
        self.tab = tab
        if tab == "changes" and self.view.parent_id and self.changes.id != self.view.id:
            self.changes = await load_changes(
                services().watching, self.view.id, self.view.parent_id, "the call it continues"
            )


def page() -> rx.Component:
    view = CallState.view
    ready = fragment(
        call_head(view),
        tag_editor(CallState.tags, PeopleState.tag_names, CallState.add_tag, CallState.remove_tag),
        call_body(
            view,
            CallState.request,
            CallState.response,
            CallState.changes,
            CallState.tab,
            CallState.show_tab,
            CallState.show_earlier,
        ),
        notes(CallState.notes, CallState.add_note, CallState.remove_note),
        history(CallState.history, CallState.history_open, CallState.show_history, PeopleState.undo_change),
        note_sheet(CallState.add_note),
        reloader(CallState.look_again),
    )
    return frame.shell("Sessions", phases(CallState.phase, CallState.failure, ready, 8))

"""What changed against the request before: one mixin for the session's and the call's page."""

import reflex as rx
from anyio import to_thread

from union_square.domain.ids import parse_call_id
from union_square.ui import failures
from union_square.ui.present_changes import present_changes, present_no_changes
from union_square.ui.services import services
from union_square.ui.session_views import ChangesView
from union_square.watching.ports import RecordedBody, Watching
from union_square.wire.content import ContentDecoder

MARKERS_LIMIT = 16 << 20
"""Bytes of a request's body that are looked through for cache markers."""


def _plain(body: RecordedBody) -> bytes:
    decoder = ContentDecoder(body.content_encoding, limit=MARKERS_LIMIT)
    return decoder.feed(body.data) + decoder.end()


async def load_changes(watching: Watching, call_id: str, before_id: str, compared: str) -> ChangesView:
    """What the call's request changed against the other's; in words where it cannot be told."""
    try:
        after_known, before_known = parse_call_id(call_id), parse_call_id(before_id)
        before, after = await watching.call(before_known), await watching.call(after_known)
        bodies = await watching.body(before_known, "request"), await watching.body(after_known, "request")
    except failures.EXPECTED as error:
        return present_no_changes(call_id, failures.phase_of(error)[1])

    def present() -> ChangesView:
        return present_changes(before, after, (_plain(bodies[0]), _plain(bodies[1])), compared=compared)

    return await to_thread.run_sync(present)


class Comparing(rx.State, mixin=True):
    """`changes.id` is the call whose changes are shown; "" = none are."""

    changes: ChangesView = ChangesView()

    @rx.event
    async def compare(self, call_id: str, before_id: str, compared: str) -> None:
        """Show what a call changed, or hide it again."""
        if self.changes.id == call_id:
            self.changes = ChangesView()
        else:
            self.changes = await load_changes(services().watching, call_id, before_id, compared)

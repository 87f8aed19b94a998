"""Puts every page at its address."""

from typing import Any, cast

import reflex as rx

from union_square.ui import routes
from union_square.ui.frame import FrameState
from union_square.ui.pages import (
    call,
    dashboard,
    live,
    missing,
    play,
    queue,
    resend,
    resend_session,
    review,
    search,
    session,
    sessions,
    settings,
    tags,
)
from union_square.ui.queueing import NewQueueState


def add_pages(app: rx.App) -> None:
    add = cast(Any, app).add_page
    pages = (
        (live.page, routes.LIVE.path, "Live", live.LiveState.watch),
        (sessions.page, routes.SESSIONS.path, "Sessions", sessions.SessionsState.load),
        (session.page, routes.SESSION_ROUTE, "Session", session.SessionState.opened),
        (play.page, routes.PLAY_ROUTE, "Playback", play.PlayState.play),
        (call.page, routes.CALL_ROUTE, "Call", call.CallState.watch),
        (resend.page, routes.RESEND_ROUTE, "Send again", resend.ResendState.watch),
        (
            resend_session.page,
            routes.RESEND_SESSION_ROUTE,
            "Send session again",
            resend_session.ResendSessionState.watch,
        ),
        (search.page, routes.SEARCH.path, "Search", search.SearchState.load),
        (dashboard.page, routes.DASHBOARD.path, "Dashboard", dashboard.DashboardState.load),
        (review.page, routes.REVIEW.path, "Review", review.ReviewState.load, NewQueueState.open),
        (queue.page, routes.QUEUE_ROUTE, "Review", queue.QueueState.open),
        (tags.page, routes.TAGS.path, "Tags", tags.TagsState.load),
        (settings.page, routes.SETTINGS.path, "Settings", settings.SettingsState.load),
    )
    for page, route, title, *loads in pages:
        add(page, route=route, title=f"{title} · Union Square", on_load=[FrameState.opened, *loads])
    add(missing.page, route="404", title="Not here · Union Square")

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
    add(
        live.page,
        route=routes.LIVE.path,
        title="Live · Union Square",
        on_load=[FrameState.opened, live.LiveState.watch],
    )
    add(
        sessions.page,
        route=routes.SESSIONS.path,
        title="Sessions · Union Square",
        on_load=[FrameState.opened, sessions.SessionsState.load],
    )
    add(
        session.page,
        route=routes.SESSION_ROUTE,
        title="Session · Union Square",
        on_load=[FrameState.opened, session.SessionState.opened],
    )
    add(
        play.page,
        route=routes.PLAY_ROUTE,
        title="Playback · Union Square",
        on_load=[FrameState.opened, play.PlayState.play],
    )
    add(
        call.page,
        route=routes.CALL_ROUTE,
        title="Call · Union Square",
        on_load=[FrameState.opened, call.CallState.watch],
    )
    add(
        resend.page,
        route=routes.RESEND_ROUTE,
        title="Send again · Union Square",
        on_load=[FrameState.opened, resend.ResendState.watch],
    )
    add(
        resend_session.page,
        route=routes.RESEND_SESSION_ROUTE,
        title="Send session again · Union Square",
        on_load=[FrameState.opened, resend_session.ResendSessionState.watch],
    )
    add(
        search.page,
        route=routes.SEARCH.path,
        title="Search · Union Square",
        on_load=[FrameState.opened, search.SearchState.load],
    )
    add(
        dashboard.page,
        route=routes.DASHBOARD.path,
        title="Dashboard · Union Square",
        on_load=[FrameState.opened, dashboard.DashboardState.load],
    )
    add(
        review.page,
        route=routes.REVIEW.path,
        title="Review · Union Square",
        on_load=[FrameState.opened, review.ReviewState.load, NewQueueState.open],
    )
    add(
        queue.page,
        route=routes.QUEUE_ROUTE,
        title="Review · Union Square",
        on_load=[FrameState.opened, queue.QueueState.open],
    )
    add(
        tags.page,
        route=routes.TAGS.path,
        title="Tags · Union Square",
        on_load=[FrameState.opened, tags.TagsState.load],
    )
    add(
        settings.page,
        route=routes.SETTINGS.path,
        title="Settings · Union Square",
        on_load=[FrameState.opened, settings.SettingsState.load],
    )
    add(missing.page, route="404", title="Not here · Union Square")

"""Puts every page at its address."""

import reflex as rx

from union_square.ui import routes
from union_square.ui.pages import call, dashboard, live, missing, search, session, sessions, settings


def add_pages(app: rx.App) -> None:
    app.add_page(live.page, route=routes.LIVE.path, title="Live · Union Square", on_load=live.LiveState.watch)
    app.add_page(
        sessions.page, route=routes.SESSIONS.path, title="Sessions · Union Square", on_load=sessions.SessionsState.load
    )
    app.add_page(
        session.page, route=routes.SESSION_ROUTE, title="Session · Union Square", on_load=session.SessionState.watch
    )
    app.add_page(call.page, route=routes.CALL_ROUTE, title="Call · Union Square", on_load=call.CallState.watch)
    app.add_page(search.page, route=routes.SEARCH.path, title="Search · Union Square", on_load=search.SearchState.load)
    app.add_page(
        dashboard.page,
        route=routes.DASHBOARD.path,
        title="Dashboard · Union Square",
        on_load=dashboard.DashboardState.load,
    )
    app.add_page(
        settings.page, route=routes.SETTINGS.path, title="Settings · Union Square", on_load=settings.SettingsState.load
    )
    app.add_page(missing.page, route="404", title="Not here · Union Square")

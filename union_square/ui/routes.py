"""Every page's address, name and place in the rail."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A page in the rail. `key` follows `g` on the keyboard; "/" stands alone."""

    name: str
    path: str
    icon: str
    key: str


LIVE = Entry(name="Live", path="/", icon="live", key="l")
SESSIONS = Entry(name="Sessions", path="/sessions", icon="sessions", key="s")
SEARCH = Entry(name="Search", path="/search", icon="search", key="/")
DASHBOARD = Entry(name="Dashboard", path="/dashboard", icon="dashboard", key="d")
REVIEW = Entry(name="Review", path="/review", icon="review", key="r")
TAGS = Entry(name="Tags", path="/tags", icon="tags", key="t")
SETTINGS = Entry(name="Settings", path="/settings", icon="settings", key="e")

NAVIGATION = (LIVE, SESSIONS, SEARCH, DASHBOARD, REVIEW, TAGS, SETTINGS)

SESSION_ROUTE = "/sessions/[session_id]"
PLAY_ROUTE = "/sessions/[session_id]/play"
RESEND_SESSION_ROUTE = "/sessions/[session_id]/resend"
QUEUE_ROUTE = "/review/[queue_id]"
CALL_ROUTE = "/calls/[call_id]"
RESEND_ROUTE = "/calls/[call_id]/resend"

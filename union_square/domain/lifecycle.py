"""A call's life, as one literal table.

running ──ResponseEnd, status < 400──▶ done
        ──ResponseEnd, status ≥ 400──▶ failed
        ──Failure, no answer yet────▶ failed      (connect_failed, timeout, … : the proxy answered 502 or 504)
        ──Failure, answer begun─────▶ cut_off     (upstream_closed, client_left, proxy_stopped, …)
        ──Failure by the client─────▶ cut_off
"""

from typing import Literal

CallState = Literal["running", "done", "failed", "cut_off"]

ENDED: frozenset[CallState] = frozenset({"done", "failed", "cut_off"})
CUT_OFF_CODES = frozenset({"client_left", "client_protocol", "proxy_stopped"})


def state_after_response(status: int) -> CallState:
    """The state of a call whose response was forwarded whole."""
    return "failed" if status >= 400 else "done"


def state_after_failure(code: str, *, answered: bool) -> CallState:
    """The state of a call that ended without a whole response; `answered`: the final response head had come."""
    return "cut_off" if answered or code in CUT_OFF_CODES else "failed"

"""TCP ports: a free one, and whether a certain one can be listened on."""

import errno
import socket

from union_square.running.expected import ExpectedFailure


class PortTaken(ExpectedFailure):
    """Another program listens there. The message names the port and the way to choose another."""


def check_port(host: str, port: int, *, what: str, choose: str) -> None:
    """Raise PortTaken where `port` cannot be listened on. Port 0 (any free one) always can. `choose`: the way to choose
    another one."""
    if port == 0:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                why = f"port {port} on {host} is taken by another program"
            elif error.errno == errno.EACCES:
                why = f"this user may not listen on port {port}"
            else:
                why = f"{host}:{port} cannot be listened on ({error.strerror})"
            raise PortTaken(f"{what}: {why}.\nChoose another: {choose}.") from error


def of_up(setting: str, option: str) -> str:
    """The ways to choose another port for `union-square up`."""
    return f"{setting}=… in the environment, or `union-square up {option} …`"


def free_port(host: str) -> int:
    """A port on which nobody listens now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])

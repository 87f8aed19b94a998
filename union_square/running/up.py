"""`union-square up`: everything with one command."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx

from union_square.announcing import forget_announcement, read_announcement
from union_square.running.lock import hold_home
from union_square.running.ports import check_port, free_port, of_up
from union_square.running.supervisor import Part, Say, Supervisor, python_command

ANSWERS = {
    "demo-upstream": "/healthy",
    "local-model": "/health",
    "proxy": "/-/healthy",
    "ui": "/api/v1/openapi.json",
}
"""What a part that listens answers with 200 once it is ready."""

UPSTREAM_OF = {
    "demo-upstream": "UNION_SQUARE_UPSTREAMS__DEMO__BASE_URL",
    "local-model": "UNION_SQUARE_UPSTREAMS__LOCAL__BASE_URL",
}

STOP_ORDER = {"demo-player": 0, "proxy": 1}
"""First what sends calls, then the proxy, which drains; then all that answered it and all that reads its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be started, and where."""

    home: Path
    host: str
    proxy_port: int
    ui_port: int
    drain_seconds: float
    with_ui: bool
    ui_token: str  # what the UI asks for; "" = nothing
    demo: bool
    model: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where things listen once they do."""

    proxy: str
    ui: str  # "" = not started
    ui_token: str  # "" = none is asked for
    demo_home: str  # where the demo records; "" = it does not run
    model: bool


ShowAddresses = Callable[[Addresses], None]


async def run_up(plan: Plan, *, say: Say, show_addresses: ShowAddresses) -> None:
    """Start every part, then wait for the end. Raises PortTaken, HomeTaken, NotReady.

    A database that does not answer is no reason not to start: calls go on, and the projector waits for it."""
    (plan.home / "run").mkdir(parents=True, exist_ok=True)
    with hold_home(plan.home):
        choose = of_up("UNION_SQUARE_PROXY_PORT", "--proxy-port")
        check_port(plan.host, plan.proxy_port, what="the proxy", choose=choose)
        if plan.with_ui:
            choose = of_up("UNION_SQUARE_UI_PORT", "--ui-port")
            check_port(plan.host, plan.ui_port, what="the UI", choose=choose)
        async with Supervisor(say) as supervisor:
            await _start_all(supervisor, plan)
            if not supervisor.stopping:
                show_addresses(_addresses(plan))
            await supervisor.wait()
        say("stopped")


async def _start_all(supervisor: Supervisor, plan: Plan) -> None:
    environment = {"UNION_SQUARE_HOME": str(plan.home), "UNION_SQUARE_HOST": plan.host}

    async with anyio.create_task_group() as starting:
        starting.start_soon(supervisor.start, _part(plan, "projector", environment))
        environment_of_upstreams = await _start_upstreams(supervisor, plan, environment)
        ports = {
            # Chosen here where any will do, so that the UI, which shows it, need not wait for the proxy.
            "UNION_SQUARE_PROXY_PORT": str(plan.proxy_port or free_port(plan.host)),
            "UNION_SQUARE_UI_PORT": str(plan.ui_port),
        }
        whole = environment | environment_of_upstreams | ports
        parts = ["proxy", *(["ui"] if plan.with_ui else [])]
        await supervisor.start(*(_part(plan, name, whole) for name in parts))
    if plan.demo and not supervisor.stopping:
        player = environment | {"UNION_SQUARE_DEMO_PROXY": _address(plan, "proxy")}
        await supervisor.start(_part(plan, "demo-player", player))


async def _start_upstreams(supervisor: Supervisor, plan: Plan, environment: dict[str, str]) -> dict[str, str]:
    """Start what the demo forwards to; the settings that tell the proxy of it."""
    names = [name for name, wanted in (("demo-upstream", plan.demo), ("local-model", plan.model)) if wanted]
    await supervisor.start(*(_part(plan, name, environment) for name in names))
    return {UPSTREAM_OF[name]: _address(plan, name) for name in names}


def _part(plan: Plan, name: str, environment: dict[str, str]) -> Part:
    """A part that is ready once it has announced itself and, where it listens, answers."""
    forget_announcement(plan.home, name)
    answers = ANSWERS.get(name)

    def is_ready(pid: int) -> bool:
        said = read_announcement(plan.home, name)
        if said is None or said.get("pid") != pid:
            return False
        if answers is None:
            return True
        try:
            # Its own certificate may name other hosts than this one; whether it answers is all that is asked.
            asked = httpx.get(_address(plan, name) + answers, timeout=2, trust_env=False, verify=False)  # noqa: S501
            return asked.status_code in {200, 401}  # 401: it asks for its token
        except httpx.HTTPError:
            return False

    return Part(
        name=name,
        command=python_command([name, "--supervised"]),
        environment=dict(environment),
        is_ready=is_ready,
        stop_seconds=plan.drain_seconds + 5 if name == "proxy" else 10,
        stop_order=STOP_ORDER.get(name, 2),
    )


def _address(plan: Plan, part: str) -> str:
    said = read_announcement(plan.home, part) or {}
    host = str(said.get("host", plan.host))
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"{said.get('scheme', 'http')}://{host}:{said.get('port', 0)}"


def _addresses(plan: Plan) -> Addresses:
    ui = _address(plan, "ui") if plan.with_ui else ""
    demo_home = str(plan.home) if plan.demo else ""
    proxy = _address(plan, "proxy")
    return Addresses(proxy=proxy, ui=ui, ui_token=plan.ui_token, demo_home=demo_home, model=plan.model)


def run(plan: Plan, *, say: Say, show_addresses: ShowAddresses) -> None:
    """`run_up` from a thread without an event loop."""

    async def main() -> None:
        await run_up(plan, say=say, show_addresses=show_addresses)

    anyio.run(main)

"""`union-square up`: everything with one command."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx

from union_square.running.announce import forget_announcement, read_announcement
from union_square.running.lock import hold_home
from union_square.running.ports import check_port
from union_square.running.supervisor import Part, Say, Supervisor, python_command


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be started, and where."""

    home: Path
    host: str
    proxy_port: int
    ui_port: int
    drain_seconds: float
    with_ui: bool
    demo: bool
    model: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where things listen once they do."""

    proxy: str
    ui: str  # "" = not started
    demo: bool
    model: bool


async def run_up(plan: Plan, *, say: Say, show_addresses: Callable[[Addresses], None]) -> None:
    """Start every part, then wait for the end. Raises PortTaken, HomeTaken, NotReady."""
    (plan.home / "run").mkdir(parents=True, exist_ok=True)
    with hold_home(plan.home):
        check_port(
            plan.host, plan.proxy_port, what="the proxy", setting="UNION_SQUARE_PROXY_PORT", option="--proxy-port"
        )
        if plan.with_ui:
            check_port(plan.host, plan.ui_port, what="the UI", setting="UNION_SQUARE_UI_PORT", option="--ui-port")
        async with Supervisor(say) as supervisor:
            await _start_all(supervisor, plan, show_addresses)
            await supervisor.wait()
        say("stopped")


async def _start_all(supervisor: Supervisor, plan: Plan, show_addresses: Callable[[Addresses], None]) -> None:
    # Listed in the order they are stopped in: what sends calls first, then the proxy, then what reads its log. They
    # are started so that each finds what it needs.
    environment = {"UNION_SQUARE_HOME": str(plan.home), "UNION_SQUARE_HOST": plan.host}
    extra = (("demo-upstream", plan.demo, "DEMO", "/healthy"), ("local-model", plan.model, "LOCAL", "/health"))
    for name, wanted, upstream, answers in extra:
        if wanted:
            await supervisor.start(_part(plan, name, environment, answers=answers))
            environment[f"UNION_SQUARE_UPSTREAMS__{upstream}__BASE_URL"] = _address(plan, name)
    environment["UNION_SQUARE_PROXY_PORT"] = str(plan.proxy_port)
    proxy = _part(plan, "proxy", environment, answers="/-/healthy", stop_seconds=plan.drain_seconds + 5)
    await supervisor.start(proxy)
    if supervisor.stopping:
        return
    address = _address(plan, "proxy")
    environment |= {
        "UNION_SQUARE_PROXY_PORT": address.rsplit(":", 1)[1],  # where it really listens, were it 0
        "UNION_SQUARE_UI_PORT": str(plan.ui_port),
    }
    await supervisor.start(_part(plan, "projector", environment))
    if plan.with_ui:
        await supervisor.start(_part(plan, "ui", environment, answers="/api/v1/openapi.json"))
    if plan.demo:
        await supervisor.start(_part(plan, "demo-player", {**environment, "UNION_SQUARE_DEMO_PROXY": address}))
    if not supervisor.stopping:
        ui = _address(plan, "ui") if plan.with_ui else ""
        show_addresses(Addresses(proxy=address, ui=ui, demo=plan.demo, model=plan.model))


def _part(plan: Plan, name: str, environment: dict[str, str], *, answers: str = "", stop_seconds: float = 10) -> Part:
    """A part that is ready once it has announced itself and, where it listens, answers `answers`."""
    forget_announcement(plan.home, name)

    def is_ready(pid: int) -> bool:
        said = read_announcement(plan.home, name)
        if said is None or said.get("pid") != pid:
            return False
        if not answers:
            return True
        try:
            return httpx.get(_address(plan, name) + answers, timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    return Part(
        name=name,
        command=python_command([name, "--supervised"]),
        environment=dict(environment),
        is_ready=is_ready,
        stop_seconds=stop_seconds,
    )


def _address(plan: Plan, part: str) -> str:
    said = read_announcement(plan.home, part) or {}
    host = str(said.get("host", plan.host))
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{host}:{said.get('port', 0)}"


def run(plan: Plan, *, say: Say, show_addresses: Callable[[Addresses], None]) -> None:
    """`run_up` from a thread without an event loop."""

    async def main() -> None:
        await run_up(plan, say=say, show_addresses=show_addresses)

    anyio.run(main)

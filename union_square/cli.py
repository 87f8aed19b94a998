"""The command `union-square`. Each subcommand is a few lines over a function elsewhere, imported when it is needed so
that a part loads only what it uses."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from union_square.settings import Settings, load_settings

app = typer.Typer(
    name="union-square",
    help="A transparent proxy for LLM API calls that records everything and is never in the way.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# Where nobody sees the edge of a window (a pipe, a file) a table may be as wide as it needs.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True, highlight=False, soft_wrap=True)

ProxyPort = Annotated[int | None, typer.Option(help="Where applications connect; 0 = any free port.", min=0, max=65535)]
UiPort = Annotated[int | None, typer.Option(help="Where browsers connect; 0 = any free port.", min=0, max=65535)]
Host = Annotated[str | None, typer.Option(help="The address to listen on.")]
Home = Annotated[Path | None, typer.Option(help="The data folder.")]
Supervised = Annotated[bool, typer.Option("--supervised", hidden=True)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Limit = Annotated[int, typer.Option(help="How many, newest first.", min=1, max=200)]


class Matching(StrEnum):
    """How a mock matches requests."""

    strict = "strict"
    loose = "loose"


class Answers(StrEnum):
    """Which answers a session goes on from when it is sent again."""

    now = "now"
    recorded = "recorded"


def _settings(**overrides: Any) -> Settings:
    return load_settings(**{name: value for name, value in overrides.items() if value is not None})


def _say(text: str) -> None:
    err.print(escape(text))


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="Also a scripted upstream, and conversations with it.")] = False,
    model: Annotated[bool, typer.Option("--model", help="Also a small real model, as upstream `local`.")] = False,
    ui: Annotated[bool, typer.Option("--ui/--no-ui", help="With or without the browser UI and REST API.")] = True,
    proxy_port: ProxyPort = None,
    ui_port: UiPort = None,
    host: Host = None,
    home: Home = None,
) -> None:
    """Start everything: proxy, projector and UI."""
    from union_square.running.up import Plan, run
    from union_square.running.words import addresses_text
    from union_square.ui.build import build_ui

    settings = _settings(proxy_port=proxy_port, ui_port=ui_port, host=host, home=home)
    if demo:  # what the demo records is kept apart from what people record
        settings = _settings(proxy_port=proxy_port, ui_port=ui_port, host=host, home=settings.home / "demo")
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if ui:
        build_ui(progress=_say)
    plan = Plan(
        home=settings.home.absolute(),
        host=settings.host,
        proxy_port=settings.proxy_port,
        ui_port=settings.ui_port,
        drain_seconds=settings.drain_timeout_seconds,
        with_ui=ui,
        ui_token=_ui_token(settings) if ui else "",
        demo=demo,
        model=model,
    )

    run(plan, say=_say, show_addresses=lambda addresses: out.print(addresses_text(addresses)))


@app.command()
def proxy(proxy_port: ProxyPort = None, host: Host = None, home: Home = None, supervised: Supervised = False) -> None:
    """Run the proxy alone: it forwards and records, whatever else is down."""
    from proxy_app.main import run

    _stop_with_parent(supervised)
    run(_settings(proxy_port=proxy_port, host=host, home=home))


@app.command()
def projector(home: Home = None, supervised: Supervised = False) -> None:
    """Run the projector alone: it follows the event log and writes the store."""
    from union_square.projecting.main import run

    _stop_with_parent(supervised)
    settings = _settings(home=home)
    run(home=settings.home, database_url=settings.database, prices=settings.own_prices)


@app.command()
def ui(ui_port: UiPort = None, host: Host = None, home: Home = None, supervised: Supervised = False) -> None:
    """Run the UI and the REST API alone."""
    from union_square.ui.build import build_ui
    from union_square.ui.serve import run
    from union_square.ui.values import values_of

    _stop_with_parent(supervised)
    build_ui(progress=_say)
    settings = _settings(ui_port=ui_port, host=host, home=home)
    token = _ui_token(settings)
    run(values_of(settings, token=token), show_token=bool(token) and not supervised)


@app.command()
def migrate() -> None:
    """Bring the database to the schema of this version."""
    from union_square.store.migrate import current, migrate

    settings = _settings()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = current(settings.database)
    migrate(settings.database)
    after = current(settings.database)
    out.print(f"schema {after}" if before == after else f"schema {before or '(none)'} → {after}")


@app.command()
def rebuild() -> None:
    """Compute everything in the store anew from what was recorded; tags and notes stay."""
    from union_square.projecting.rebuild import rebuild_store
    from union_square.running.lock import hold_home

    settings = _settings()
    # Not while a projector writes: it would put back what is being computed anew.
    with hold_home(settings.home), out.status("rebuilding …") as status:
        count = rebuild_store(
            settings.database,
            lambda done, total: status.update(f"rebuilding: {done} of {total} calls"),
            settings.own_prices,
        )
    out.print(f"{count} calls computed anew")


@app.command()
def sessions(limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the newest sessions."""
    from union_square.running import listing

    settings = _settings()
    for line in listing.session_lines(settings.database, limit, as_json=as_json):
        out.print(line, soft_wrap=isinstance(line, str))


@app.command()
def calls(
    limit: Limit = 20,
    session: Annotated[str | None, typer.Option(help="Only those of this session.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the newest calls."""
    from union_square.running import listing

    settings = _settings()
    for line in listing.call_lines(settings.database, limit, session=session, as_json=as_json):
        out.print(line, soft_wrap=isinstance(line, str))


@app.command()
def export(
    subject: Annotated[str, typer.Argument(metavar="SESSION", help="A session's or a call's id.")],
    name: Annotated[
        str, typer.Option("--format", "-f", help="jsonl (a recording), html, har, curl, openai-jsonl or otel.")
    ] = "jsonl",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; without it, standard output.")
    ] = None,
) -> None:
    """Write a session, or one call, to a file: a recording that `mock`, tests and `import` read, or another format."""
    from union_square.running.exchange import export_text

    text, count = export_text(_settings(), subject, name)
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8", newline="\n")
    _say(f"{count} {'call' if count == 1 else 'calls'} written to {output}")


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings (JSONL) or HAR files.")],
) -> None:
    """Take recorded calls from elsewhere into this data folder; calls that are there already are not doubled."""
    from union_square.replaying.loading import read_text
    from union_square.running.exchange import importer_of

    importer = importer_of(_settings())
    for file in files:
        done = importer.take(read_text(file), str(file))
        left = f", {done.left_out} entries were no calls" if done.left_out else ""
        _say(f"{file}: {done.calls} {'call' if done.calls == 1 else 'calls'} taken{left}")
    _say("The projector reads them when it runs (`union-square up`).")


@app.command()
def mock(
    sources: Annotated[list[str], typer.Argument(metavar="SESSION…", help="Sessions, calls, or recorded files.")],
    port: Annotated[int, typer.Option(help="Where applications connect; 0 = any free port.", min=0, max=65535)] = 8789,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    match: Annotated[Matching, typer.Option(help="What a request must have in common with the recorded one.")] = (
        Matching.strict
    ),
    timing: Annotated[str, typer.Option(help="none: at once; original; or how many times as fast: 2x.")] = "none",
    repeat: Annotated[bool, typer.Option("--repeat", help="A recorded call may answer more than once.")] = False,
    fault: Annotated[
        list[str] | None, typer.Option(help="cut[:pieces], stall[:pieces], delay:seconds, fail[:status]; …@2: once.")
    ] = None,
) -> None:
    """Speak the provider's API from a recording, and say at the end what was not recorded or not asked for."""
    from union_square.replaying.faults import parse_fault, parse_timing
    from union_square.replaying.loading import load_sources
    from union_square.replaying.mock import Mock
    from union_square.replaying.serving import run_until_stopped
    from union_square.running.ports import check_port
    from union_square.store.engine import open_existing
    from union_square.store.reader import SqlReader

    check_port(host, port, what="the mock", choose="`--port …`")
    speed, faults = parse_timing(timing), [parse_fault(text) for text in fault or []]
    recording = load_sources(sources, lambda: SqlReader(open_existing(_settings().database)))
    answering = Mock(recording, mode=match.value, repeat=repeat, faults=faults)
    for words in answering.left_out:
        _say(f"left out: {words}")

    def ready(bound: int) -> None:
        from union_square.running.words import mock_text

        out.print(mock_text(host, bound, recording.upstreams, len(recording.calls) - len(answering.left_out)))

    report = run_until_stopped(answering, host=host, port=port, speed=speed, ready=ready)
    _say(report.words)
    if report.unmatched or (match is Matching.strict and report.unused):
        raise typer.Exit(1)


@app.command()
def replay(
    subject: Annotated[str, typer.Argument(metavar="CALL|SESSION", help="A call's or a session's id.")],
    to: Annotated[str, typer.Option(help="Another upstream.")] = "",
    model: Annotated[str, typer.Option(help="Another model.")] = "",
    dialect: Annotated[str, typer.Option(help="Another dialect: openai-chat, anthropic-messages, …")] = "",
    values: Annotated[list[str] | None, typer.Option("--set", help="path=value in the body: temperature=0.")] = None,
    answers: Annotated[Answers, typer.Option(help="Which answers later calls of a session go on from.")] = Answers.now,
    go_on: Annotated[
        bool, typer.Option("--go-on", help="When a call of a session fails, send those behind it all the same.")
    ] = False,
    ask_key: Annotated[
        bool, typer.Option("--ask-key", help="Type a key for this once; else the environment's.")
    ] = False,
) -> None:
    """Send a call, or a session call by call, again through the running proxy, and show what differs."""
    import asyncio

    from union_square.replaying.rerun import Order
    from union_square.replaying.resend import Edit, parse_values
    from union_square.replaying.resending import Resends
    from union_square.replaying.terminal import send_again
    from union_square.store.engine import open_existing
    from union_square.store.reader import SqlReader
    from union_square.ui.values import real_proxy_url, values_of

    settings = _settings()
    key = typer.prompt("key", hide_input=True) if ask_key else ""
    edit = Edit(upstream=to, model=model, dialect=dialect, values=parse_values(values or []))
    order = Order(subject=subject, edit=edit, renew=answers is Answers.now, go_on=go_on, key=key)

    async def send() -> None:
        values = values_of(settings)
        resends = Resends(lambda: real_proxy_url(values), values.key_names)
        async for words in send_again(SqlReader(open_existing(settings.database)), resends, order):
            out.print(words, markup=False)

    asyncio.run(send())


@app.command()
def doctor() -> None:
    """Look at the set-up and say what is wrong and what to do."""
    from union_square.running.doctor import examine

    findings = examine(_settings())
    for finding in findings:
        mark = "[green]ok[/]  " if finding.ok else "[red]bad[/] "
        out.print(f"{mark} {escape(finding.what)}")
        if finding.todo:
            out.print(f"      {escape(finding.todo)}", style="dim")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command("demo-upstream", hidden=True)
def demo_upstream(supervised: Supervised = False) -> None:
    """Run the scripted upstream of the demo."""
    from union_square.demo.upstream import run

    _stop_with_parent(supervised)
    run(_settings().home)


@app.command("demo-player", hidden=True)
def demo_player(supervised: Supervised = False) -> None:
    """Play the demo's conversations through the proxy."""
    from union_square.demo.player import run

    _stop_with_parent(supervised)
    run(_settings().home)


@app.command("local-model", hidden=True)
def local_model(supervised: Supervised = False) -> None:
    """Run the small real model of the demo."""
    from union_square.demo.model import run

    _stop_with_parent(supervised)
    run(_settings().home)


def _ui_token(settings: Settings) -> str:
    """What the UI is to ask for; "" = nothing."""
    from union_square.api.token_file import load_ui_token

    return load_ui_token(
        settings.home,
        setting=settings.ui_token.get_secret_value(),
        host=settings.host,
        allowed_hosts=settings.allowed_hosts,
    )


def _stop_with_parent(supervised: bool) -> None:
    if supervised:
        from union_square.orphan import stop_with_parent

        stop_with_parent()


def main() -> None:
    """The console script. Expected failures end with their message and exit code 1, without a traceback."""
    from union_square.running.failures import explain

    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the last place: nothing may show a traceback to a user
        err.print(f"[bold red]union-square:[/] {escape(explain(error))}")
        sys.exit(1)


if __name__ == "__main__":
    main()

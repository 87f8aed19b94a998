"""`/sessions/{id}/play`: a recorded session played back with its own timing, by the fold that shows it live.

The address may say where to begin: `?t=` seconds since the session began, or `?call=` a call's id.
"""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import anyio
import reflex as rx

from union_square.domain.ids import parse_session_id
from union_square.ui import failures, frame
from union_square.ui.components.conversation import turn
from union_square.ui.components.elements import page_link, phases
from union_square.ui.components.player import deck, track
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.following import while_shown
from union_square.ui.play_views import DeckView, PlayLook, TrackView
from union_square.ui.playing import Player
from union_square.ui.present_sessions import UNTITLED, session_href
from union_square.ui.services import services
from union_square.ui.transport import COMMANDS, Command, Transport, advanced, sought, told
from union_square.ui.views import TurnView

_LOOK_SECONDS = 0.1  # ten updates a second are as many as people and browsers follow
_LISTEN_SECONDS = 0.03  # how soon a button answers


class PlayState(rx.State):
    """What was pressed waits in `_pressed` for the task that plays; it alone moves the deck."""

    phase: str = "loading"
    failure: str = ""
    title: str = ""
    session: str = ""
    track: TrackView = TrackView()
    deck: DeckView = DeckView()
    settled: list[TurnView] = []
    running: list[TurnView] = []
    earlier: str = ""
    truncated: bool = False
    _pressed: list[str] = []

    @rx.event(background=True, supersedes=True)
    async def play(self) -> None:
        """Load the session, then show it at the deck's place until the page is left."""
        wanted = while_shown(self.router.session.client_token, self.router.url.path)
        async with self:
            session_id = self.router.url.path.rstrip("/").split("/")[-2]
            query = dict(self.router.url.query_parameters)
            self._open(session_id)
        try:
            watching = services().watching
            player = Player(watching, await watching.session_calls(parse_session_id(session_id)))
            transport = _first(player, query)
            shown = await player.look(transport)
        except failures.EXPECTED as error:
            async with self:
                self.phase, self.failure = failures.phase_of(error)
            return
        async with self:
            self.title, self.truncated = player.title or UNTITLED, player.truncated
            self.track = player.track(skip=transport.skip)
            self._show(shown)
            self.phase = "ready"
        await self._turn(player, transport, wanted)

    async def _turn(self, player: Player, transport: Transport, wanted: Callable[[], bool]) -> None:
        then = time.monotonic()
        while wanted():
            pressed = list[str]()
            if self._pressed:
                async with self:
                    pressed, self._pressed = self._pressed, []
            now = time.monotonic()
            before = transport
            transport = advanced(transport, round((now - then) * 1e6), player.scores)
            then = now
            for one in pressed:
                transport = _pressed(transport, one, player)
            if transport != before:
                await self._follow(player, before, transport)
            spent = time.monotonic() - now
            await anyio.sleep(max(_LISTEN_SECONDS, (_LOOK_SECONDS if transport.playing else 0) - spent))

    async def _follow(self, player: Player, before: Transport, transport: Transport) -> None:
        try:
            look = await player.look(transport)
        except failures.EXPECTED as error:
            async with self:
                self.phase, self.failure = failures.phase_of(error)
            return
        async with self:
            self.phase, self.failure = "ready", ""
            if transport.skip != before.skip:
                self.track = player.track(skip=transport.skip)
            self._show(look)

    def _open(self, session_id: str) -> None:
        self.phase, self.failure, self._pressed = "loading", "", []
        self.session = session_href(session_id)
        self.settled, self.running = [], []

    def _show(self, look: PlayLook) -> None:
        self.deck = look.deck
        if self.settled != look.settled:
            self.settled = look.settled
        if self.running != look.running:
            self.running = look.running
        if self.earlier != look.earlier:
            self.earlier = look.earlier

    @rx.event
    def press(self, command: str) -> None:
        """A button."""
        self._pressed.append(command)

    @rx.event
    def seek(self, milliseconds: float) -> None:
        """The slider, or a call on the track: milliseconds of played time."""
        self._pressed.append(f"seek {milliseconds}")


def _pressed(transport: Transport, what: str, player: Player) -> Transport:
    word, _, number = what.partition(" ")
    if word == "seek":
        return sought(transport, int(_number(number) * 1000), player.scores)
    return told(transport, cast(Command, word), player.scores) if word in COMMANDS else transport


def _number(text: str) -> float:
    """Of what a browser sent: 0 where it is none."""
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def _first(player: Player, query: dict[str, str]) -> Transport:
    """Where the address says to begin; it then stands still, else it plays from the start."""
    if not query.get("t") and not query.get("call"):
        return Transport(playing=True)
    begin = player.begin_of(query.get("call", ""))
    at = int(_number(query.get("t", "0")) * 1e6) if begin is None else begin
    transport = Transport()
    return replace(transport, at=player.scores.of(skip=transport.skip).to_played(at))


def page() -> rx.Component:
    ready = fragment(
        el.header(
            el.div(
                el.h1(PlayState.title, custom_attrs={"data-testid": "play-title"}),
                page_link("The whole session", href=PlayState.session, class_name="button"),
                class_name="title-line",
            ),
            cond(
                PlayState.truncated,
                el.p("Only the newest calls of this session could be loaded.", class_name="banner", role="note"),
            ),
            class_name="page-head stacked",
        ),
        el.section(
            track(PlayState.track, PlayState.deck, PlayState.seek),
            deck(PlayState.deck, PlayState.track, PlayState.press),
            class_name="player",
            custom_attrs={"aria-label": "player", "data-testid": "player"},
        ),
        el.section(
            cond(PlayState.earlier, el.p(PlayState.earlier, class_name="quiet-line")),
            foreach(PlayState.settled, lambda one: turn(one)),
            foreach(PlayState.running, lambda one: turn(one)),
            el.div(custom_attrs={"data-follow": ""}),
            class_name="conversation",
            custom_attrs={"aria-label": "conversation", "data-testid": "conversation"},
        ),
    )
    return frame.shell("Sessions", phases(PlayState.phase, PlayState.failure, ready, 8))

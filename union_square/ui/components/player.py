"""The player's track and buttons."""

from typing import Any

import reflex as rx

from union_square.ui.components.elements import icon
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.play_views import DeckView, SegmentView, TrackView


def track(view: TrackView, deck: DeckView, seek: Any) -> rx.Component:
    """The calls on their time line, and under them the slider, which the script in assets keeps at the deck's place."""
    return el.div(
        el.div(
            foreach(view.segments, lambda segment: _segment(segment, seek)),
            el.div(class_name="playhead", style={"left": deck.left}, custom_attrs={"aria-hidden": "true"}),
            class_name="lanes",
            style={"height": view.height},
        ),
        el.input(
            type="range",
            min=0,
            max=view.milliseconds,
            step=1,
            default_value=0,
            on_change=seek,
            class_name="slider",
            custom_attrs={
                "data-at": deck.at,
                "aria-label": "place in the recording",
                "aria-valuetext": deck.clock,
                "data-testid": "slider",
            },
        ),
        class_name="track",
    )


def _segment(segment: SegmentView, seek: Any) -> rx.Component:
    return el.div(
        el.div(class_name="segment-waiting", style={"width": segment.waiting}),
        title=segment.words,
        class_name="segment",
        style={"left": segment.left, "width": segment.width, "top": segment.top},
        on_click=seek(segment.at),
        key=segment.key,
        custom_attrs={"data-state": segment.state, "data-testid": "segment"},
    )


def _button(press: Any, command: str, picture: str, words: str, hotkey: str) -> rx.Component:
    return el.button(
        icon(picture),
        type="button",
        title=f"{words} ({hotkey.replace('Arrow', '')})",
        class_name="deck-button",
        on_click=press(command),
        custom_attrs={"aria-label": words, "data-hotkey": hotkey, "data-testid": f"play-{command}"},
    )


def deck(view: DeckView, on: TrackView, press: Any) -> rx.Component:
    """The buttons, the clock, and what is going on."""
    return el.div(
        _button(press, "previous_call", "previous", "to the call before", "Shift+ArrowLeft"),
        _button(press, "previous_piece", "back", "one piece back", "ArrowLeft"),
        el.button(
            cond(view.playing, icon("pause"), icon("play")),
            type="button",
            title="play or pause (Space)",
            class_name="deck-button main-button",
            on_click=press("toggle"),
            custom_attrs={
                "aria-label": cond(view.playing, "pause", "play"),
                "data-hotkey": "Space",
                "data-testid": "play-toggle",
            },
        ),
        _button(press, "next_piece", "forth", "one piece on", "ArrowRight"),
        _button(press, "next_call", "next", "to the next call", "Shift+ArrowRight"),
        el.span(
            el.span(view.clock, class_name="num", custom_attrs={"data-testid": "play-clock"}),
            cond(view.skip, fragment(), el.span(" / ", on.length_words, class_name="num muted")),
            class_name="deck-clock",
        ),
        el.span(
            el.button(
                "−",
                type="button",
                class_name="deck-button",
                on_click=press("slower"),
                custom_attrs={"aria-label": "slower", "data-hotkey": "["},
            ),
            el.span(view.speed, class_name="num deck-speed", custom_attrs={"data-testid": "play-speed"}),
            el.button(
                "+",
                type="button",
                class_name="deck-button",
                on_click=press("faster"),
                custom_attrs={"aria-label": "faster", "data-hotkey": "]"},
            ),
            class_name="deck-group",
            role="group",
            custom_attrs={"aria-label": "speed"},
        ),
        el.button(
            "Jump over waits",
            type="button",
            class_name="toggle",
            title="cut every wait down to a second and a half (w)",
            on_click=press("waits"),
            custom_attrs={"aria-pressed": view.skip.to_string(), "data-hotkey": "w", "data-testid": "play-waits"},  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        ),
        el.button(
            "Copy link",
            type="button",
            class_name="copy",
            title="a link to this moment",
            custom_attrs={"data-copy-link": view.link, "aria-live": "polite"},
        ),
        el.p(view.doing, class_name="deck-doing muted", custom_attrs={"data-testid": "play-doing"}),
        class_name="deck",
        role="toolbar",
        custom_attrs={"aria-label": "playback"},
    )

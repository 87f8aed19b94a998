"""`/tags`: every tag with its colour and use, the rules that tag by themselves, and the history of both."""
# ruff: noqa: RUF012 - Reflex copies the default of a state's var for each client

from dataclasses import replace
from typing import Any

import reflex as rx

from union_square.domain import edits
from union_square.domain.rules import Conditions, Rule
from union_square.ui import failures, frame, wording
from union_square.ui.components.elements import empty_note, page_link, phases
from union_square.ui.components.finding import filter_input
from union_square.ui.components.notes import change_line
from union_square.ui.components.reflex import cond, el, foreach, fragment
from union_square.ui.components.toast import reloader
from union_square.ui.doing import PeopleState, people_of, reason
from union_square.ui.present_notes import present_changes
from union_square.ui.present_people import present_rules, present_tags
from union_square.ui.services import services
from union_square.ui.views import ChangeLine, RuleLine, TagLine

_KINDS = ("tag_styles", "rules")
_CHANGES_SHOWN = 200


def rule_of(form: dict[str, Any]) -> Rule:
    """The rule that the form describes. Raises ValueError."""

    def field(name: str) -> str:
        return str(form.get(name) or "").strip()

    def number(name: str, factor: float = 1) -> float | None:
        words = field(name)
        try:
            value = float(words.replace(",", ".")) * factor if words else None
        except ValueError as error:
            raise ValueError(f"“{wording.one_line(words, 30)}” is not a number") from error
        if value is not None and not 0 <= value < float("inf"):
            raise ValueError("a limit is 0 or more")
        return value

    tag = edits.parse_tag(field("tag"))
    conditions = Conditions(
        failed=bool(form.get("failed")),
        slower_than_ms=number("slower", 1000),
        dearer_than_usd=number("dearer"),
        model=field("model"),
        upstream=field("upstream"),
        query=field("query"),
    )
    return Rule(name=field("name") or tag, tag=tag, conditions=conditions)


class TagsState(rx.State):
    phase: str = "loading"
    failure: str = ""
    lines: list[TagLine] = []
    rules: list[RuleLine] = []
    history: list[ChangeLine] = []
    applying: str = ""  # which rule is being applied to the past, and how far; "" = none
    applied: str = "0%"

    @rx.event
    async def load(self) -> None:
        people = services().watching.people
        try:
            self.lines = present_tags(await people.tag_uses())
            self.rules = present_rules(await people.rules())
            changes = await people.changes(limit=_CHANGES_SHOWN)
        except failures.EXPECTED as error:
            self.phase, self.failure = failures.phase_of(error)
            return
        of_tags = {"rename_tag", "delete_tag"}
        undone = {c.change_id for c in changes if c.action in of_tags or c.kind in _KINDS}
        self.history = present_changes([c for c in changes if c.change_id in undone or c.undoes in undone])
        self.phase = "ready"

    async def _do(self, edit: edits.Edit, words: str) -> None:
        if await (await people_of(self)).do(edit, words) is not None:
            await self.load()

    @rx.event
    async def rename(self, form: dict[str, Any]) -> None:
        """Rename a tag; into one that is there already, merge it."""
        old, new = str(form.get("old", "")), " ".join(str(form.get("new", "")).split())
        if new and new != old:
            merged = any(line.tag == new for line in self.lines)
            words = f"Merged “{old}” into “{new}”." if merged else f"Renamed “{old}” to “{new}”."
            await self._do(edits.RenameTag(tag=old, to=new), words)

    @rx.event
    async def delete(self, tag: str) -> None:
        await self._do(edits.DeleteTag(tag=tag), f"Deleted “{tag}”.")

    @rx.event
    async def colour(self, tag: str, colour: str) -> None:
        await self._do(edits.ColourTag(tag=tag, colour="" if colour == "plain" else colour), f"Coloured “{tag}”.")

    @rx.event
    async def add_rule(self, form: dict[str, Any]) -> None:
        people = await people_of(self)
        try:
            rule = rule_of(form)
        except ValueError as error:
            people.said, people.trouble = "", f"This is no rule yet: {error}"
            return
        await self._do(edits.SaveRule(rule=rule), f"Calls that end from now on are tagged “{rule.tag}”.")

    async def _rule(self, rule_id: int) -> Rule | None:
        return next((rule for rule in await services().watching.people.rules() if rule.id == rule_id), None)

    @rx.event
    async def toggle_rule(self, rule_id: int) -> None:
        rule = await self._rule(rule_id)
        if rule is not None:
            words = f"The rule “{rule.name}” is {'off' if rule.enabled else 'on'}."
            await self._do(edits.SaveRule(rule=replace(rule, enabled=not rule.enabled)), words)

    @rx.event
    async def remove_rule(self, rule_id: int) -> None:
        await self._do(edits.RemoveRule(id=rule_id), "Removed the rule; the tags it put on stay.")

    @rx.event
    async def undo(self, change_id: int) -> None:
        people = await people_of(self)
        await people.undo_change(change_id)
        await self.load()

    @rx.event(background=True)
    async def apply_rule(self, rule_id: int) -> None:
        """Tag the calls that have ended, piece by piece, so that the page can say how far it is."""
        people, after, change_id = services().watching.people, "", None
        seen = tagged = 0
        try:
            total = max(1, await people.count_calls())
            while True:
                piece = await people.apply_rule(rule_id, after=after, change_id=change_id)
                seen, tagged, change_id = seen + piece.seen, tagged + piece.tagged, piece.change_id
                async with self:
                    self.applying = f"{wording.plural(seen, 'call')} looked at, {tagged} tagged"
                    self.applied = f"{100 * min(1, seen / total):.0f}%"
                if piece.after is None:
                    break
                after = piece.after
        except (*failures.EXPECTED, ValueError) as error:
            async with self:
                self.applying = ""
                (await people_of(self)).trouble = f"The rule was not applied to the end: {reason(error)}"
            return
        async with self:
            self.applying = ""
            viewer = await people_of(self)
            viewer.said = f"{wording.plural(seen, 'call')} looked at, {tagged} tagged."
            if change_id is not None:
                viewer.done = [*viewer.done, change_id]
            await self.load()
            await viewer.load_tags()


def _tag(line: TagLine) -> rx.Component:
    return el.tr(
        el.td(el.span(line.tag, class_name="chip", custom_attrs={"data-tag": line.tag})),
        el.td(
            el.select(
                *(el.option(colour or "plain", value=colour or "plain") for colour in edits.COLOURS),
                value=cond(line.colour, line.colour, "plain"),
                on_change=TagsState.colour(line.tag),
                custom_attrs={"aria-label": "colour of this tag", "data-testid": "tag-colour"},
            )
        ),
        el.td(line.calls, class_name="num"),
        el.td(page_link(line.sessions, href=line.sessions_href), class_name="num"),
        el.td(
            el.form(
                el.input(type="hidden", name="old", default_value=line.tag, key=f"old-{line.tag}"),
                el.input(
                    name="new",
                    placeholder="new name",
                    list="tag-names",
                    max_length=64,
                    auto_complete="off",
                    custom_attrs={
                        "aria-label": "new name; another tag's merges the two",
                        "data-testid": "rename",
                    },
                ),
                el.button("Rename or merge", type="submit", class_name="button"),
                el.button("Delete", type="button", class_name="button quiet", on_click=TagsState.delete(line.tag)),
                on_submit=TagsState.rename,
                reset_on_submit=True,
                class_name="inline-form",
            )
        ),
        key=line.tag,
        custom_attrs={"data-testid": "tag-row"},
    )


def _tags() -> rx.Component:
    heads = (("Tag", ""), ("Colour", ""), ("Calls", "num"), ("Sessions", "num"), ("Change", ""))
    table = el.div(
        el.table(
            el.thead(el.tr(*(el.th(name, scope="col", class_name=css) for name, css in heads))),
            el.tbody(foreach(TagsState.lines, _tag)),
            class_name="list totals tag-list",
            custom_attrs={"aria-label": "tags"},
        ),
        class_name="table-frame",
    )
    nothing = empty_note("No tags yet", "Put one on a session or a call, on several in a list, or let a rule do it.")
    return el.section(
        el.datalist(foreach(TagsState.lines, lambda line: el.option(value=line.tag)), id="tag-names"),
        cond(TagsState.lines, table, nothing),
        custom_attrs={"aria-label": "tags"},
    )


def _rule(line: RuleLine) -> rx.Component:
    return el.li(
        el.span(line.tag, class_name="chip", custom_attrs={"data-tag": line.tag}),
        el.strong(line.name),
        el.span(line.words, class_name="rule-words"),
        el.span(
            el.button("Apply to the past", type="button", class_name="button", on_click=TagsState.apply_rule(line.id)),
            el.button(line.toggle_word, type="button", class_name="button", on_click=TagsState.toggle_rule(line.id)),
            el.button("Remove", type="button", class_name="button quiet", on_click=TagsState.remove_rule(line.id)),
            class_name="push",
        ),
        key=line.id,
        custom_attrs={"data-testid": "rule", "data-enabled": cond(line.enabled, "true", "false")},
    )


def _field(word: str, name: str, placeholder: str = "", **props: Any) -> rx.Component:
    return el.label(word, el.input(name=name, placeholder=placeholder, auto_complete="off", **props))


def _rules() -> rx.Component:
    return el.section(
        el.h2("Rules"),
        el.p("A rule tags calls when they end. A tag that somebody took off stays off.", class_name="muted"),
        el.ul(foreach(TagsState.rules, _rule), class_name="rules"),
        cond(
            TagsState.applying,
            el.div(
                el.p(TagsState.applying, role="status", custom_attrs={"data-testid": "applying"}),
                el.div(el.span(style={"width": TagsState.applied}), class_name="progress"),
            ),
        ),
        el.form(
            _field("Tag", "tag", "slow", required=True, list="tag-names"),
            _field("Name", "name", "optional"),
            _field("Slower than, seconds", "slower", "10", input_mode="decimal"),
            _field("Dearer than, US dollars", "dearer", "0.10", input_mode="decimal"),
            _field("Model is", "model", "any"),
            _field("Upstream is", "upstream", "any"),
            el.label("Matches the filter", filter_input("", name="query", search=False)),
            el.label(el.input(type="checkbox", name="failed"), "failed or cut off", class_name="check"),
            el.button("Add rule", type="submit", class_name="button", custom_attrs={"data-testid": "rule-add"}),
            on_submit=TagsState.add_rule,
            reset_on_submit=True,
            class_name="rule-form",
            custom_attrs={"aria-label": "new rule"},
        ),
        class_name="panel",
        custom_attrs={"aria-label": "rules"},
    )


def _viewer() -> rx.Component:
    return el.form(
        el.label("You are", html_for="viewer"),
        el.input(
            name="name",
            id="viewer",
            default_value=PeopleState.author,
            key=f"viewer-{PeopleState.author}",
            placeholder=PeopleState.default_author,
            max_length=60,
            custom_attrs={"data-testid": "viewer"},
        ),
        el.button("Keep name", type="submit", class_name="button"),
        on_submit=PeopleState.name_viewer,
        class_name="inline-form push",
        custom_attrs={"aria-label": "your name"},
    )


def page() -> rx.Component:
    history = el.section(
        el.h2("What was changed"),
        cond(
            TagsState.history,
            el.ul(foreach(TagsState.history, lambda line: change_line(line, TagsState.undo)), class_name="changes"),
            el.p("Renames, merges, colours and rules are kept here, with a way back.", class_name="muted"),
        ),
        class_name="panel",
        custom_attrs={"aria-label": "history", "data-testid": "history"},
    )
    return frame.shell(
        "Tags",
        frame.page_head("Tags", _viewer()),
        phases(TagsState.phase, TagsState.failure, fragment(_tags(), _rules(), history, reloader(TagsState.load))),
    )

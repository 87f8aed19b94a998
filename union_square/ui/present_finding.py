"""A filter, its error and its facets as view values. PURE."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from union_square.domain.finding import FilterError
from union_square.domain.finding.facets import MOST_COUNTED, Facet
from union_square.domain.finding.hits import Hit
from union_square.domain.finding.spelling import quote, spell_value
from union_square.domain.ids import CallId
from union_square.domain.sorting import NEWEST, Sort
from union_square.domain.views import SavedView
from union_square.ui import routes, wording
from union_square.ui.views import CallLine, FacetLine, FacetLink, FilterProblem, ViewLine


def address_of(path: str, query: str, cursor: str = "", sort: Sort = NEWEST) -> str:
    """The address that reproduces a listing narrowed by that filter, in that order."""
    order = "" if sort == NEWEST else sort.spelled
    given = {name: value for name, value in (("q", query.strip()), ("sort", order), ("cursor", cursor)) if value}
    return path + ("?" + urlencode(given) if given else "")


def query_of(query: Mapping[str, str]) -> str:
    """The filter of an address: its `q`, and what earlier versions wrote in fields of their own."""
    terms = [query.get("q", "").strip()]
    terms += [word if word.isalnum() else quote(word) for word in query.get("text", "").split()]
    for field in ("model", "state", "tag"):
        if value := query.get(field, "").strip():
            terms.append(f"{field}:{spell_value(value)}")
    return " ".join(filter(None, terms))


def narrowed(query: str, field: str, value: str) -> str:
    """The filter with one more condition; an OR is put into parentheses first."""
    before = query.strip()
    if " OR " in f" {before} ":
        before = f"({before})"
    return f"{before} {field}:{spell_value(value)}".strip()


def present_facets(facets: Sequence[Facet], path: str, query: str, sort: Sort = NEWEST) -> list[FacetLine]:
    """Each value a link to the listing narrowed to it."""
    return [
        FacetLine(
            name=facet.field,
            note=f"of the newest {wording.grouped(MOST_COUNTED)}" if facet.partial else "",
            links=[
                FacetLink(
                    value=one.value,
                    calls=wording.short_count(one.calls),
                    href=address_of(path, narrowed(query, facet.field, one.value), sort=sort),
                )
                for one in facet.values[:8]
            ],
        )
        for facet in facets
    ]


def present_problem(text: str, error: FilterError) -> FilterProblem:
    """What is wrong with a filter, cut where it is to be underlined."""
    end = max(error.end, error.start + 1)
    return FilterProblem(
        before=text[: error.start],
        wrong=text[error.start : end],
        after=text[end:],
        message=f"{error.wrong[:1].upper()}{error.wrong[1:]}: {error.advice}.",
    )


def present_views(saved: Sequence[SavedView], page: str, query: str) -> list[ViewLine]:
    """The page's saved views; the one that is shown is marked."""
    return [
        ViewLine(
            id=view.id,
            name=view.name,
            query=view.query or "everything",
            href=address_of(f"/{page}", view.query),
            review_href=address_of(routes.REVIEW.path, view.query),
            current="true" if view.query.strip() == query.strip() else "",
        )
        for view in saved
        if view.page == page
    ]


def with_hits(lines: Sequence[CallLine], hits: Mapping[CallId, Hit]) -> list[CallLine]:
    """Calls with the words that were found in them, and the address of their message."""
    found: Mapping[str, Hit] = {str(id_): hit for id_, hit in hits.items()}
    return [
        replace(
            line,
            hit_before=hit.before,
            hit=hit.hit,
            hit_after=hit.after,
            hit_href=f"{line.href}#message-{hit.message}",
        )
        if (hit := found.get(line.id))
        else line
        for line in lines
    ]

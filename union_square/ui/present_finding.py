"""A filter, its error and its facets as view values. PURE."""

from collections.abc import Sequence
from urllib.parse import urlencode

from union_square.domain.finding import FilterError
from union_square.domain.finding.facets import Facet
from union_square.domain.finding.spelling import spell_value
from union_square.ui import wording
from union_square.ui.views import FacetLine, FacetLink, FilterProblem


def address_of(path: str, query: str, cursor: str = "") -> str:
    """The address that reproduces a listing narrowed by that filter."""
    given = {name: value for name, value in (("q", query.strip()), ("cursor", cursor)) if value}
    return path + ("?" + urlencode(given) if given else "")


def narrowed(query: str, field: str, value: str) -> str:
    """The filter with one more condition; an OR is put into parentheses first."""
    before = query.strip()
    if " OR " in f" {before} ":
        before = f"({before})"
    return f"{before} {field}:{spell_value(value)}".strip()


def present_facets(facets: Sequence[Facet], path: str, query: str) -> list[FacetLine]:
    """Each value a link to the listing narrowed to it."""
    return [
        FacetLine(
            name=facet.field,
            links=[
                FacetLink(
                    value=one.value,
                    calls=wording.short_count(one.calls),
                    href=address_of(path, narrowed(query, facet.field, one.value)),
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

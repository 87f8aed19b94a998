"""The smaller pages as view values: how to connect, totals, upstreams. PURE."""

from collections.abc import Sequence
from html import escape

from union_square.store.ports import ModelTotals
from union_square.ui import wording
from union_square.ui.views import Figure, Snippet, TotalsLine, UpstreamLine

_OPENAI = """from openai import OpenAI

client = OpenAI(base_url="{proxy}/openai/v1")"""

_ANTHROPIC = """from anthropic import Anthropic

client = Anthropic(base_url="{proxy}/anthropic")"""

_CURL = """curl {proxy}/openai/v1/chat/completions \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "gpt-5-mini", "stream": true,
       "messages": [{{"role": "user", "content": "Hello"}}]}}'"""

_ENVIRONMENT = """export OPENAI_BASE_URL={proxy}/openai/v1
export ANTHROPIC_BASE_URL={proxy}/anthropic"""


def present_snippets(proxy_url: str) -> list[Snippet]:
    """The lines that connect an application, with the proxy's real address."""
    named = (
        ("env", "Environment", _ENVIRONMENT),
        ("openai", "OpenAI SDK", _OPENAI),
        ("anthropic", "Anthropic SDK", _ANTHROPIC),
        ("curl", "curl", _CURL),
    )
    filled = ((key, name, text.format(proxy=proxy_url)) for key, name, text in named)
    return [Snippet(key=key, name=name, code=code, html=_marked(code, proxy_url)) for key, name, code in filled]


def _marked(code: str, proxy_url: str) -> str:
    return escape(code).replace(escape(proxy_url), f"<mark>{escape(proxy_url)}</mark>")


def present_totals(totals: Sequence[ModelTotals]) -> list[TotalsLine]:
    """A line for each model of each upstream, most calls first."""
    most = max((t.calls for t in totals), default=0) or 1
    return [
        TotalsLine(
            model=t.model or "(no model)",
            upstream=t.upstream,
            calls=wording.grouped(t.calls),
            errors=wording.grouped(t.errors) if t.errors else wording.NONE,
            error_share=f" ({t.errors / t.calls:.0%})" if t.errors and t.calls else "",
            input_tokens=_reported(t.input_tokens),
            output_tokens=_reported(t.output_tokens),
            cost=(wording.cost(t.cost_usd) + ("+" if t.cost_usd is not None and t.unpriced_calls else "")) or "unknown",
            bar=f"{100 * t.calls / most:.1f}%",
        )
        for t in totals
    ]


def _reported(tokens: int) -> str:
    """A sum of reported tokens; 0 means that nobody reported any."""
    return wording.grouped(tokens) if tokens else wording.NONE


def present_figures(totals: Sequence[ModelTotals]) -> list[Figure]:
    """The sums over all models."""
    calls = sum(t.calls for t in totals)
    errors = sum(t.errors for t in totals)
    unpriced = sum(t.unpriced_calls for t in totals)
    known = [t.cost_usd for t in totals if t.cost_usd is not None]
    return [
        Figure(name="Calls", value=wording.grouped(calls), note=wording.plural(len(totals), "model")),
        Figure(
            name="Errors",
            value=wording.grouped(errors),
            note=f"{errors / calls:.1%} of all calls" if calls else "",
        ),
        Figure(name="Input tokens", value=wording.short_count(sum(t.input_tokens for t in totals)), note="as reported"),
        Figure(
            name="Output tokens", value=wording.short_count(sum(t.output_tokens for t in totals)), note="as reported"
        ),
        Figure(
            name="Cost",
            value=wording.cost(sum(known)) if known else "unknown",
            note=f"{wording.plural(unpriced, 'call')} without a price" if unpriced else "by list price",
        ),
    ]


def present_upstreams(upstreams: Sequence[tuple[str, str]], proxy_url: str) -> list[UpstreamLine]:
    """Each upstream: where it leads, and the base URL that an application uses for it."""
    return [
        UpstreamLine(name=name, target=target, base_url=f"{proxy_url}/{name}" + ("/v1" if name == "openai" else ""))
        for name, target in upstreams
    ]

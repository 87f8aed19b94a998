"""/api/v1/docs: the API described by one page without scripts, made from the OpenAPI document. Pure.

The usual documentation pages load their scripts from other sites, which a browser that reads recordings must not.
"""

from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code { font: 0.92em ui-monospace, monospace }
article { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: 0.5rem 0 1rem }
h2 { margin-top: 2.5rem; text-transform: capitalize } h3 { margin: 0.6rem 0 0 }
b { display: inline-block; min-width: 4.2rem }
table { border-spacing: 0 } td { padding: 0.1rem 1.2rem 0.1rem 0; vertical-align: top }
""".strip()

DOCS_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def present_docs(document: dict[str, Any]) -> str:
    """The page. `document` is an OpenAPI 3.1 document of ours."""
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", ["other"])[0]
            groups.setdefault(tag, []).append(_operation(path, method, operation))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in groups.items())
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(info['title'])}</h1>{_paragraphs(info.get('description', ''))}"
        '<p>For programs: <a href="openapi.json">openapi.json</a>.</p>'
        f"{sections}</main></body></html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = [_parameter(one) for one in operation.get("parameters", ())]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body:
        rows.append(f"<tr><td>body</td><td><code>{escape(_type(body))}</code></td><td>JSON</td></tr>")
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    results = ", ".join(f"{status} {escape(_result(one))}" for status, one in operation["responses"].items())
    return (
        f"<article><h3><b>{escape(method.upper())}</b><code>{escape(path)}</code></h3>"
        f"{_paragraphs(operation.get('description', ''))}{table}<p>Answers: {results}</p></article>"
    )


def _parameter(one: dict[str, Any]) -> str:
    schema = one.get("schema", {})
    said = one.get("description") or schema.get("description", "")
    default = f" (default {escape(str(schema['default']))})" if schema.get("default") is not None else ""
    where = one["in"] if one.get("required") else f"{one['in']}, optional"
    return (
        f"<tr><td><code>{escape(one['name'])}</code></td><td><code>{escape(_type(schema))}</code></td>"
        f"<td>{escape(where)}{default}. {escape(said)}</td></tr>"
    )


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("format") or schema.get("const") or schema.get("type", "any"))


def _result(response: dict[str, Any]) -> str:
    for content_type, content in response.get("content", {}).items():
        schema = content.get("schema", {})
        return _type(schema) if "$ref" in schema else str(content_type)
    return str(response.get("description", ""))


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(one)}</p>" for one in text.split("\n\n") if one.strip())

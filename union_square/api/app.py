"""The REST API as one ASGI app, all of it below /api/v1. It reads and writes through `Watching` and nothing else.

It keeps nothing of its own, so it may be mounted where its lifespan does not run. Whoever serves it puts
`api.origin.SameOrigin` around everything on the port.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse

from union_square.api.arranging import arranging_routes
from union_square.api.calls import call_routes
from union_square.api.docs import DOCS_POLICY, present_docs
from union_square.api.errors import install
from union_square.api.exports import export_routes
from union_square.api.finding import finding_routes
from union_square.api.live import HEARTBEAT_SECONDS, live_routes
from union_square.api.notes import note_routes
from union_square.api.people import people_routes
from union_square.api.reruns import rerun_routes
from union_square.api.resends import resend_routes
from union_square.api.sessions import session_routes
from union_square.exporting.formats import FORMATS, Format
from union_square.exporting.importing import Importer
from union_square.replaying.rerunning import Reruns
from union_square.watching.ports import Watching

PREFIX = "/api/v1"
NOWHERE: Mapping[str, str] = MappingProxyType({})

_DESCRIPTION = """Sessions and calls that went through the proxy, recorded and running.

Listings are newest first, `limit` to 200 a page; `next_cursor` goes into `cursor` for the next page, null is the end.
Times are in milliseconds where the name says so, dates in ISO 8601 with UTC. null = unknown or not reported, never 0.

The API answers its own origin and programs, never a page of another site."""


def create_api(
    watching: Watching,
    *,
    reruns: Reruns | None = None,
    formats: Sequence[Format] = FORMATS,
    base_urls: Mapping[str, str] = NOWHERE,
    importer: Importer | None = None,
    version: str = "1",
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
) -> FastAPI:
    """The API over `watching`. `reruns`: what sends calls and sessions again, None = nothing does. `formats`: what is
    exported as; `base_urls`: where upstreams are; `importer`: None = nothing is imported. `heartbeat_seconds`: the
    longest silence of /live."""
    app = FastAPI(
        title="Union Square API",
        version=version,
        description=_DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    install(app)
    routes = APIRouter(prefix=PREFIX)
    for part in (
        session_routes(watching),
        note_routes(watching, "session"),
        call_routes(watching),
        note_routes(watching, "call"),
        finding_routes(watching),
        arranging_routes(watching),
        live_routes(watching, heartbeat_seconds),
        people_routes(watching),
        export_routes(watching, formats, base_urls, importer),
    ):
        routes.include_router(part)
    if reruns is not None:
        routes.include_router(resend_routes(watching, reruns.resends))
        routes.include_router(rerun_routes(reruns))
    app.include_router(routes)

    @app.get(f"{PREFIX}/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(present_docs(app.openapi()), headers={"content-security-policy": DOCS_POLICY})

    _ = docs
    return app

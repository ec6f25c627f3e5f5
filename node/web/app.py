"""The web application of a node: routers, gate and shields put together. Starts nothing and holds no global state."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from node import __version__
from node.dicom.network.callers import Callers
from node.dicom.network.tls import Tls, TlsFiles
from node.errors import NodeError
from node.flow.peers import PeerDesk
from node.ledger import users
from node.ports import Node
from node.web import (
    admin,
    arrived,
    dicomweb,
    display,
    events,
    exchange,
    notices,
    pages,
    preferences,
    problems,
    set_aside,
    site,
    stow,
    studies,
    upload,
)
from node.web import objects as display_objects
from node.web import peers as peer_pages
from node.web.auth import Caller, current_user
from node.web.events import Changes
from node.web.fhir import api as fhir
from node.web.fhir.outcomes import OperationOutcomes
from node.web.gate import Gate
from node.web.metrics import Metrics
from node.web.shield import CompressJson, LimitBodies, Shield
from worklists.correspondence import api as correspondence
from worklists.modality import api as orders
from worklists.reading import api as reading
from worklists.reading import marks_api as marks
from worklists.reading import readers_api as readers
from worklists.reporting import api as reporting


def create_app(node: Node, peers: PeerDesk | None = None) -> FastAPI:
    """The application; `peers` knows what happens on the DICOM port, when there is one.

    `app.state.changes.close()` ends the event streams before the server stops.
    """
    app = FastAPI(
        title="Liên Tuyến",
        version=__version__,
        openapi_url=None,  # served by the site router, behind the gate
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={"default": {"model": problems.Problem, "description": "Anything that went wrong."}},
    )
    peers = peers or PeerDesk(node, Callers(), Tls(TlsFiles(), node.clock.now))
    metrics = Metrics(node, peers)
    changes = Changes(node)
    app.state.changes = changes
    for error in (NodeError, RequestValidationError, HTTPException):
        app.add_exception_handler(error, problems.handle)
    app.add_middleware(LimitBodies)  # the last one added is the outermost
    app.add_middleware(Gate, node=node)
    app.add_middleware(OperationOutcomes)
    app.add_middleware(CompressJson)
    app.add_middleware(Shield, observe=metrics.observe)
    for router in (
        site.router(node, metrics),
        studies.router(node),
        arrived.router(node),
        preferences.router(node),
        notices.router(node),
        reading.router(node, current_user),
        readers.router(node, current_user),
        correspondence.router(node, current_user),
        marks.router(node, current_user),
        reporting.router(node, current_user),
        orders.router(node, current_user),
        display.router(node),
        display_objects.router(node),
        dicomweb.router(node),
        fhir.router(node),
        stow.router(node),
        admin.router(node),
        set_aside.router(node),
        peer_pages.router(node, peers),
        events.router(changes, _still_allowed(node)),
        exchange.router(node),
        upload.router(node),
        pages.router(pages.Pages()),
    ):
        app.include_router(router)
    return app


def _still_allowed(node: Node) -> Any:
    """Whether the login that opened an event stream is still valid; listening does not prolong it."""

    def valid(digest: str) -> bool:
        with node.ledger.read() as tx:
            return users.session_is_valid(tx, digest, node.clock.now())

    async def check(request: Request) -> bool:
        caller: Caller = current_user(request)
        return await to_thread.run_sync(valid, caller.token_sha256)

    return check

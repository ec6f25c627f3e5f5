"""The node itself over HTTP: what it is, logging in and out, health, measurements."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from node import __version__
from node.ledger import users
from node.ledger.audit import audit
from node.ports import Node
from node.web import auth
from node.web.auth import Caller, UnknownNames, current_user
from node.web.metrics import CONTENT_TYPE, Metrics

CurrentUser = Annotated[Caller, Depends(current_user)]


class Site(BaseModel):
    """What the login page shows. `diagnostic_use`: the site has said that its images may be used for diagnosis, by the
    `registration` that it names."""

    facility: str
    name: str
    language: Literal["vi", "en"]
    version: str
    demo: bool
    authenticated: bool
    diagnostic_use: bool
    registration: str


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=users.MAX_PASSWORD)


class SessionInfo(BaseModel):
    """Who is logged in, and where."""

    username: str
    display_name: str
    role: Literal["radiographer", "clinician", "radiologist", "admin"]
    language: Literal["vi", "en"]
    facility: str
    facility_name: str


class SessionChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    language: Literal["vi", "en"]


class Token(BaseModel):
    token: str
    expires_at: datetime


class Health(BaseModel):
    status: Literal["ok"]


def facility_name(node: Node) -> str:
    """The name of this node's facility in the registry, or its code."""
    code = node.settings.node.facility
    facility = node.registry().facility(code)
    return facility.name if facility else code


def router(node: Node, metrics: Metrics) -> APIRouter:
    """/api/site, /api/session, /api/tokens, /healthz, /readyz, /metrics"""
    routes = APIRouter(tags=["site"])

    @routes.get("/api/site", response_model=Site)
    def site(request: Request) -> dict[str, Any]:
        return {
            "facility": node.settings.node.facility,
            "name": facility_name(node),
            "language": node.settings.node.language,
            "version": __version__,
            "demo": node.registry().accept_unknown_callers,
            "authenticated": getattr(request.state, "caller", None) is not None,
            "diagnostic_use": node.settings.reading.diagnostic_use,
            "registration": node.settings.reading.registration,
        }

    _add_sessions(routes, node)
    _add_operation(routes, node, metrics)
    return routes


def _add_sessions(routes: APIRouter, node: Node) -> None:
    unknown = UnknownNames()

    def info(caller: Caller) -> dict[str, Any]:
        return {
            "username": caller.username,
            "display_name": caller.display_name,
            "role": caller.role,
            "language": caller.language,
            "facility": node.settings.node.facility,
            "facility_name": facility_name(node),
        }

    @routes.post("/api/session", response_model=SessionInfo)
    def log_in(credentials: Credentials, request: Request, response: Response) -> dict[str, Any]:
        caller, token, _ = auth.log_in(node, unknown, credentials.username, credentials.password, "cookie")
        auth.set_cookie(response, request, node, token)
        return info(caller)

    @routes.get("/api/session", response_model=SessionInfo)
    def session(caller: CurrentUser) -> dict[str, Any]:
        return info(caller)

    @routes.put("/api/session", response_model=SessionInfo)
    def change_session(change: SessionChange, caller: CurrentUser) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            users.set_language(tx, caller.username, change.language)
        return info(caller) | {"language": change.language}

    @routes.delete("/api/session", status_code=204)
    def log_out(caller: CurrentUser, request: Request) -> Response:
        with node.ledger.begin() as tx:
            users.close_session(tx, caller.token_sha256)
            audit(tx, node.clock.now(), caller.username, "logout")
        response = Response(status_code=204)
        auth.clear_cookie(response, request, node)
        return response

    @routes.post("/api/tokens", response_model=Token)
    def make_token(credentials: Credentials) -> dict[str, Any]:
        _, token, expires_at = auth.log_in(node, unknown, credentials.username, credentials.password, "bearer")
        return {"token": token, "expires_at": expires_at}


def _add_operation(routes: APIRouter, node: Node, metrics: Metrics) -> None:
    @routes.get("/healthz", response_model=Health, tags=["operation"])
    def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @routes.get("/readyz", response_model=Health, tags=["operation"])
    def readyz() -> dict[str, str]:
        """The ledger answers too."""
        with node.ledger.read() as tx:
            users.find_user(tx, "nobody")
        return {"status": "ok"}

    @routes.get("/metrics", response_class=Response, tags=["operation"])
    def prometheus() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    @routes.get("/openapi.json", include_in_schema=False)
    def openapi(request: Request) -> JSONResponse:
        return JSONResponse(request.app.openapi())

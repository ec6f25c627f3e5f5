"""Who may do what: one table, looked at before anything of a request is read. What is not in the table is refused.

Cross-site requests that carry the cookie are refused by Fetch Metadata and `Origin` (no tokens in forms are needed).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from node.domain.facility import Peer
from node.errors import NotAuthorized, NotFound
from node.ports import Node
from node.web import auth
from node.web.auth import Caller
from node.web.problems import CrossSite, LoginRequired

PUBLIC = None  # marks a rule that needs no login
EVERYONE = frozenset({"radiographer", "clinician", "radiologist", "admin"})
SENDERS = frozenset({"radiographer", "radiologist", "admin"})
READERS = frozenset({"radiologist", "admin"})
REGISTRARS = frozenset({"radiographer", "admin"})
RADIOLOGISTS = frozenset({"radiologist"})
ADMINS = frozenset({"admin"})
NOBODY: frozenset[str] = frozenset()  # no person: other nodes only

RESERVED = re.compile(r"/(api|dicom-web|fhir|exchange|metrics|openapi\.json|healthz|readyz)(/.*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Rule:
    """`methods` and `path` (a whole match) say what it is about, the rest who may: any of `roles`; other nodes when
    `peers`; anyone on this machine when `loopback`."""

    methods: frozenset[str]
    path: re.Pattern[str]
    roles: frozenset[str] | None
    peers: bool = False
    loopback: bool = False


def _rule(
    methods: str, path: str, roles: frozenset[str] | None, *, peers: bool = False, loopback: bool = False
) -> Rule:
    return Rule(frozenset(methods.split()), re.compile(path), roles, peers, loopback)


RULES: tuple[Rule, ...] = (  # the first that matches decides
    _rule("GET", r"/healthz|/readyz|/api/site", PUBLIC),
    _rule("POST", r"/api/session|/api/tokens", PUBLIC),
    _rule("GET PUT DELETE", r"/api/session", EVERYONE),
    _rule("GET", r"/api/studies(/.*)?|/api/events", EVERYONE),
    _rule("GET PUT", r"/api/preferences/[^/]+", EVERYONE),
    _rule("GET", r"/api/notices", EVERYONE),
    _rule("POST", r"/api/notices/([0-9]{1,18}/)?seen", EVERYONE),
    _rule("PUT", r"/api/preferences/[^/]+/site", ADMINS),
    _rule("POST", r"/api/studies/[^/]+/letters", EVERYONE),  # which letters the desk decides
    _rule("POST", r"/api/reading/tasks/[^/]+/(ask|reject|criticals)", RADIOLOGISTS),
    _rule("POST", r"/api/reading/criticals/[^/]+/(noted|withdraw)", RADIOLOGISTS),
    _rule("GET", r"/api/reading/studies/[^/]+/(priors|marks)", EVERYONE),  # beside the images, whoever looks at them
    _rule("GET", r"/api/reading/.*", READERS),
    _rule("POST", r"/api/reading/tasks/[^/]+/(priority|release|assign)", READERS),
    _rule("POST", r"/api/reading/tasks/[^/]+/(heartbeat|hand-over|take-over|second-opinion)", RADIOLOGISTS),
    _rule("POST", r"/api/reading/next", RADIOLOGISTS),
    _rule("POST", r"/api/reading/second-opinions/[^/]+/(answer|withdraw)", RADIOLOGISTS),
    _rule("POST", r"/api/reading/tasks/[^/]+/(claim|sign|correct|amend)", RADIOLOGISTS),
    _rule("PUT", r"/api/reading/tasks/[^/]+/report", RADIOLOGISTS),
    _rule("PUT DELETE", r"/api/reading/studies/[^/]+/marks/[^/]+", RADIOLOGISTS),
    _rule("POST", r"/api/reading/lint", READERS),
    _rule("GET", r"/api/orders/questions", ADMINS),
    _rule("GET", r"/api/orders(/.*)?", EVERYONE),
    _rule("POST PUT", r"/api/orders(/.*)?", REGISTRARS),
    _rule("GET", r"/api/display/.*", EVERYONE),  # a radiographer looks at what was sent
    _rule("GET", r"/fhir/.*", EVERYONE),
    _rule("GET", r"/dicom-web/.*", EVERYONE),
    _rule("POST", r"/dicom-web/studies(/[^/]+)?", SENDERS, peers=True),
    _rule("GET PUT POST", r"/exchange/.*", NOBODY, peers=True),
    _rule("GET POST", r"/api/admin/.*", ADMINS),
    _rule("PUT", r"/api/admin/readers/[^/]+", ADMINS),
    _rule("GET", r"/metrics", ADMINS, loopback=True),
    _rule("GET", r"/openapi\.json", EVERYONE, loopback=True),
)

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Gate:
    """ASGI middleware: refuses, or passes on with `scope["state"]["caller"]` or `["peer"]` set."""

    def __init__(self, app: ASGIApp, node: Node) -> None:
        self.app = app
        self.node = node
        self._cookie = auth.cookie_name(node)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._admit(scope)
        elif scope["type"] == "websocket":
            raise NotAuthorized("WebSockets are not used here.")
        await self.app(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if _CONTROL.search(scope["path"]):  # the router's "$" matches before a line end: it would find what no rule saw
            raise NotFound("There is nothing at this address.")
        rule = find_rule(method, scope["path"])
        cookie = self._cookie_token(headers)
        public_post = rule is not None and rule.roles is None
        if method not in _SAFE and (public_post or (cookie and not auth.bearer_token(headers))):
            refuse_cross_site(headers)
        caller, peer = await to_thread.run_sync(self._identify, headers, cookie)
        state = scope.setdefault("state", {})
        state["caller"] = caller
        state["peer"] = peer
        if peer is not None:
            if rule is None or not rule.peers:
                raise NotAuthorized("Another node may only send studies here.")
            return
        if not RESERVED.fullmatch(scope["path"]) and method in _SAFE:
            return  # the pages
        if rule is not None and (rule.roles is None or (rule.loopback and _from_here(scope, headers))):
            return
        if rule is not None and rule.roles == NOBODY:
            raise auth.not_a_node()
        if caller is None:
            raise LoginRequired("This needs a login.", hint="Log in and try again.")
        if rule is None:
            raise NotFound("There is nothing at this address.")
        if rule.roles is None or caller.role not in rule.roles:
            raise NotAuthorized("Your role may not do this.", hint="Ask the administrator of this node.")

    def _identify(self, headers: Headers, cookie: str) -> tuple[Caller | None, Peer | None]:
        token = auth.bearer_token(headers)
        if token is not None:  # a wrong bearer token is not rescued by a cookie
            peer = auth.find_peer(self.node, token)
            return (None, peer) if peer else (auth.find_caller(self.node, token, "bearer"), None)
        return (auth.find_caller(self.node, cookie, "cookie") if cookie else None), None

    def _cookie_token(self, headers: Headers) -> str:
        return cookie_parser(headers.get("cookie", "")).get(self._cookie, "")


def find_rule(method: str, path: str) -> Rule | None:
    """The rule for a request, or None."""
    return next((rule for rule in RULES if method in rule.methods and rule.path.fullmatch(path)), None)


def refuse_cross_site(headers: Mapping[str, str]) -> None:
    """Raises `CrossSite` when the browser says that another site made this request."""
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    if foreign or site not in (None, "same-origin", "none"):
        raise CrossSite("This request came from another site.", hint="Open the page of this node and try again there.")


def _from_here(scope: Scope, headers: Headers) -> bool:
    """True for a caller on this machine that is not a proxy for someone else."""
    if any(name in headers for name in ("x-forwarded-for", "forwarded", "x-real-ip")):
        return False
    try:
        return ipaddress.ip_address(scope["client"][0]).is_loopback
    except (ValueError, TypeError):
        return False

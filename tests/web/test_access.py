"""Logging in, and who may do what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute, Mount, Route

from node.errors import Retryable
from node.web import auth
from tests.web.world import PASSWORD, PEER_TOKEN, STUDY, World, ct

PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/api/site"),
    ("POST", "/api/session"),
    ("POST", "/api/tokens"),
    ("GET", "/{path:path}"),
    ("HEAD", "/{path:path}"),
}
LOGIN = {"username": "bs", "password": PASSWORD}


def all_routes(routes: list[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        nested = getattr(route, "routes", None)
        original = getattr(route, "original_router", None)
        if original is not None:
            yield from all_routes(original.routes, prefix + (getattr(route, "prefix", "") or ""))
        elif isinstance(route, Mount) or (nested and not isinstance(route, Route)):
            yield from all_routes(nested, prefix + route.path)
        else:
            assert isinstance(route, BaseRoute)
            for method in route.methods:  # type: ignore[attr-defined]
                yield method, prefix + route.path  # type: ignore[attr-defined]


def fill(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "1", path)


def test_every_route_but_the_public_ones_refuses_an_anonymous_caller(world: World) -> None:
    client = world.client()
    found = set(all_routes(world.app.routes))
    assert len(found) > 40
    for method, path in sorted(found - PUBLIC):
        if path == "/{path:path}":
            continue
        answer = client.request(method, fill(path))
        assert answer.status_code in (401, 403), (method, path, answer.status_code)
        form = "application/fhir+json" if path.startswith("/fhir/") else "application/problem+json"
        assert answer.headers["content-type"] == form


@pytest.mark.parametrize("path", ["/metrics", "/dicom-web/studies", f"/api/reading/studies/{STUDY}/priors"])
def test_an_address_with_a_line_end_does_not_pass_the_gate(world: World, path: str) -> None:
    assert world.client().get(f"{path}%0A").status_code == 404
    assert world.client("bs").get(f"{path}%0A").status_code == 404


def test_a_route_that_is_in_no_rule_is_refused_to_everyone(world: World) -> None:
    @world.app.get("/api/forgotten")
    def forgotten() -> dict[str, str]:
        return {"secret": "yes"}

    assert world.client().get("/api/forgotten").status_code == 401
    assert world.client("quantri").get("/api/forgotten").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/studies", {"ktv", "bs", "quantri"}),
        ("GET", "/api/reading/tasks", {"bs", "quantri"}),
        ("GET", "/dicom-web/studies", {"ktv", "bs", "quantri"}),
        ("GET", "/api/admin/queue", {"quantri"}),
        ("GET", "/api/admin/registry", {"quantri"}),
        ("GET", "/metrics", {"quantri"}),
        ("GET", "/openapi.json", {"ktv", "bs", "quantri"}),
    ],
)
def test_roles_reach_what_is_theirs_and_nothing_else(world: World, method: str, path: str, allowed: set[str]) -> None:
    for username in ("ktv", "bs", "quantri"):
        answer = world.client(username).request(method, path)
        assert answer.status_code == (200 if username in allowed else 403), (username, path)


def test_an_administrator_cannot_sign(world: World) -> None:
    answer = world.client("quantri").post("/api/reading/tasks/x/sign")
    assert answer.status_code == 403
    assert answer.json()["code"] == "not-authorized"


def test_logging_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use(world: World) -> None:
    client = world.client()
    answer = client.post("/api/session", json=LOGIN)
    assert answer.json() == {
        "username": "bs",
        "display_name": "BS. Trần Thị Hồng Ánh",
        "role": "radiologist",
        "language": "vi",
        "facility": "DEMO-TW",
        "facility_name": "Bệnh viện TW Thái Nguyên",
    }
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("lt_session_demo-tw=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    assert client.get("/api/session").json()["username"] == "bs"
    assert client.get("/api/site").json()["authenticated"] is True


def test_the_cookie_is_secure_over_https(world: World) -> None:
    client = world.client(base_url="https://node.example")
    answer = client.post("/api/session", json=LOGIN)
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"]


def test_logging_out_ends_the_session_at_the_node_too(world: World) -> None:
    client = world.client()
    client.post("/api/session", json=LOGIN)
    (name, value), *_ = client.cookies.items()
    assert client.delete("/api/session").status_code == 204
    again = world.client()
    again.cookies.set(name, value)
    assert again.get("/api/session").status_code == 401


def test_the_language_is_stored_for_the_user(world: World) -> None:
    client = world.client("bs")
    assert client.put("/api/session", json={"language": "en"}).json()["language"] == "en"
    assert world.client("bs").get("/api/session").json()["language"] == "en"


def test_a_session_ends_after_its_time_without_use(world: World) -> None:
    client = world.client("bs")
    world.clock.forward(hours=11)
    assert client.get("/api/session").status_code == 200
    world.clock.forward(hours=11)
    assert client.get("/api/session").status_code == 200
    world.clock.forward(hours=12, seconds=1)
    assert client.get("/api/session").status_code == 401


def test_a_cookies_token_is_no_bearer_token(world: World) -> None:
    client = world.client()
    client.post("/api/session", json=LOGIN)
    (_, value), *_ = client.cookies.items()
    answer = world.client().get("/api/studies", headers={"Authorization": f"Bearer {value}"})
    assert answer.status_code == 401


def test_wrong_names_and_wrong_passwords_are_told_the_same(world: World) -> None:
    known = world.client().post("/api/session", json={**LOGIN, "password": "wrong-password"})
    unknown = world.client().post("/api/session", json={"username": "nobody", "password": "wrong-password"})
    assert known.status_code == unknown.status_code == 401
    assert known.json() == unknown.json()
    assert known.json()["code"] == "login-failed"


@pytest.mark.parametrize("username", ["bs", "nobody"])
def test_five_wrong_passwords_lock_a_name_for_growing_time(world: World, username: str) -> None:
    client = world.client()
    wrong = {"username": username, "password": "wrong-password"}
    right = {"username": username, "password": PASSWORD}
    for _ in range(5):
        assert client.post("/api/session", json=wrong).json()["code"] == "login-failed"
    locked = client.post("/api/session", json=right)
    assert locked.status_code == 429
    assert locked.json()["code"] == "login-locked"
    assert 1 <= int(locked.headers["retry-after"]) <= 31
    world.clock.forward(seconds=31)
    assert client.post("/api/session", json=wrong).json()["code"] == "login-failed"
    world.clock.forward(seconds=31)
    assert client.post("/api/session", json=right).json()["code"] == "login-locked"
    world.clock.forward(seconds=31)
    assert client.post("/api/session", json=right).status_code == (200 if username == "bs" else 401)


def test_a_crowd_of_logins_is_asked_to_come_back_and_nobody_is_locked_for_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = auth.PasswordChecks(at_once=1, waiting=1, seconds=0.01)
    monkeypatch.setattr(auth, "_PASSWORD_CHECKS", checks)
    client = world.client()
    with checks.turn():
        for _ in range(6):
            answer = client.post("/api/session", json=LOGIN)
            assert (answer.status_code, answer.json()["code"]) == (503, "retryable")
            assert int(answer.headers["retry-after"]) > 0
    assert client.post("/api/session", json=LOGIN).status_code == 200


def test_a_login_for_which_there_is_no_room_does_not_wait() -> None:
    checks = auth.PasswordChecks(at_once=1, waiting=0, seconds=1e6)
    with checks.turn(), pytest.raises(Retryable):
        checks.turn().__enter__()
    with checks.turn():
        pass


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver.evil.example"},
    ],
)
def test_requests_that_other_sites_caused_are_refused(world: World, headers: dict[str, str]) -> None:
    client = world.client()
    client.post("/api/session", json=LOGIN)
    answer = client.put("/api/session", json={"language": "en"}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "csrf"
    assert client.get("/api/session").json()["language"] == "vi"
    assert world.client().post("/api/session", json=LOGIN, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}])
def test_requests_of_our_own_pages_pass(world: World, headers: dict[str, str]) -> None:
    client = world.client()
    client.post("/api/session", json=LOGIN)
    assert client.put("/api/session", json={"language": "en"}, headers=headers).status_code == 200


def test_a_bearer_token_needs_no_protection_from_other_sites(world: World) -> None:
    answer = world.client("bs").put("/api/session", json={"language": "en"}, headers={"Origin": "https://tool.example"})
    assert answer.status_code == 200


def test_another_nodes_token_opens_nothing_but_storing(world: World) -> None:
    world.receive(ct())
    client = world.client()
    client.headers["Authorization"] = f"Bearer {PEER_TOKEN}"
    for method, path in sorted(set(all_routes(world.app.routes)) - {("POST", "/dicom-web/studies")}):
        if path in ("/{path:path}", "/dicom-web/studies/{study_uid}") or path.startswith("/exchange"):
            continue
        answer = client.request(method, fill(path).replace("studies/1", f"studies/{STUDY}"))
        assert answer.status_code == 403, (method, path, answer.status_code)
    assert client.get(f"/dicom-web/studies/{STUDY}").status_code == 403


class Sent:
    """A request straight to the application, whose body nobody may ask for, and its answer."""

    def __init__(self, world: World, method: str, path: str, authorization: str, length: int | str) -> None:
        self.messages: list[Any] = []
        self.reads = 0
        headers = [(b"content-type", b"application/json"), (b"content-length", str(length).encode("latin-1"))]
        headers += [(b"authorization", authorization.encode())] if authorization else []
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http"}
        scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers}
        scope |= {"client": ("203.0.113.9", 5000), "server": ("node.example", 80)}
        anyio.run(world.app, scope, self.receive, self.send)

    async def receive(self) -> dict[str, Any]:
        self.reads += 1
        return {"type": "http.request", "body": b"{" * 1000, "more_body": self.reads < 10}

    async def send(self, message: Any) -> None:
        self.messages.append(message)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", f"/exchange/studies/{STUDY}/manifest"),
        ("POST", "/exchange/outbox/1/receipt"),
        ("POST", "/exchange/entries"),
        ("POST", "/exchange/"),
    ],
)
@pytest.mark.parametrize("who", ["nobody", "a stranger", "a person"])
def test_who_is_no_node_is_refused_at_the_link_before_a_body_is_read(
    world: World, method: str, path: str, who: str
) -> None:
    tokens = {"nobody": "", "a stranger": "Bearer x", "a person": f"Bearer {world.token('quantri')}"}
    for length in (10_000, 1 << 40):
        sent = Sent(world, method, path, tokens[who], length)
        assert (sent.messages[0]["status"], sent.reads) == (403, 0)


def test_a_node_comes_in_at_the_link_and_its_body_is_looked_at(world: World) -> None:
    client = world.client()
    client.headers["Authorization"] = f"Bearer {PEER_TOKEN}"
    assert client.get("/exchange/outbox").json() == {"deliveries": [], "entries": [], "cursor": 0}
    assert client.post("/exchange/entries", content=b"{").status_code == 422
    assert client.get("/exchange/nothing").status_code == 404
    for length in (1 << 40, "9" * 5000):
        assert Sent(world, "POST", "/exchange/entries", f"Bearer {PEER_TOKEN}", length).messages[0]["status"] == 413
    assert Sent(world, "POST", "/exchange/entries", f"Bearer {PEER_TOKEN}", "²").messages[0]["status"] == 422


def test_the_measurements_are_open_to_this_machine_but_not_through_a_proxy(world: World) -> None:
    local = TestClient(world.app, client=("127.0.0.1", 5000))
    assert local.get("/metrics").status_code == 200
    assert local.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
    assert world.client().get("/metrics").status_code == 401


def test_a_disabled_account_is_out_at_once(world: World) -> None:
    from node.ledger import users

    client = world.client("bs")
    with world.node.ledger.begin() as tx:
        users.set_disabled(tx, "bs", True)
    assert client.get("/api/session").status_code == 401
    assert client.post("/api/tokens", json=LOGIN, headers={"Authorization": ""}).json()["code"] == "login-failed"

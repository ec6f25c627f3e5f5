"""The viewer's files, security headers, and what callers see when something goes wrong."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from node.errors import StorageFull
from node.web import pages
from node.web.pages import Pages
from node.web.shield import CONTENT_SECURITY_POLICY
from tests.web.world import STUDY, World, ct

INDEX = "<!doctype html><title>viewer</title>"


@pytest.fixture
def viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built viewer; the application that is made afterwards serves it."""
    folder = tmp_path / "viewer"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "assets" / "app-1a2b.js").write_text("export {}")
    (folder / "assets" / "app-1a2b.js.br").write_bytes(b"compressed")
    (folder / "assets" / "codec.wasm").write_bytes(b"\0asm")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setattr(Pages.__init__, "__defaults__", (folder,))
    return folder


@pytest.fixture
def page(viewer: Path, world: World) -> TestClient:
    world.__post_init__()  # the application again, with the viewer in place
    return world.client()


@pytest.mark.parametrize("path", ["/", "/worklist", f"/studies/{STUDY}", "/login?next=/x"])
def test_addresses_of_the_application_get_its_page(page: TestClient, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 200
    assert answer.text == INDEX
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/html")
    assert page.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/api/nothing", "/dicom-web/nothing", "/metrics/x", "/assets/missing.js"])
def test_addresses_of_the_api_never_get_the_page(page: TestClient, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code in (401, 404)
    assert INDEX not in answer.text


def test_files_with_a_digest_in_their_name_are_kept_for_good(page: TestClient) -> None:
    answer = page.get("/assets/codec.wasm")
    assert answer.headers["content-type"] == "application/wasm"
    assert "immutable" in answer.headers["cache-control"]
    again = page.get("/assets/codec.wasm", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_compressed_files_are_served_to_who_accepts_them(page: TestClient) -> None:
    with page.stream("GET", "/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip, br"}) as answer:
        assert answer.headers["content-encoding"] == "br"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert b"".join(answer.iter_raw()) == b"compressed"
    plain = page.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == "export {}"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/link.txt",
        "//etc/passwd",
        "/assets/%00",
    ],
)
def test_no_address_leads_out_of_the_viewers_folder(page: TestClient, path: str) -> None:
    answer = page.get(path)
    assert "secret" not in answer.text
    assert "root:" not in answer.text
    assert answer.text == INDEX or answer.status_code == 404


def test_without_a_built_viewer_the_page_says_what_to_do(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pages.__init__, "__defaults__", (tmp_path / "nothing",))
    world.__post_init__()
    answer = world.client().get("/")
    assert answer.status_code == 503
    assert "make setup" in answer.text
    assert world.client().get("/healthz").json() == {"status": "ok"}


def test_the_viewers_folder_is_inside_the_package() -> None:
    assert pages.FOLDER.parent.name == "web"


@pytest.mark.parametrize("path", ["/", "/api/studies", "/healthz", "/dicom-web/studies", "/api/nothing"])
def test_every_answer_has_the_security_headers(page: TestClient, path: str) -> None:
    headers = page.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_policy_lets_no_page_talk_to_another_host() -> None:
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY


def test_an_unforeseen_fault_shows_a_reference_and_nothing_else(world: World, caplog: pytest.LogCaptureFixture) -> None:
    @world.app.get("/api/studies/broken/now")
    def broken() -> None:
        raise RuntimeError("Nguyễn Thị Đào has no bed")

    routes = world.app.router.routes
    routes.insert(0, routes.pop())
    answer = world.client("bs").get("/api/studies/broken/now")
    assert answer.status_code == 500
    problem = answer.json()
    assert problem["code"] == "internal"
    assert "Traceback" not in answer.text
    assert "Nguyễn" not in answer.text
    assert problem["reference"] in caplog.text
    assert "RuntimeError" in caplog.text
    assert "Nguyễn" not in caplog.text


def test_passing_faults_say_when_to_come_back(world: World) -> None:
    @world.app.get("/api/studies/full/now")
    def full() -> None:
        raise StorageFull("The disk of this node is full.")

    routes = world.app.router.routes
    routes.insert(0, routes.pop())
    answer = world.client("bs").get("/api/studies/full/now")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["code"] == "storage-full"


def test_a_wrong_field_is_named_but_what_was_in_it_is_not(world: World) -> None:
    answer = world.client().post("/api/session", json={"username": "bs", "secret": "s3cret-value"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert "'password'" in answer.json()["detail"]
    assert "s3cret-value" not in answer.text


def test_bodies_that_are_too_large_are_refused_before_anyone_logs_in(world: World) -> None:
    answer = world.client().post(
        "/api/session", content=b"{" + b" " * (2 << 20), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert answer.json()["code"] == "too-large"
    pieces = (b" " * 65536 for _ in range(40))  # without a length
    answer = world.client().post("/api/session", content=pieces, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ("", "Hãy đăng nhập"),
        ("vi", "Hãy đăng nhập"),
        ("en-GB,en;q=0.9,vi;q=0.8", "Please log in"),
        ("fr, en;q=0.2", "Please log in"),
        ("en;q=0, vi", "Hãy đăng nhập"),
        ("fr", "Hãy đăng nhập"),
    ],
)
def test_problems_speak_the_callers_language(world: World, header: str, title: str) -> None:
    answer = world.client().get("/api/studies", headers={"Accept-Language": header})
    assert answer.json()["title"] == title


def test_other_methods_are_refused_in_the_same_form(world: World) -> None:
    answer = world.client("bs").delete("/api/site")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"
    assert world.client().post("/worklist").status_code == 401


def test_large_json_is_compressed_and_small_is_not(world: World) -> None:
    world.receive(*(ct(1, study=f"1.2.{n}") for n in range(10)))
    client = world.client("bs")
    with client.stream("GET", "/api/studies", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        raw = b"".join(answer.iter_raw())
    assert json.loads(gzip.decompress(raw))["total"] == 10
    assert "content-encoding" not in client.get("/healthz").headers
    plain = client.get("/api/studies", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_the_api_describes_itself(world: World) -> None:
    document = world.client("bs").get("/openapi.json").json()
    assert {"/api/studies", "/api/reading/tasks/{task_id}/sign", "/dicom-web/studies"} <= set(document["paths"])
    assert "StudyList" in document["components"]["schemas"]


def test_the_measurements_count_and_name_nobody(world: World) -> None:
    world.receive(ct())
    client = world.client("quantri")
    client.get(f"/api/studies/{STUDY}")
    text = client.get("/metrics").text
    assert 'lientuyen_studies{state="receiving"} 1.0' in text
    assert 'lientuyen_jobs{kind="route",state="open"} 1.0' in text
    assert "lientuyen_spool_oldest_seconds 0.0" in text
    assert 'route="/api/studies/{study_uid}"' in text
    assert STUDY not in text

"""The command line: what it does, and one clear line for every way to get it wrong."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.ledger import registry, users
from node.ledger.sql import open_ledger
from tests.conftest import ROOT
from tests.services import free_port

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
REGISTRY = """
[[tiers]]
code = "huyen"
rank = 1
name = "Huyện"

[[facilities]]
code = "DEMO-DH"
name = "TTYT Định Hóa"
tier = "huyen"
"""


def run(
    *arguments: str | Path, given: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LIENTUYEN_")}
    return subprocess.run(
        [sys.executable, "-m", "node", *map(str, arguments)],
        cwd=ROOT,
        env=clean | (environment or {}),
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def check_one_line(done: subprocess.CompletedProcess[str], said: str) -> None:
    """Exit 2, one line on standard error that says `said`, no stack trace."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.startswith("Lỗi / error: ")
    assert said in done.stderr


@pytest.fixture(scope="session")
def a_node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings file of a node that `init` has made."""
    folder = tmp_path_factory.mktemp("cli") / "node"
    done = run("init", folder, "--facility", "DEMO-DH", "--ae-title", "DINHHOA")
    assert done.returncode == 0, done.stderr
    return folder / "node.toml"


def test_init_makes_a_node_that_others_cannot_look_into(a_node: Path) -> None:
    for path in (a_node.parent, *a_node.parent.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    assert (a_node.parent / "ledger.db").is_file()
    check_one_line(run("init", a_node.parent, "--facility", "X"), "is there already")


def test_init_closes_a_folder_that_was_open_to_all(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir(mode=0o755)
    assert run("init", folder, "--facility", "DEMO-DH").returncode == 0
    assert folder.stat().st_mode & 0o777 == 0o700


def test_init_with_a_wrong_title_leaves_nothing_behind(tmp_path: Path) -> None:
    done = run("init", tmp_path / "n", "--facility", "DEMO-DH", "--ae-title", "SEVENTEEN_LETTERS")
    check_one_line(done, "dicom.ae_title")
    assert run("init", tmp_path / "n", "--facility", "DEMO-DH").returncode == 0


def test_init_where_nothing_can_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    check_one_line(run("init", tmp_path / "file" / "node", "--facility", "X"), str(tmp_path / "file"))


def test_apply_shows_the_difference_and_the_revision_and_changes_nothing_twice(a_node: Path, tmp_path: Path) -> None:
    document = tmp_path / "registry.toml"
    document.write_text(REGISTRY, encoding="utf-8")
    first = run("apply", document, "--config", a_node)
    assert first.stdout.splitlines()[:2] == ["+ tiers huyen", "+ facilities DEMO-DH"], first.stderr
    again = run("apply", document, "--config", a_node)
    assert again.stdout.splitlines() == ["Phiên bản / revision 1 (không đổi / unchanged)"]
    document.write_text(REGISTRY.replace('tier = "huyen"', 'tier = "xa"'), encoding="utf-8")
    check_one_line(run("apply", document, "--config", a_node), "facility 'DEMO-DH': no tier 'xa'")
    ledger = open_ledger(f"sqlite:///{a_node.parent / 'ledger.db'}")
    with ledger.read() as tx:
        assert registry.current_revision(tx) == 1
    ledger.dispose()


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "There is no file"), (b"[[tiers]\n", "is not valid TOML"), (b"a = '\xff'", "is not valid TOML")],
)
def test_a_registry_that_cannot_be_read_is_one_line(
    a_node: Path, tmp_path: Path, content: bytes | None, said: str
) -> None:
    document = tmp_path / "registry.toml"
    if content is not None:
        document.write_bytes(content)
    check_one_line(run("apply", document, "--config", a_node), said)


def test_a_folder_instead_of_a_registry_is_one_line(a_node: Path, tmp_path: Path) -> None:
    check_one_line(run("apply", tmp_path, "--config", a_node), str(tmp_path))


def test_a_user_is_added_with_a_password_from_standard_input(a_node: Path) -> None:
    arguments = ("user", "add", "bs.hong", "--role", "radiologist", "--name", "BS. Hồng", "--config", a_node)
    done = run(*arguments, given="mat-khau-dung-123\n")
    assert done.stdout == "bs.hong (radiologist)\n", done.stderr
    ledger = open_ledger(f"sqlite:///{a_node.parent / 'ledger.db'}")
    with ledger.read() as tx:
        assert users.password_matches(users.find_user(tx, "bs.hong"), "mat-khau-dung-123")
    ledger.dispose()
    check_one_line(run(*arguments, given="mat-khau-dung-123\n"), "The user name is taken")


@pytest.mark.parametrize(
    ("role", "password", "said"), [("king", "mat-khau-dung-123", "role"), ("admin", "kurz", "characters")]
)
def test_a_user_that_cannot_be_is_one_line(a_node: Path, role: str, password: str, said: str) -> None:
    done = run("user", "add", "x", "--role", role, "--name", "X", "--config", a_node, given=password + "\n")
    check_one_line(done, said)
    assert password not in done.stderr


@pytest.fixture
def a_user(a_node: Path) -> Iterator[str]:
    """A user of `a_node` who is logged in."""
    ledger = open_ledger(f"sqlite:///{a_node.parent / 'ledger.db'}")
    name = f"ktv.{secrets.token_hex(4)}"
    with ledger.begin() as tx:
        users.create_user(tx, name, "KTV. Bình", "radiographer", "mat-khau-cu-123", "vi", NOW)
        users.open_session(tx, name, "cookie", name, NOW, timedelta(hours=1))
    yield name
    ledger.dispose()


def account(a_node: Path, name: str) -> tuple[users.User | None, bool]:
    """The account, and whether its session of `a_user` is still open."""
    ledger = open_ledger(f"sqlite:///{a_node.parent / 'ledger.db'}")
    with ledger.read() as tx:
        found = users.find_user(tx, name), users.find_session(tx, name, NOW) is not None
    ledger.dispose()
    return found


def test_a_new_password_ends_the_sessions_of_the_old_one(a_node: Path, a_user: str) -> None:
    assert account(a_node, a_user)[1]
    done = run("user", "passwd", a_user, "--config", a_node, given="mat-khau-moi-123\n")
    assert done.returncode == 0, done.stderr
    user, open_session = account(a_node, a_user)
    assert users.password_matches(user, "mat-khau-moi-123")
    assert not open_session
    check_one_line(run("user", "passwd", a_user, "--config", a_node, given="kurz\n"), "characters")
    check_one_line(run("user", "passwd", "nobody", "--config", a_node, given="mat-khau-moi-123\n"), "no such user")


def test_a_disabled_user_is_out_until_enabled_again(a_node: Path, a_user: str) -> None:
    assert run("user", "disable", a_user, "--config", a_node).returncode == 0
    user, open_session = account(a_node, a_user)
    assert user is not None
    assert (user.disabled, open_session) == (True, False)
    assert run("user", "enable", a_user, "--config", a_node).returncode == 0
    user, open_session = account(a_node, a_user)
    assert user is not None
    assert (user.disabled, open_session) == (False, False)
    check_one_line(run("user", "disable", "nobody", "--config", a_node), "no such user")


def test_the_users_are_listed_with_role_and_state(a_node: Path, a_user: str) -> None:
    before = run("user", "list", "--config", a_node).stdout.splitlines()
    assert f"{a_user}\tradiographer\tKTV. Bình" in before
    run("user", "disable", a_user, "--config", a_node)
    after = run("user", "list", "--config", a_node).stdout.splitlines()
    assert f"{a_user}\tradiographer\tKTV. Bình\tđã khóa / disabled" in after
    assert len(after) == len(before)


def test_a_missing_settings_file_is_one_line(tmp_path: Path) -> None:
    check_one_line(run("serve", "--config", tmp_path / "node.toml"), "does not exist")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[dicom]\nprot = 1\n", "Unknown setting 'dicom.prot'"),
        ("[dicom\n", "is not valid TOML"),
        ("[ledger]\nurl = 'mysql://x/y'\n", "ledger.url"),
        ("[ledger]\nurl = 'nonsense'\n", "ledger.url"),
        ("[storage]\nurl = 'ftp://x/y'\n", "storage URL"),
        ("[web]\nhost = '0.0.0.0'\nport = 0\n[dicom]\nport = 0\n", "Plain HTTP is refused"),
    ],
)
def test_wrong_settings_are_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "node.toml"
    file.write_text(text)
    check_one_line(run("serve", "--config", file), said)


def test_a_database_that_is_away_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text(f"[ledger]\nurl = 'postgresql+psycopg://nobody@127.0.0.1:{free_port()}/x'\n")
    check_one_line(run("serve", "--config", file), "database")


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        file = tmp_path / "node.toml"
        port = taken.getsockname()[1]
        file.write_text(f"[dicom]\nhost = '127.0.0.1'\nport = {port}\n[web]\nport = 0\n")
        check_one_line(run("serve", "--config", file), "port")


def test_an_unknown_command_says_how_to_get_help() -> None:
    done = run("sevre")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "sevre" in done.stderr


def test_the_version_is_the_packages() -> None:
    from node import __version__

    assert run("version").stdout.strip() == __version__

"""The command line: `lientuyen COMMAND`."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from node import __version__
from node.config import load_settings
from node.errors import Invalid, NodeError

app = typer.Typer(
    name="lientuyen",
    help="Liên Tuyến: nút trao đổi hình ảnh y tế giữa các tuyến / a tele-imaging exchange node between the tiers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

_SWITCH_SECONDS = 0.0005  # after which a computing thread makes way: who receives waits for it at every call

Config = Annotated[
    Path, typer.Option("--config", "-c", envvar="LIENTUYEN_CONFIG", help="Tệp cấu hình / the settings file, node.toml.")
]


@app.command()
def serve(config: Config = Path("node.toml")) -> None:
    """Chạy nút / run the node until it is told to stop (Ctrl-C, SIGTERM)."""
    from node.assembly import build

    sys.setswitchinterval(_SWITCH_SECONDS)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    parent = os.environ.pop("LIENTUYEN_PARENT", "")
    process = build(load_settings(config))
    process.start()
    logging.getLogger("node").info("%s serves: web %s, DICOM %s", config, process.web_port, process.dicom.port)
    while not stopping.wait(1.0):
        if parent and os.getppid() != int(parent):  # whoever watched over us is gone
            break
    process.stop()


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Thư mục mới của nút / the node's new folder.")],
    facility: Annotated[str, typer.Option(help="Mã cơ sở / code of the facility in the registry.")],
    ae_title: Annotated[str, typer.Option(help="AE title.")] = "LIENTUYEN",
) -> None:
    """Tạo thư mục cho nút mới / make a new node's folder: settings, secrets, tables."""
    from node.ledger.sql import open_ledger

    file = folder / "node.toml"
    if file.exists():
        raise Invalid(f"{file} is there already.", hint="Choose another folder, or edit that file.")
    load_settings(node={"facility": facility}, dicom={"ae_title": ae_title})  # before anything is written
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # it may have been there before
    (folder / "secrets").mkdir(mode=0o700, exist_ok=True)
    text = f"[node]\nfacility = {json.dumps(facility)}\n\n[dicom]\nae_title = {json.dumps(ae_title)}\n\n[web]\nport = 8040\n"
    file.write_text(text, encoding="utf-8")
    open_ledger(load_settings(file).ledger_url).migrate()
    typer.echo(f"{file}\nTiếp theo / next: lientuyen user add … ; lientuyen apply registry.toml ; lientuyen serve")


@app.command()
def apply(
    registry: Annotated[Path, typer.Argument(help="Danh bạ / the registry, a TOML file.")],
    config: Config = Path("node.toml"),
) -> None:
    """Áp dụng danh bạ / put a registry in force, all or nothing; prints what changes."""
    from node.ledger import registry as rows
    from node.ledger.sql import open_ledger

    try:
        document = tomllib.loads(registry.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Invalid(f"There is no file {registry}.", hint="Give the registry's path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{registry} is not valid TOML: {error}.", hint="Mend the line that it names.") from None
    ledger = open_ledger(load_settings(config).ledger_url)
    ledger.migrate()
    with ledger.begin() as tx:
        revision, differences = rows.apply(tx, document, "cli", datetime.now(UTC))
    for line in differences:
        typer.echo(line)
    typer.echo(f"Phiên bản / revision {revision}" + ("" if differences else " (không đổi / unchanged)"))


user_app = typer.Typer(help="Người dùng / the people who log in.", no_args_is_help=True)
app.add_typer(user_app, name="user")


@user_app.command("add")
def add_user(
    username: str,
    role: Annotated[str, typer.Option(help="radiographer | clinician | radiologist | admin")],
    name: Annotated[str, typer.Option(help="Tên hiển thị / display name, printed on reports.")],
    config: Config = Path("node.toml"),
    language: str = "vi",
) -> None:
    """Thêm người dùng / add a user; asks for the password (or reads it from standard input)."""
    from node.ledger import users

    password = _ask_password()
    with _writing(config) as tx:
        users.create_user(
            tx,
            username=username,
            display_name=name,
            role=role,
            password=password,
            language=language,
            now=datetime.now(UTC),
        )
    typer.echo(f"{username} ({role})")


@user_app.command("passwd")
def change_password(username: str, config: Config = Path("node.toml")) -> None:
    """Đặt mật khẩu mới / set a new password (asked for, or from standard input) and end the user's sessions."""
    from node.ledger import users
    from node.ledger.audit import audit

    password = _ask_password()
    with _writing(config) as tx:
        users.set_password(tx, username, password)
        audit(tx, datetime.now(UTC), "cli", "password-set", users.fold_username(username))
    typer.echo(f"{username}: mật khẩu mới / a new password")


@user_app.command("list")
def list_users(config: Config = Path("node.toml")) -> None:
    """Liệt kê người dùng / list the users: name, role, display name, and whether disabled."""
    from node.ledger import users

    with _writing(config) as tx:
        found = users.list_users(tx)
    for user in found:
        state = (_DISABLED,) if user.disabled else ()
        typer.echo("\t".join((user.username, user.role, user.display_name, *state)))


@user_app.command("disable")
def disable_user(username: str, config: Config = Path("node.toml")) -> None:
    """Khóa người dùng / close a user's account and end the user's sessions; nothing is deleted."""
    _set_disabled(config, username, True)


@user_app.command("enable")
def enable_user(username: str, config: Config = Path("node.toml")) -> None:
    """Mở khóa người dùng / open a closed account again."""
    _set_disabled(config, username, False)


_DISABLED = "đã khóa / disabled"


def _set_disabled(config: Path, username: str, disabled: bool) -> None:
    from node.ledger import users
    from node.ledger.audit import audit

    with _writing(config) as tx:
        users.set_disabled(tx, username, disabled)
        kind = "user-disabled" if disabled else "user-enabled"
        audit(tx, datetime.now(UTC), "cli", kind, users.fold_username(username))
    typer.echo(f"{username}: {_DISABLED if disabled else 'đang mở / enabled'}")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Mật khẩu / password", hide_input=True, confirmation_prompt=True))


@contextmanager
def _writing(config: Path) -> Iterator[Any]:
    """A transaction on the node's ledger, whose tables are of this version by then."""
    from node.ledger.sql import open_ledger

    ledger = open_ledger(load_settings(config).ledger_url)
    ledger.migrate()
    with ledger.begin() as tx:
        yield tx


@app.command()
def demo(
    directory: Annotated[Path, typer.Option("--dir", help="Thư mục / folder of everything it makes.")] = Path(
        "demo-data"
    ),
    port_base: Annotated[int, typer.Option(min=1024, max=65000, help="Cổng đầu / first port.")] = 8040,
    data: Annotated[Path | None, typer.Option(help="Thư mục tệp DICOM / folder of DICOM files to push.")] = None,
    no_modality: Annotated[bool, typer.Option("--no-modality", help="Không đẩy ảnh / push nothing.")] = False,
    hub_address: Annotated[str, typer.Option(help="Địa chỉ nút trên / address by which the hub is reached.")] = "",
) -> None:
    """Trình diễn cả vòng trên một máy / show the whole loop on one machine."""
    from node.demo.run import Demo, run

    run(Demo(directory.resolve(), port_base, data.resolve() if data else None, not no_modality, hub_address))


@app.command()
def version() -> None:
    """Phiên bản / the version."""
    typer.echo(__version__)


def main() -> None:
    """Runs a command; an error is one clear line, never a stack trace."""
    os.umask(0o077)  # what a node writes is about patients: nobody else on this machine may read it
    level = os.environ.get("LIENTUYEN_LOG", "WARNING").upper()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.Formatter.converter = time.gmtime
    logging.getLogger("node").setLevel(level if level in logging.getLevelNamesMapping() else "WARNING")
    try:
        app(standalone_mode=True)
    except NodeError as error:
        _fail(_in_both_languages(error))
    except OSError as error:
        _fail(f"{error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": "))
    except Exception as error:
        logging.getLogger("node").debug("the command failed", exc_info=True)
        _fail(f"Internal fault: {type(error).__name__}. Run it again with LIENTUYEN_LOG=DEBUG to see where.")


def _in_both_languages(error: NodeError) -> str:
    """The kind of error in Vietnamese, by its code; what exactly in English, with the names that both share."""
    from node.web.problems import catalogue

    codes = catalogue("vi")["codes"]
    entry = codes.get(error.code) or codes["error"]
    return f"{entry['title']}. {entry['hint']} / {error}"


def _fail(message: str) -> NoReturn:
    typer.secho(f"Lỗi / error: {message}", fg=typer.colors.RED, err=True)
    sys.exit(2)

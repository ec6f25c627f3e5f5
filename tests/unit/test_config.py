"""Settings: what wins over what, and a clear error for every way to get one wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.config import Settings, load_settings
from node.errors import Invalid


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.upper().startswith("LIENTUYEN_")]:
        monkeypatch.delenv(name)


def a_file(folder: Path, text: str) -> Path:
    file = folder / "node.toml"
    file.write_text(text, encoding="utf-8")
    return file


def fault(file: Path | None, **overrides: object) -> str:
    with pytest.raises(Invalid) as raised:
        load_settings(file, **overrides)
    assert raised.value.hint
    return raised.value.message


def test_without_anything_the_defaults_hold() -> None:
    settings = load_settings()
    assert (settings.dicom.port, settings.web.host, settings.workers.url) == (11112, "127.0.0.1", "local://")


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = a_file(tmp_path, "[dicom]\nport = 1\nae_title = 'FILE'\n[web]\nport = 1\n")
    monkeypatch.setenv("LIENTUYEN_WEB__PORT", "2")
    monkeypatch.setenv("LIENTUYEN_DICOM__PORT", "2")
    settings = load_settings(file, dicom={"port": 3})
    assert (settings.dicom.port, settings.web.port, settings.dicom.ae_title) == (3, 2, "FILE")


def test_the_nodes_folder_counts_from_the_file_and_holds_ledger_and_objects(tmp_path: Path) -> None:
    settings = load_settings(a_file(tmp_path, '[node]\ndirectory = "data"\n'))
    assert settings.node.directory == tmp_path / "data"
    assert settings.ledger_url == f"sqlite:///{tmp_path / 'data' / 'ledger.db'}"
    assert settings.storage_url == f"file://{tmp_path / 'data' / 'objects'}"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(Exception, match="frozen"):
        Settings().dicom.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[dicom]\nprot = 1\n", "Unknown setting 'dicom.prot'; known here: ae_title, any_called_ae, "),
        ("[dicmo]\nport = 1\n", "Unknown setting 'dicmo'; known here: dicom, display, ledger, node"),
        ("port = 1\n", "Unknown setting 'port'"),
        ("[dicom]\nport = 'elf'\n", "Setting 'dicom.port': "),
        ("[dicom]\nport = 70000\n", "Setting 'dicom.port': "),
        ("[dicom]\nae_title = 'SEVENTEEN_LETTERS'\n", "Setting 'dicom.ae_title': "),
        ("dicom = 5\n", "Setting 'dicom': "),
        ("[node]\nlanguage = 'fr'\n", "Setting 'node.language': "),
        ("[workers]\nurl = 'redis://x'\n", "Setting 'workers.url': "),
        ("[dicom\nport = 1\n", "is not valid TOML"),
        ("[dicom]\nport = 1\nport = 2\n", "is not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, said: str) -> None:
    assert said in fault(a_file(tmp_path, text))


def test_every_wrong_setting_is_named_at_once(tmp_path: Path) -> None:
    message = fault(a_file(tmp_path, "[dicom]\nport = 'elf'\nprot = 1\n[wbe]\nport = 1\n"))
    assert all(name in message for name in ("'dicom.port'", "'dicom.prot'", "'wbe'"))


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"does not exist\. Create one with: lientuyen init"):
        load_settings(tmp_path / "node.toml")


def test_a_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_bytes(b"[node]\norganization = '\xff\xfe'\n")
    assert "is not valid TOML" in fault(file)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LIENTUYEN_DICOM__PROT", "1", "Unknown setting 'dicom.prot'"),
        ("LIENTUYEN_DICMO__PORT", "1", "Unknown setting 'dicmo.port'"),
        ("LIENTUYEN_DICOM__PORT", "elf", "Setting 'dicom.port': "),
        ("LIENTUYEN_DICOM", "{not json", "dicom"),
    ],
)
def test_a_wrong_variable_of_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert said in fault(None)


def test_the_variables_of_the_commands_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIENTUYEN_CONFIG", "LIENTUYEN_LOG", "LIENTUYEN_PARENT", "LIENTUYEN_TEST_DATA"):
        monkeypatch.setenv(name, "1")
    load_settings()

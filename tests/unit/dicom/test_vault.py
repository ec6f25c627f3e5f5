"""The seal of the identity vault and its key file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from node.dicom.vault import Vault, keys, load_or_create_key
from node.errors import Held, Invalid


def a_vault(fill: bytes = b"m") -> Vault:
    return Vault(keys(fill * 32)[0])


def test_what_was_sealed_is_opened_again() -> None:
    sealed = a_vault().seal("patient", "DH-1", "Nguyễn Thị Ánh".encode())
    assert "Nguyễn".encode() not in sealed
    assert a_vault().open("patient", "DH-1", sealed).decode() == "Nguyễn Thị Ánh"


def test_the_same_content_is_never_sealed_to_the_same_bytes() -> None:
    assert a_vault().seal("uid", "2.25.1", b"1.2.3") != a_vault().seal("uid", "2.25.1", b"1.2.3")


@pytest.mark.parametrize(("kind", "pseudonym"), [("uid", "DH-1"), ("patient", "DH-2")])
def test_a_row_that_was_moved_is_held(kind: str, pseudonym: str) -> None:
    sealed = a_vault().seal("patient", "DH-1", b"x")
    with pytest.raises(Held):
        a_vault().open(kind, pseudonym, sealed)


@pytest.mark.parametrize("position", [0, 12, -1])
def test_a_row_that_was_altered_is_held(position: int) -> None:
    sealed = bytearray(a_vault().seal("patient", "DH-1", b"content"))
    sealed[position] ^= 1
    with pytest.raises(Held):
        a_vault().open("patient", "DH-1", bytes(sealed))


def test_a_row_that_was_cut_or_sealed_with_another_key_is_held() -> None:
    sealed = a_vault().seal("patient", "DH-1", b"content")
    with pytest.raises(Held):
        a_vault().open("patient", "DH-1", sealed[:5])
    with pytest.raises(Held, match="key file"):
        a_vault(b"n").open("patient", "DH-1", sealed)


def test_the_two_derived_keys_differ_from_each_other_and_follow_from_the_master() -> None:
    sealing, pseudonym = keys(b"m" * 32)
    assert len(sealing) == len(pseudonym) == 32
    assert len({sealing, pseudonym, b"m" * 32}) == 3
    assert keys(b"m" * 32) == (sealing, pseudonym)
    assert set(keys(b"n" * 32)).isdisjoint((sealing, pseudonym))


def test_a_key_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "master.key"
    key = load_or_create_key(path)
    assert len(key) == 32
    assert load_or_create_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["master.key"]


def test_a_key_file_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    load_or_create_key(path)
    path.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        load_or_create_key(path)


def test_a_key_file_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(Invalid, match="32 bytes"):
        load_or_create_key(path)

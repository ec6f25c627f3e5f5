"""The seal of the identity vault: what a pseudonym stands for, readable only with a key that is not in the database.

AES-256-GCM with a random nonce; kind and pseudonym are authenticated with the content, so that a row cannot be moved to
another pseudonym. The master key is a file at the origin; whoever loses it loses the way home of every open study.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from node.errors import Held, Invalid

KEY_BYTES = 32
NONCE_BYTES = 12


class Vault:
    """Seals and opens the rows of the vault."""

    def __init__(self, key: bytes) -> None:
        """`key`: the sealing key of `keys`, 32 bytes."""
        self._cipher = AESGCM(key)

    def seal(self, kind: str, pseudonym: str, plain: bytes) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, _context(kind, pseudonym))

    def open(self, kind: str, pseudonym: str, sealed: bytes) -> bytes:
        """Raises `Held` when the row was changed, moved or sealed with another key."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _context(kind, pseudonym))
        except (InvalidTag, ValueError):
            raise Held(
                "A row of the identity vault cannot be opened.",
                hint="It was altered or sealed with another key: restore the right key file.",
            ) from None


def keys(master: bytes) -> tuple[bytes, bytes]:
    """The sealing key and the pseudonym key that derive from the master key (HKDF-SHA256)."""
    return _derive(master, b"lientuyen vault sealing"), _derive(master, b"lientuyen pseudonyms")


def load_or_create_key(path: Path) -> bytes:
    """The master key in `path`, made on first use. Raises `Invalid` when others can read it or it holds no key."""
    with suppress(FileNotFoundError):
        return _load(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its key is the key
            path.hardlink_to(fresh)
    finally:
        fresh.unlink()
    _sync_folder(path.parent)
    return _load(path)


def _load(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        content = file.read(KEY_BYTES + 1)
    if mode & 0o077:
        raise Invalid(f"The key file {path} can be read by others (mode {mode:o}).", hint=f"Run: chmod 600 {path}")
    if len(content) != KEY_BYTES:
        raise Invalid(
            f"The key file {path} does not hold a key of {KEY_BYTES} bytes.", hint="Restore it from its backup."
        )
    return content


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _context(kind: str, pseudonym: str) -> bytes:
    return f"{kind}\0{pseudonym}".encode()


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(master)

"""Secrets that have to be read again, sealed: webhook keys, credentials of a SIS.

AES-256-GCM, each bound to what it belongs to: a sealed text that is moved to another district or
connection does not open. The id of its key stands in the text, so keys can be rotated: the first
key seals, every key opens.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kinsync.domain.errors import ChangeInput

FORMAT = "s1"
KEY_BYTES = 32
NONCE_BYTES = 12
KEY_FILE = Path("keys", "seal.key")


class Sealer:
    """Seals under its first key and opens under each. Safe to share between threads."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}
        self._first = _key_id(keys[0])

    def seal(self, secret: bytes, *, bound_to: Sequence[str | int]) -> str:
        """A text that only ``unseal`` with the same ``bound_to`` turns back into the secret."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, secret, _bound(bound_to))
        return f"{FORMAT}.{self._first}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, *, bound_to: Sequence[str | int]) -> bytes:
        """The secret again.

        Raises:
            ChangeInput: this machine does not hold the key, or the text belongs elsewhere.
        """
        form, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        if form != FORMAT or key_id not in self._ciphers:
            raise ChangeInput(
                f"A secret is sealed under key {key_id or '?'}, which is not held here (held: "
                f"{', '.join(self._ciphers)}). Give every machine the same KINSYNC_SEAL_KEY."
            )
        try:
            data = base64.b64decode(text, altchars=b"-_", validate=True)
            cipher = self._ciphers[key_id]
            return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _bound(bound_to))
        except (InvalidTag, ValueError):
            raise ChangeInput(
                f"A sealed secret of {'/'.join(map(str, bound_to))} was changed or moved, and does "
                "not open. Make a new one."
            ) from None


def open_sealer(home: Path, keys: str) -> Sealer:
    """The sealer of this installation.

    Args:
        keys: of the setting, the newest first; where there are none the home's own key file is
            used, and made at the first call.

    Raises:
        ChangeInput: a key is malformed, or its file is open to other accounts.
    """
    return Sealer(_open_keys(home, keys))


def derived_keys(home: Path, keys: str, *, purpose: str) -> list[bytes]:
    """Keys for another purpose, one of each seal key, the newest first: they follow from the seal
    keys, and tell nothing about them.

    Raises:
        ChangeInput: as ``open_sealer``.
    """
    told = b"kinsync " + purpose.encode()
    return [hmac.digest(key, told, "sha256") for key in _open_keys(home, keys)]


def _open_keys(home: Path, keys: str) -> list[bytes]:
    if not keys.strip() and not (home / KEY_FILE).exists():
        make_key_file(home, new_key())
    return _read_keys(held_keys(home, keys), where=_where(home, keys))


def held_keys(home: Path, keys: str) -> str:
    """The keys as they stand in the setting or the home's file; blank where none was made yet.

    Raises:
        ChangeInput: the file is open to other accounts.
    """
    path = home / KEY_FILE
    if keys.strip() or not path.exists():
        return keys.strip()
    if path.stat().st_mode & 0o077:
        raise ChangeInput(f"{path} is open to other accounts. Close it: chmod 600 {path}.")
    return path.read_text("utf-8").strip()


def key_ids(keys: str) -> list[str]:
    """What tells keys apart, in their order; none where ``keys`` are blank.

    Raises:
        ChangeInput: a key is malformed.
    """
    return [_key_id(key) for key in _read_keys(keys, where="The seal key")] if keys.strip() else []


def new_key() -> str:
    """A new key, as it stands in the setting or the file."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def make_key_file(home: Path, keys: str) -> None:
    """Keep keys whole or not at all, and once: of processes that start at once, one wins."""
    path = home / KEY_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{keys}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()


def _where(home: Path, keys: str) -> str:
    return "KINSYNC_SEAL_KEY" if keys.strip() else str(home / KEY_FILE)


def _read_keys(text: str, *, where: str) -> list[bytes]:
    try:
        keys = [base64.b64decode(one, validate=True) for one in text.replace(",", " ").split()]
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise ChangeInput(
            f"{where} is to hold keys of {KEY_BYTES} bytes in base64, the newest first, with "
            "spaces between ('openssl rand -base64 32' makes one)."
        )
    return keys


def _key_id(key: bytes) -> str:
    """Tells keys apart and tells nothing about them."""
    return hashlib.sha256(b"kinsync seal key" + key).hexdigest()[:8]


def _bound(bound_to: Sequence[str | int]) -> bytes:
    """The parts with their borders, so that no two lists read alike."""
    return json.dumps([FORMAT, *bound_to], separators=(",", ":")).encode()

"""The key file of the log: made once, readable for its owner alone, never shown.

Its first line is the private key. Public keys below it are those that signed before.
"""

from __future__ import annotations

import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airmend.audit.notes import Signer, Verifier, make_signer, read_signer, read_verifier
from airmend.errors import AuditError
from airmend.whole_files import PRIVATE, create_file, replace_file


@dataclass(frozen=True)
class LogKeys:
    """The key that signs, and those that did before."""

    signer: Signer
    earlier: tuple[Verifier, ...] = ()

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """The public keys, the present one first."""
        return (self.signer.verifier, *self.earlier)


def read_keys(path: Path) -> LogKeys:
    """The keys of a file.

    Raises:
        AuditError: There is none, others may read it, or it holds something else.
    """
    try:
        mode = path.stat().st_mode
        first, *others = path.read_text(encoding="utf-8").split()
    except (OSError, ValueError) as error:
        fact = error.strerror if isinstance(error, OSError) else "it is empty"
        raise AuditError(
            f"{path}: the key of the audit log cannot be read: {fact}. Restore it from its backup; "
            "a new log begins with `airmend audit key`"
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AuditError(f"{path}: others may use this key. Run chmod 600 on it")
    try:
        return LogKeys(read_signer(first), tuple(read_verifier(other) for other in others))
    except AuditError as error:
        raise AuditError(f"{path}: {error}") from error


def make_keys(
    path: Path, name: str = "", *, draw: Callable[[int], bytes] = secrets.token_bytes
) -> LogKeys:
    """Make a key file; where another process was quicker, its keys count.

    Args:
        path: The file; its folder is made with access for its owner alone.
        name: Of the log; without one, a random one.
        draw: Gives so many random bytes.

    Raises:
        AuditError: It cannot be written, or the name cannot be used.
    """
    _write(path, LogKeys(make_signer(name or f"airmend-{draw(4).hex()}", draw(32))), create_file)
    return read_keys(path)


def replace_keys(path: Path, *, draw: Callable[[int], bytes] = secrets.token_bytes) -> LogKeys:
    """Make a new key of the same log; the one before stays known as its earlier one.

    Raises:
        AuditError: There is none yet, or it cannot be written.
    """
    before = read_keys(path)
    _write(path, LogKeys(make_signer(before.signer.name, draw(32)), before.verifiers), replace_file)
    return read_keys(path)


def _write(path: Path, keys: LogKeys, put: Callable[..., object]) -> None:
    lines = [keys.signer.write(), *map(str, keys.earlier)]
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        put(path, "\n".join(lines) + "\n", mode=PRIVATE)
    except OSError as error:
        raise AuditError(
            f"{path}: the key of the audit log cannot be written: {error.strerror}. "
            "Set AIRMEND_AUDIT_KEY_FILE to another place"
        ) from error

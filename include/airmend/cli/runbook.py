"""`airmend runbook`: sign runbooks, see what signing says, and check who signed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from airmend.change.signing import RunbooksPolicy, judge_signatures, name_version
from airmend.cli.lint import find_runbook_folders
from airmend.cli.signature_lint import read_runbooks_policy
from airmend.errors import RunbookError, SigningError
from airmend.openssh.signatures import MOST_SIGNATURES, Signature, read_signatures
from airmend.runbook.catalog import LoadedRunbook, load_runbook
from airmend.runbook.model import SIGNATURE_NAMESPACE, RunbookVersion
from airmend.runbook.signature_file import read_signature_file, write_signature_file
from airmend.settings import get_settings

app = typer.Typer(
    help="Sign runbooks, and check who signed them.", no_args_is_help=True, add_completion=False
)

Folders = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Runbook folders, or folders that hold them; the configured folder when absent.",
        show_default=False,
    ),
]


@app.callback()
def _runbook() -> None:
    """Sign runbooks, and check who signed them."""


@app.command("sign")
def sign_command(
    folders: Annotated[
        list[Path], typer.Argument(help="Runbook folders, or folders that hold them.")
    ],
    key: Annotated[
        Path,
        typer.Option(
            "--key",
            help="A key of OpenSSH: the private file, or the .pub file of one that the SSH agent "
            "holds.",
        ),
    ],
) -> None:
    """Sign what runbooks hold now, with ssh-keygen; the signatures go into `.signatures`."""
    policy, strangers = read_runbooks_policy(), dict[str, None]()
    for folder, loaded in _load(folders):
        version = loaded.version
        signature = make_signature(version, key)
        path = add_signature(folder, version, signature)
        name = policy.names.get(signature.key)
        told = f"{path}: {name_version(version)} is signed by {signature.key.fingerprint}"
        typer.echo(f"{told}, '{name}' in the policy" if name else f"{told}, whom nobody trusts yet")
        strangers |= {} if name else {str(signature.key): None}
    for line in strangers:
        typer.echo(f"below 'runbooks.trusted_keys' of the policy it would be: NAME: {line}")


@app.command("verify")
def verify_command(folders: Folders = None) -> None:
    """Say who signed runbooks, by the keys of the policy; exit code 1 where nobody trusted did."""
    policy, failed = read_runbooks_policy(), False
    for folder, loaded in _load(folders or [get_settings().runbooks_dir]):
        text, is_signed = verify_folder(folder, loaded.version, policy)
        typer.echo(text)
        failed |= not is_signed
    if failed:
        raise typer.Exit(1)


@app.command("statement")
def statement_command(
    folder: Annotated[Path, typer.Argument(help="A runbook's folder.")],
) -> None:
    """Print the text that a signature is made over, for `ssh-keygen -Y sign` elsewhere."""
    (found,) = _load([folder])[:1]
    typer.echo(found[1].version.statement(), nl=False)


def verify_folder(
    folder: Path, version: RunbookVersion, policy: RunbooksPolicy
) -> tuple[str, bool]:
    """Who signed a runbook, in words, and whether one of them is trusted."""
    try:
        texts = list(map(str, read_signature_file(folder)))
    except RunbookError as mistake:
        return str(mistake), False
    verdict = judge_signatures(version, texts, policy)
    return f"{name_version(version)} is {verdict.told}", verdict.is_signed


def make_signature(version: RunbookVersion, key: Path) -> Signature:
    """Let ssh-keygen sign a version; it asks for passphrases and touches by itself.

    Raises:
        SigningError: There is no ssh-keygen, it does not sign, or the key cannot be used here.
    """
    statement = version.statement().encode()
    try:
        done = subprocess.run(
            ["ssh-keygen", "-Y", "sign", "-n", SIGNATURE_NAMESPACE, "-f", str(key)],  # noqa: S607 -- the one that the signer put on PATH
            input=statement,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise SigningError(
            f"ssh-keygen cannot be run: {error.strerror}. Install OpenSSH's client"
        ) from error
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise SigningError(
            f"{key}: ssh-keygen does not sign: {told[-1] if told else 'it gives no reason'}. Name "
            "a private key, or the .pub file of one that the SSH agent holds"
        )
    try:
        (signature,) = read_signatures(done.stdout.decode("ascii"))
    except (SigningError, ValueError) as error:
        raise SigningError(
            f"{key}: its signature cannot be used: {error}. `ssh-keygen -t ed25519` makes a key "
            "that can"
        ) from error
    if not signature.covers(statement, SIGNATURE_NAMESPACE):
        raise SigningError(f"{key}: the signature does not fit what was signed. Try again")
    return signature


def add_signature(folder: Path, version: RunbookVersion, signature: Signature) -> Path:
    """Put a signature beside a runbook; what others signed of an earlier content goes.

    Raises:
        SigningError: It cannot be written, or there are too many already.
    """
    message = version.statement().encode()
    try:
        earlier = read_signature_file(folder)
    except RunbookError as mistake:
        typer.echo(f"{mistake} It is replaced.", err=True)
        earlier = []
    kept = [
        each
        for each in earlier
        if each.key != signature.key and each.covers(message, SIGNATURE_NAMESPACE)
    ]
    if len(kept) >= MOST_SIGNATURES:
        raise SigningError(f"{folder}: it has {len(kept)} signatures already. Remove some")
    return write_signature_file(folder, [*kept, signature])


def _load(paths: Sequence[Path]) -> list[tuple[Path, LoadedRunbook]]:
    """The runbooks below some paths, before anything is done with the first of them.

    Raises:
        RunbookError: One has a mistake.
        ConfigurationError: There is none.
    """
    return [(folder, load_runbook(folder)) for folder in find_runbook_folders(paths)]

"""`airmend runbook` and `airmend lint` with OpenSSH's own ssh-keygen on the other side."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from airmend.cli import main
from airmend.errors import RunbookError
from airmend.openssh.keys import read_public_key
from airmend.openssh.signatures import read_signatures
from airmend.runbook.catalog import load_runbook
from airmend.runbook.model import SIGNATURE_NAMESPACE
from airmend.runbook.signature_file import SIGNATURE_FILE, read_signature_file
from airmend.settings import get_settings
from tests.runbook_folders import write_runbook
from tests.ssh_keys import (
    ELLEN_256,
    ELLEN_521,
    EVERY_KIND,
    MALLORY,
    OLGA,
    PETER,
    RITA,
    Person,
    trust,
)

Command = Callable[..., Result]


@pytest.fixture
def runbooks(tmp_path: Path) -> Path:
    write_runbook(tmp_path / "runbooks")
    return tmp_path / "runbooks"


@pytest.fixture
def folder(runbooks: Path) -> Path:
    return runbooks / "service-down"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    write_policy(path, OLGA, PETER)
    return path


@pytest.fixture
def airmend(runbooks: Path, policy: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    monkeypatch.setenv("AIRMEND_RUNBOOKS_DIR", str(runbooks))
    monkeypatch.setenv("AIRMEND_SENDERS_DIR", str(runbooks / "none"))
    monkeypatch.setenv("AIRMEND_POLICY_FILE", str(policy))
    get_settings.cache_clear()
    yield lambda *words: CliRunner().invoke(main.app, list(map(str, words)))
    get_settings.cache_clear()


def write_policy(path: Path, *people: Person, rule: str = "required") -> None:
    part = {"signatures": rule, "trusted_keys": trust(*people)}
    path.write_text(yaml.safe_dump({"runbooks": part}))


def key_of(person: Person, folder: Path) -> Path:
    """The person's private key as a file, as ssh-keygen wants it."""
    path = folder / f"id_{person.name}"
    path.write_bytes(person.private_file)
    path.chmod(0o600)
    return path


def keygen(*words: str | Path, given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ssh-keygen", *map(str, words)], input=given, capture_output=True, text=True, check=False
    )


# --- Against OpenSSH ------------------------------------------------------------------------


@pytest.mark.parametrize("person", EVERY_KIND, ids=lambda person: person.kind)
def test_openssh_accepts_what_the_tests_make_and_what_is_kept(
    person: Person, tmp_path: Path
) -> None:
    signers, kept = tmp_path / "signers", tmp_path / "kept"
    signers.write_text(f"{person.name} {person.line}\n")
    (signature,) = read_signatures(person.sign(b"text\n"))
    kept.write_text(str(signature))
    words = ("-Y", "verify", "-f", signers, "-I", person.name, "-n", SIGNATURE_NAMESPACE)
    done = keygen(*words, "-s", kept, given="text\n")
    assert done.returncode == 0, done.stderr
    assert signature.key.fingerprint in done.stdout
    assert keygen(*words, "-s", kept, given="text").returncode != 0


def test_openssh_accepts_rsa_with_the_shorter_hash_as_we_do(tmp_path: Path) -> None:
    signers, kept = tmp_path / "signers", tmp_path / "kept"
    signers.write_text(f"rita {RITA.line}\n")
    kept.write_text(RITA.sign(b"text\n", algorithm="rsa-sha2-256"))
    words = ("-Y", "verify", "-f", signers, "-I", "rita", "-n", SIGNATURE_NAMESPACE)
    assert keygen(*words, "-s", kept, given="text\n").returncode == 0


@pytest.mark.parametrize("hash_name", ["sha256", "sha512"])
@pytest.mark.parametrize(
    ("kind", "bits"),
    [("ed25519", 0), ("rsa", 3072), ("rsa", 4096), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521)],
)
def test_every_kind_of_key_that_openssh_makes_and_signs_with_counts_here(
    tmp_path: Path, kind: str, bits: int, hash_name: str
) -> None:
    path = tmp_path / "key"
    length = ("-b", str(bits)) if bits else ()
    keygen("-q", "-t", kind, *length, "-N", "", "-f", path, given="")
    words = ("-Y", "sign", "-n", SIGNATURE_NAMESPACE, "-O", f"hashalg={hash_name}", "-f", path)
    text = keygen(*words, given="text\n").stdout
    (signature,) = read_signatures(text)
    line = path.with_suffix(".pub").read_text()
    assert signature.key == read_public_key(line)
    assert signature.covers(b"text\n", SIGNATURE_NAMESPACE)
    assert not signature.covers(b"text", SIGNATURE_NAMESPACE)
    assert str(signature) == text
    assert signature.key.fingerprint in keygen("-l", "-f", f"{path}.pub", given="").stdout


def test_what_openssh_signs_elsewhere_counts_here(
    airmend: Command, folder: Path, tmp_path: Path
) -> None:
    statement = airmend("runbook", "statement", folder)
    assert statement.output == load_runbook(folder).version.statement()
    words = ("-Y", "sign", "-n", SIGNATURE_NAMESPACE, "-f", key_of(PETER, tmp_path))
    (folder / SIGNATURE_FILE).write_text(keygen(*words, given=statement.output).stdout)
    verified = airmend("runbook", "verify")
    assert verified.exit_code == 0
    assert f"is signed by peter ({PETER.fingerprint})" in verified.output


# --- The commands ---------------------------------------------------------------------------


def test_a_runbook_is_signed_with_an_openssh_key_and_verified(
    airmend: Command, folder: Path, tmp_path: Path
) -> None:
    unsigned = airmend("runbook", "verify", folder)
    assert unsigned.exit_code == 1
    assert "is not signed by a trusted key" in unsigned.output
    before = load_runbook(folder).version
    signed = airmend("runbook", "sign", folder, "--key", key_of(OLGA, tmp_path))
    assert signed.exit_code == 0, signed.output
    assert signed.output == (
        f"{folder / SIGNATURE_FILE}: service-down 1.0.0 (content {before.digest[:12]}) is signed "
        f"by {OLGA.fingerprint}, 'olga' in the policy\n"
    )
    assert load_runbook(folder).version == before, "the signature is no part of the digest"
    verified = airmend("runbook", "verify", folder)
    assert verified.exit_code == 0
    content = f"service-down 1.0.0 (content {before.digest[:12]})"
    assert verified.output == f"{content} is signed by olga ({OLGA.fingerprint})\n"


@pytest.mark.parametrize("person", [ELLEN_256, ELLEN_521, RITA], ids=lambda it: it.name)
def test_a_key_of_another_kind_signs_as_well(
    airmend: Command, folder: Path, policy: Path, tmp_path: Path, person: Person
) -> None:
    write_policy(policy, person)
    signed = airmend("runbook", "sign", folder, "--key", key_of(person, tmp_path))
    assert signed.exit_code == 0, signed.output
    assert (
        f"is signed by {person.name} ({person.fingerprint})" in airmend("runbook", "verify").output
    )
    assert airmend("lint").output == "1 runbook, no mistakes\n"


def test_several_people_sign_and_an_edit_leaves_only_new_signatures(
    airmend: Command, folder: Path, tmp_path: Path
) -> None:
    for person in (OLGA, PETER, OLGA):
        airmend("runbook", "sign", folder, "--key", key_of(person, tmp_path))
    assert signers_of(folder) == [PETER.fingerprint, OLGA.fingerprint]
    playbook = folder / "playbooks/restart.yml"
    playbook.write_text(playbook.read_text() + "# more\n")
    edited = airmend("runbook", "verify")
    assert edited.exit_code == 1
    assert "is for something else" in edited.output
    airmend("runbook", "sign", folder, "--key", key_of(PETER, tmp_path))
    assert signers_of(folder) == [PETER.fingerprint]
    assert airmend("runbook", "verify").exit_code == 0


def test_whoever_signs_is_told_that_nobody_trusts_the_key(
    airmend: Command, folder: Path, tmp_path: Path
) -> None:
    signed = airmend("runbook", "sign", folder, "--key", key_of(MALLORY, tmp_path))
    assert "whom nobody trusts yet" in signed.output
    assert f"NAME: {MALLORY.line.rpartition(' ')[0]}" in signed.output
    assert airmend("runbook", "verify").exit_code == 1


def test_a_file_of_signatures_that_cannot_be_read_is_replaced_and_told(
    airmend: Command, folder: Path, tmp_path: Path
) -> None:
    (folder / SIGNATURE_FILE).write_text("signed by olga")
    verified = airmend("runbook", "verify")
    assert verified.exit_code == 1
    assert verified.output.startswith(f"{folder / SIGNATURE_FILE}: it does not begin with")
    signed = airmend("runbook", "sign", folder, "--key", key_of(OLGA, tmp_path))
    assert "It is replaced" in signed.stderr
    assert airmend("runbook", "verify").exit_code == 0


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("missing", "ssh-keygen does not sign: "),
        ("no key", "ssh-keygen does not sign: "),
        ("short", "its signature cannot be used: signature 1 cannot be used: its RSA key has 2048"),
        ("public", "ssh-keygen does not sign: "),
    ],
)
def test_a_key_that_cannot_sign_is_one_line_and_leaves_no_file(
    airmend: Command, folder: Path, tmp_path: Path, kind: str, why: str
) -> None:
    path = tmp_path / "key"
    if kind == "no key":
        path.write_text("no key\n")
        path.chmod(0o600)
    elif kind == "short":
        keygen("-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", path, given="")
    elif kind == "public":
        path = tmp_path / "key.pub"
        path.write_text(OLGA.line + "\n")
    result = airmend("runbook", "sign", folder, "--key", path)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"airmend: {path}: {why}")
    assert len(result.stderr.splitlines()) == 1
    assert not (folder / SIGNATURE_FILE).exists()


def test_a_runbook_with_a_mistake_is_not_signed_and_neither_is_its_neighbour(
    airmend: Command, runbooks: Path, tmp_path: Path
) -> None:
    write_runbook(runbooks, id="wrong", title=5)
    result = airmend("runbook", "sign", runbooks, "--key", key_of(OLGA, tmp_path))
    assert result.exit_code == 1
    assert "'title' must be text" in result.stderr
    assert list(runbooks.glob(f"*/{SIGNATURE_FILE}")) == []


# --- The lint -------------------------------------------------------------------------------


def test_the_lint_calls_an_unsigned_runbook_a_mistake_where_signatures_are_required(
    airmend: Command, folder: Path, tmp_path: Path
) -> None:
    result = airmend("lint")
    assert result.exit_code == 1
    assert result.output == (
        f"{folder / SIGNATURE_FILE}: the runbook is not signed by a trusted key, and the policy "
        "requires it. Sign it with `airmend runbook sign`.\n1 runbook, 1 mistake\n"
    )
    airmend("runbook", "sign", folder, "--key", key_of(OLGA, tmp_path))
    assert airmend("lint").output == "1 runbook, no mistakes\n"


def test_the_lint_warns_where_they_are_optional_and_is_silent_where_no_key_is_trusted(
    airmend: Command, folder: Path, policy: Path
) -> None:
    write_policy(policy, OLGA, rule="optional")
    result = airmend("lint", folder)
    assert result.exit_code == 0
    assert result.output == (
        f"warning: {folder / SIGNATURE_FILE}: the runbook is not signed by a trusted key. Sign it "
        "with `airmend runbook sign`.\n1 runbook, no mistakes\n"
    )
    write_policy(policy, rule="optional")
    assert airmend("lint", folder).output == "1 runbook, no mistakes\n"


def test_the_lint_calls_an_unreadable_file_a_mistake_whatever_the_policy_says(
    airmend: Command, folder: Path, policy: Path
) -> None:
    policy.write_text("{}")
    (folder / SIGNATURE_FILE).write_text("x")
    result = airmend("lint")
    assert result.exit_code == 1
    assert f"{folder / SIGNATURE_FILE}: it does not begin with a whole SSH sig" in result.output


def test_a_policy_with_a_mistake_is_told_and_hides_no_mistake_of_a_runbook(
    airmend: Command, runbooks: Path, policy: Path
) -> None:
    policy.write_text("runbooks:\n  trusted_keys: {olga: ssh-rsa AAAA}\n")
    write_runbook(runbooks, id="wrong", title=5)
    result = airmend("lint")
    assert result.exit_code == 1
    assert f"{policy}:2: " in result.output
    assert "'olga': 'ssh-rsa AAAA' is not a public key that can be used" in result.output
    assert "'title' must be text" in result.output


def test_a_pipe_in_the_place_of_the_file_holds_nobody_up(folder: Path) -> None:
    os.mkfifo(folder / SIGNATURE_FILE)
    with pytest.raises(RunbookError, match="not a regular file"):
        read_signature_file(folder)


def signers_of(folder: Path) -> list[str]:
    return [each.key.fingerprint for each in read_signature_file(folder)]


def test_the_keys_of_these_tests_are_those_of_openssh(tmp_path: Path) -> None:
    shown = keygen("-y", "-f", key_of(OLGA, tmp_path), given="").stdout
    assert read_public_key(shown) == read_public_key(OLGA.line)

"""Secrets are made once, kept private, and never guessed."""

from __future__ import annotations

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from airmend.cli.secret_files import keep_passwords, keep_secret, new_fernet_key, new_token
from airmend.errors import ConfigurationError


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "secrets/token"
    first = keep_secret(path, new_token)
    assert keep_secret(path, new_token) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_whoever_comes_second_gets_the_first_ones_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = list(pool.map(lambda _: keep_secret(tmp_path / "token", new_token), range(16)))
    assert len(set(secrets)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_an_empty_secret_is_an_error_not_a_password(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ConfigurationError, match="it is empty"):
        keep_secret(tmp_path / "token", new_token)


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="file"):
        keep_secret(tmp_path / "file/token", new_token)


def test_a_fernet_key_is_32_bytes() -> None:
    assert len(base64.urlsafe_b64decode(new_fernet_key())) == 32


def test_users_keep_their_passwords_when_one_is_added(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    before = keep_passwords(path, ["ann"])
    after = keep_passwords(path, ["ann", "bob"])
    assert after["ann"] == before["ann"]
    assert len(after["bob"]) >= 16
    assert json.loads(path.read_text()) == after
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["[]", "no json", '"text"'])
def test_a_password_file_of_another_form_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "passwords.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="not a JSON object"):
        keep_passwords(path, ["ann"])

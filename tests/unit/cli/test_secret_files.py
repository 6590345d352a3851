"""Secrets are made once, kept private, and never guessed."""

from __future__ import annotations

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from airmend.cli.secret_files import (
    keep_hook_extra,
    keep_passwords,
    keep_secret,
    new_fernet_key,
    new_token,
)
from airmend.errors import ConfigurationError
from airmend.incident.proofs import SCHEMES, SIGNERS, parse_secrets


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


class TestHookExtra:
    """What an alert source takes beside tokens and keys."""

    def test_it_is_made_once_and_can_be_used(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets/hook-x.json"
        extra = keep_hook_extra(path, SCHEMES)
        assert keep_hook_extra(path, SCHEMES) == extra
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        known = parse_secrets("", extra)
        for proof in set(SIGNERS) - {"bearer"}:
            assert SCHEMES[proof].is_set(known)
        assert SCHEMES["query_token"].is_set(known)
        assert known.topic_arns == ()

    def test_a_source_that_takes_nothing_else_gets_no_file(self, tmp_path: Path) -> None:
        path = tmp_path / "hook-x.json"
        assert keep_hook_extra(path, ["bearer", "standard_webhooks"]) == {}
        assert not path.exists()
        path.write_text('{"signing_secrets": ["mine"]}')
        assert keep_hook_extra(path, ["bearer"]) == {"signing_secrets": ["mine"]}

    @pytest.mark.parametrize(
        "text", ["[]", "no json", '{"misspelt": ["secret"]}', '{"signing_secrets": ["secret", 1]}']
    )
    def test_a_file_that_cannot_be_used_is_named_and_not_shown(
        self, tmp_path: Path, text: str
    ) -> None:
        path = tmp_path / "hook-x.json"
        path.write_text(text)
        with pytest.raises(
            ConfigurationError, match=r"hook-x\.json: .*Correct or remove"
        ) as caught:
            keep_hook_extra(path, ["hub"])
        assert '"secret"' not in str(caught.value)

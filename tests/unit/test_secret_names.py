"""Names that promise a secret, and names that only look like it."""

from __future__ import annotations

import pytest

from airmend.secret_names import looks_secret


@pytest.mark.parametrize("name", ["db_password", "apiKey", "VAULT_TOKEN", "my.secret", "dsn"])
def test_names_of_secrets_are_known(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["port", "key", "compass", "PWD", "author", "tls_key_file"])
def test_other_names_are_not_secret(name: str) -> None:
    assert not looks_secret(name)

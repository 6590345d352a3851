"""`scripts/make-env.sh` makes every secret that docker-compose.yml asks for, once."""

from __future__ import annotations

import base64
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values

from airmend.incident.proofs import parse_secrets

ROOT = Path(__file__).parents[2]
SETTINGS = {"AIRMEND_BASE_URL", "AIRMEND_ADDRESS", "AIRMEND_PORT", "AIRMEND_ADMIN_USER"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/make-env.sh", tmp_path / "scripts")
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(checkout / "scripts/make-env.sh"), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def read(checkout: Path) -> dict[str, str]:
    return {name: value or "" for name, value in dotenv_values(checkout / ".env").items()}


def test_it_makes_exactly_what_compose_asks_for(checkout: Path) -> None:
    assert make(checkout).returncode == 0
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(read(checkout)) == set(re.findall(r"\$\{(\w+):\?", text))


def test_only_its_owner_can_read_it(checkout: Path) -> None:
    make(checkout)
    assert stat.S_IMODE((checkout / ".env").stat().st_mode) == 0o600


def test_every_secret_is_long_and_like_no_other(checkout: Path) -> None:
    make(checkout)
    first = read(checkout)
    (checkout / ".env").unlink()
    make(checkout)
    second = read(checkout)
    secrets = [first[name] for name in first if name not in SETTINGS]
    secrets += [second[name] for name in second if name not in SETTINGS]
    assert len(set(secrets)) == len(secrets) == 2 * (len(first) - len(SETTINGS))
    assert min(map(len, secrets)) >= 24


def test_the_secrets_have_the_form_that_each_reader_wants(checkout: Path) -> None:
    make(checkout)
    values = read(checkout)
    assert len(base64.urlsafe_b64decode(values["AIRFLOW_FERNET_KEY"])) == 32
    assert len(values["AIRFLOW_JWT_SECRET"]) >= 64  # bytes, as Airflow's signature wants
    for name, value in values.items():
        if name.startswith("AIRMEND_HOOK_"):
            known = parse_secrets(value)
            assert len(known.bearer) == len(known.hmac) == 1
            assert not set(value) & set('"\\$')  # it stands in JSON, where compose fills it in
        elif name.endswith("_PASSWORD"):
            assert re.fullmatch(r"[A-Za-z0-9_-]+", value), f"{name} stands in a URL"


def test_nothing_secret_is_printed(checkout: Path) -> None:
    done = make(checkout)
    printed = done.stdout + done.stderr
    for name, value in read(checkout).items():
        assert name in SETTINGS or value not in printed


def test_it_never_writes_over_an_env_file(checkout: Path) -> None:
    (checkout / ".env").write_text("MINE=1\n")
    done = make(checkout)
    assert done.returncode == 1
    assert ".env is there already" in done.stderr
    assert (checkout / ".env").read_text() == "MINE=1\n"


def test_after_an_upgrade_it_adds_what_is_missing_and_changes_nothing_else(checkout: Path) -> None:
    make(checkout)
    before = read(checkout)
    lines = (checkout / ".env").read_text().splitlines()
    kept = [line for line in lines if not line.startswith("AIRMEND_HOOK_GENERIC=")]
    (checkout / ".env").write_text("\n".join(kept) + "\n")
    assert "AIRMEND_HOOK_GENERIC" in make(checkout, "--add").stdout
    after = read(checkout)
    assert after.pop("AIRMEND_HOOK_GENERIC") != before.pop("AIRMEND_HOOK_GENERIC")
    assert after == before


def test_adding_to_a_file_whose_last_line_does_not_end_spoils_no_value(checkout: Path) -> None:
    (checkout / ".env").write_text(
        "AIRMEND_BASE_URL=http://a\nAIRMEND_ADDRESS=::1\nAIRMEND_ADMIN_USER=anna"
    )
    make(checkout, "--add")
    assert read(checkout)["AIRMEND_ADMIN_USER"] == "anna"
    assert read(checkout)["AIRMEND_PORT"] == "8080"


@pytest.mark.parametrize("argument", ["--add", "--force"])
def test_wrong_use_makes_nothing(checkout: Path, argument: str) -> None:
    assert make(checkout, argument).returncode == 1
    assert not (checkout / ".env").exists()

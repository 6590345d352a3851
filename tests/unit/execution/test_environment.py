from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from airmend.errors import ConfigurationError
from airmend.execution.environment import ansible_environment, find_ansible
from airmend.settings import get_settings


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.parametrize(
    "name",
    [
        *("AIRFLOW_CONN_DB", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__FERNET_KEY"),
        *("AIRMEND_DATABASE_URL", "POSTGRES_PASSWORD", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH"),
    ],
)
def test_secrets_of_this_process_are_not_passed_on(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "s3cr3t")

    assert name not in ansible_environment()


@pytest.mark.parametrize("name", ["PATH", "HOME", "LC_ALL", "SSH_AUTH_SOCK", "ANSIBLE_ROLES_PATH"])
def test_what_ansible_needs_is_passed_on(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "value")

    assert ansible_environment()[name] == "value"


def test_the_operator_can_name_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "estate")
    monkeypatch.setenv("AIRMEND_ANSIBLE_ENVIRONMENT", "CLOUD, AWS_PROFILE")

    assert ansible_environment()["AWS_PROFILE"] == "estate"


def test_output_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_FORCE_COLOR", "1")

    given = ansible_environment()

    assert given["ANSIBLE_NOCOLOR"] == "1"
    assert "ANSIBLE_FORCE_COLOR" not in given


def test_the_installations_own_config_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ANSIBLE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    assert "ANSIBLE_CONFIG" not in ansible_environment()

    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    assert ansible_environment()["ANSIBLE_CONFIG"] == str(tmp_path / "ansible.cfg")

    monkeypatch.setenv("ANSIBLE_CONFIG", "/etc/site.cfg")
    assert ansible_environment()["ANSIBLE_CONFIG"] == "/etc/site.cfg"


def test_a_config_that_anybody_can_write_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ANSIBLE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    tmp_path.chmod(0o777)

    assert "ANSIBLE_CONFIG" not in ansible_environment()


def test_a_program_beside_this_python_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "ansible-playbook"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    assert find_ansible("ansible-playbook") == str(program)


def test_a_missing_ansible_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigurationError, match="Install ansible-core"):
        find_ansible("ansible-playbook")

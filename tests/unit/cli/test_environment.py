"""The environment of the local Airflow: complete, private, and its own."""

from __future__ import annotations

import json
import re
import shlex
import stat
import subprocess
from pathlib import Path

import pytest

from airmend.cli.environment import (
    USERS,
    airflow_environment,
    find_project,
    hook_secret,
    passwords_file,
    read_airflow_settings,
    read_port,
)
from airmend.errors import ConfigurationError
from airmend.incident.proofs import SCHEMES, parse_secrets
from airmend.incident.sources import accepted_proofs, source_names, use_senders

PROJECT = Path(__file__).parents[3]


def make(
    home: Path,
    environ: dict[str, str] | None = None,
    port: int = 8123,
    overrides: dict[str, str] | None = None,
) -> dict[str, str]:
    return airflow_environment(
        PROJECT, home=home, port=port, environ=environ or {}, overrides=overrides
    )


def test_the_shipped_settings_say_why_above_each_value() -> None:
    lines = (PROJECT / "config/airflow.env").read_text().splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if line and not line.startswith("#"):
            assert re.fullmatch(r"AIRFLOW__[A-Z_]+__[A-Z_]+=\S.*", line)
            assert before.startswith("# "), f"no reason above {line}"


def test_the_shipped_settings_read_the_same_for_docker_compose() -> None:
    for line in (PROJECT / "config/airflow.env").read_text().splitlines():
        if not line.startswith("#"):
            assert not re.search(r"\$|^export |^\s+\S|[^\"]\s#", line), line


def test_a_setting_without_a_value_is_named(tmp_path: Path) -> None:
    path = tmp_path / "airflow.env"
    path.write_text("AIRFLOW__CORE__PARALLELISM\n")
    with pytest.raises(ConfigurationError, match="'AIRFLOW__CORE__PARALLELISM' has no value"):
        read_airflow_settings(path)
    with pytest.raises(ConfigurationError, match="there is no such file"):
        read_airflow_settings(tmp_path / "gone.env")


def test_everything_is_written_below_the_home(tmp_path: Path) -> None:
    environment = make(tmp_path / "home")
    home = str(tmp_path / "home")
    for name in (
        "AIRMEND_HOME",
        "AIRFLOW_HOME",
        "ANSIBLE_HOME",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
    ):
        assert environment[name].startswith(home), name
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith(f"sqlite:///{home}/")
    assert "HOME" not in environment


def test_paths_are_absolute_whatever_folder_a_process_has(tmp_path: Path) -> None:
    environment = make(
        tmp_path, {"AIRMEND_RUNBOOKS_DIR": "my-runbooks", "AIRMEND_POLICY_FILE": "/etc/policy.yaml"}
    )
    assert environment["AIRMEND_RUNBOOKS_DIR"] == str(PROJECT / "my-runbooks")
    assert environment["AIRMEND_DAGS_DIR"] == str(PROJECT / "dags")
    assert environment["AIRMEND_POLICY_FILE"] == "/etc/policy.yaml"
    assert "AIRMEND_TOPOLOGY_FILE" not in environment


def test_another_airflow_of_the_shell_is_left_alone(tmp_path: Path) -> None:
    environment = make(
        tmp_path,
        {
            "AIRFLOW_HOME": "/elsewhere",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://production/airflow",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "echo postgresql://production/airflow",
            "AIRFLOW_CONN_AIRMEND_HOOK_GENERIC": "generic://:known@",
            "HOME": "/home/someone",
        },
    )
    assert "elsewhere" not in str(environment)
    assert "production" not in str(environment)
    assert "known" not in environment["AIRFLOW_CONN_AIRMEND_HOOK_GENERIC"]
    assert environment["HOME"] == "/home/someone"


def test_the_database_of_airflow_can_be_chosen(tmp_path: Path) -> None:
    url = "postgresql+psycopg2://airflow@db/airflow"
    environment = make(tmp_path, {"AIRMEND_AIRFLOW_DATABASE_URL": url})
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == url
    assert "AIRMEND_AIRFLOW_DATABASE_URL" not in environment


def test_a_setting_that_is_not_valid_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"AIRMEND_HOME": "/ignored", "AIRMEND_BASE_URL": "http://ops.example/airflow/"}
    environment = make(tmp_path, environ)
    assert environment["AIRMEND_HOME"] == str(tmp_path)
    assert environment["AIRFLOW__API__BASE_URL"] == "http://ops.example/airflow/"
    assert (
        environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
        == "http://127.0.0.1:8123/airflow/execution/"
    )


def test_a_proxy_is_not_asked_for_this_machine(tmp_path: Path) -> None:
    environment = make(tmp_path, {"no_proxy": "intranet", "https_proxy": "http://proxy"})
    assert environment["no_proxy"] == environment["NO_PROXY"] == "intranet,localhost,127.0.0.1"


def test_no_two_installations_share_a_secret(tmp_path: Path) -> None:
    one, other = make(tmp_path / "one"), make(tmp_path / "other")
    for folder in ("one", "other"):
        files = list((tmp_path / folder / "secrets").iterdir())
        assert len([path for path in files if path.suffix != ".json"]) == 3 + len(source_names())
        for path in files:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for private in (tmp_path / folder, tmp_path / folder / "secrets"):
            assert stat.S_IMODE(private.stat().st_mode) == 0o700
    for name in one:
        if name.startswith("AIRFLOW_CONN_"):
            assert one[name] != other[name]
    for path in (tmp_path / "one/secrets").iterdir():
        assert path.read_text() != (tmp_path / "other/secrets" / path.name).read_text()


def test_secrets_stay_the_same_from_start_to_start(tmp_path: Path) -> None:
    assert make(tmp_path) == make(tmp_path)
    passwords = json.loads(passwords_file(tmp_path).read_text())
    assert passwords.keys() == USERS.keys()
    make(tmp_path)
    assert json.loads(passwords_file(tmp_path).read_text()) == passwords


def test_airflows_own_secrets_are_not_in_the_environment_of_playbooks(tmp_path: Path) -> None:
    home = tmp_path / "a home; with 'quotes'"
    environment = make(home)
    for name, path in (
        ("AIRFLOW__API_AUTH__JWT_SECRET", "jwt-secret"),
        ("AIRFLOW__CORE__FERNET_KEY", "fernet-key"),
    ):
        secret = (home / "secrets" / path).read_text()
        assert len(secret.strip()) >= 44
        assert secret.strip() not in str(environment)
        told = subprocess.run(  # as Airflow does it
            shlex.split(environment[f"{name}_CMD"]), capture_output=True, text=True, check=True
        )
        assert told.stdout == secret


def test_every_alert_source_gets_a_token_and_a_signing_key(tmp_path: Path) -> None:
    environment = make(tmp_path)
    for source in source_names():
        connection = json.loads(environment[f"AIRFLOW_CONN_AIRMEND_HOOK_{source.upper()}"])
        known = parse_secrets(connection["password"])
        assert (len(known.bearer), len(known.hmac)) == (1, 1)
        assert connection["password"] == hook_secret(tmp_path, source)


def test_an_alert_source_that_takes_other_proofs_gets_secrets_for_them(tmp_path: Path) -> None:
    environment = make(tmp_path)
    for source in source_names():
        connection = json.loads(environment[f"AIRFLOW_CONN_AIRMEND_HOOK_{source.upper()}"])
        known = parse_secrets(connection["password"], connection["extra"])
        for proof in set(accepted_proofs(source)) - {"sns"}:
            assert SCHEMES[proof].is_set(known), (source, proof)
        assert known.topic_arns == ()  # nobody knows them but the operator


def test_what_an_operator_writes_for_a_source_is_handed_over(tmp_path: Path) -> None:
    extra = {"signing_secrets": ["It's a Secret to Everybody"]}
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets/hook-generic.json").write_text(json.dumps(extra))
    connection = json.loads(make(tmp_path)["AIRFLOW_CONN_AIRMEND_HOOK_GENERIC"])
    assert connection["extra"] == extra


def test_a_sender_of_ones_own_gets_a_secret_too(tmp_path: Path) -> None:
    folder = tmp_path / "senders"
    folder.mkdir()
    (folder / "checkmk.yaml").write_text("alert: {name: alert.name, status: alert.status}\n")
    try:
        environment = make(tmp_path / "home", {"AIRMEND_SENDERS_DIR": str(folder)})
    finally:
        use_senders(None)
    assert environment["AIRMEND_SENDERS_DIR"] == str(folder)
    assert "AIRFLOW_CONN_AIRMEND_HOOK_CHECKMK" in environment


def test_overrides_come_last(tmp_path: Path) -> None:
    environment = make(tmp_path, overrides={"AIRFLOW__CORE__PARALLELISM": "2"})
    assert environment["AIRFLOW__CORE__PARALLELISM"] == "2"


@pytest.mark.parametrize(("text", "port"), [("", 8080), ("9000", 9000), ("65535", 65535)])
def test_the_port_is_read(text: str, port: int) -> None:
    assert read_port({"AIRMEND_PORT": text}) == port
    assert read_port({}) == 8080


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "80 80", "٣٣٣"])
def test_what_is_not_a_port_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a port"):
        read_port({"AIRMEND_PORT": text})


def test_the_checkout_is_found_from_a_folder_inside_it(tmp_path: Path) -> None:
    assert find_project(PROJECT / "tests/unit") == PROJECT
    with pytest.raises(ConfigurationError, match="Run it in a checkout"):
        find_project(tmp_path)

"""docker-compose.yml, the Dockerfile and what they read fit together and hold no secret."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from airmend.cli.environment import read_airflow_settings
from airmend.incident.sources import source_names
from airmend.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = "migrate"
LASTING = sorted(set(SERVICES) - {ONE_SHOT})
AIRFLOW = sorted(name for name, service in SERVICES.items() if "build" in service)
DOCKERFILE = (ROOT / "Dockerfile").read_text()

PINNED = re.compile(r"[a-z/.-]+:\d+\.\d+\.\d+(-[a-z]+)*|postgres:\d+\.\d+-[a-z]+")
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_]+)([^}]*)\}")
SECRET_NAME = re.compile(r"PASSWORD|SECRET|_KEY$|_CONN|_URL$|BACKEND|AIRMEND_HOOK")
NOT_SECRET = {"AIRMEND_BASE_URL", "AIRFLOW__API__BASE_URL", "EXECUTION_API_SERVER_URL"}


def environment(service: str) -> dict[str, str]:
    """What a service is told beside its env files; merge keys are resolved by the parser."""
    values: dict[str, str] = SERVICES[service].get("environment", {})
    return values


def test_it_is_the_system_that_the_documentation_names() -> None:
    lasting = {"postgres", "redis", "api-server", "scheduler", "dag-processor", "worker", "sealer"}
    assert set(LASTING) == lasting
    assert AIRFLOW == ["api-server", "dag-processor", "migrate", "scheduler", "sealer", "worker"]


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_is_checked_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] == "CMD-SHELL"
    assert service["restart"] == "unless-stopped"


def test_nothing_of_airflow_starts_before_the_databases_are_ready() -> None:
    assert SERVICES[ONE_SHOT]["restart"] == "no"
    assert SERVICES[ONE_SHOT]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    for name in set(AIRFLOW) - {ONE_SHOT}:
        waits = SERVICES[name]["depends_on"][ONE_SHOT]
        assert waits == {"condition": "service_completed_successfully"}, name


def test_every_image_is_of_one_version() -> None:
    for name, service in SERVICES.items():
        assert PINNED.fullmatch(service["image"]), name
    (base,) = re.findall(r"^ARG PYTHON_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert PINNED.fullmatch(base)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}


def test_our_image_has_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {SERVICES[name]["image"] for name in AIRFLOW} == {f"airmend:{version}"}


def test_no_variable_has_a_default() -> None:
    found = VARIABLE.findall(TEXT)
    assert len(found) > 15
    for name, rest in found:
        assert rest.startswith(":?"), f"{name} may be empty or has a default"


@pytest.mark.parametrize("name", SERVICES)
def test_every_secret_comes_from_the_env_file(name: str) -> None:
    for variable, value in environment(name).items():
        if SECRET_NAME.search(variable) and not variable.endswith(tuple(NOT_SECRET)):
            assert VARIABLE.search(value), f"{variable} is written out"
    assert "environment" in SERVICES[name]


@pytest.mark.parametrize("name", AIRFLOW)
def test_a_teams_settings_win_over_those_for_one_machine(name: str) -> None:
    assert SERVICES[name]["env_file"] == ["config/airflow.env", "config/team.env"]
    own = {*environment(name)} & {*read_airflow_settings(ROOT / "config/team.env")}
    assert not own, "said twice"


@pytest.mark.parametrize("file", ["airflow.env", "team.env"])
def test_settings_files_hold_no_secret_and_no_quotes_that_compose_would_keep(file: str) -> None:
    for name, value in read_airflow_settings(ROOT / "config" / file).items():
        assert not SECRET_NAME.search(name), name
        assert not value.startswith(("'", '"')), name
        assert "$" not in value, name
        if value.startswith(("{", "[")):
            json.loads(value)


@pytest.mark.parametrize("worker", ["worker", "sealer"])
def test_a_worker_knows_neither_airflows_database_nor_its_keys_nor_the_senders_secrets(
    worker: str,
) -> None:
    names = " ".join(environment(worker))
    for word in ("SQL_ALCHEMY_CONN", "FERNET", "JWT", "AIRFLOW_CONN", "ADMIN", "POSTGRES"):
        assert word not in names
    values = " ".join(environment(worker).values())
    for secret in ("AIRFLOW_DATABASE_PASSWORD", "AIRFLOW_JWT_SECRET", "AIRFLOW_FERNET_KEY"):
        assert secret not in values


def test_the_key_of_the_audit_log_is_a_volume_of_the_sealer_where_no_playbook_runs() -> None:
    home = re.findall(r"AIRMEND_HOME=(\S+)", DOCKERFILE)[0]
    folder = Settings(home=Path(home)).audit_key_path.parent.as_posix()
    holders = {
        (name, mount)
        for name, service in SERVICES.items()
        for mount in service.get("volumes", [])
        if mount.split(":")[1].startswith(folder) or mount.startswith("audit-key")
    }
    assert holders == {("sealer", f"audit-key:{folder}")}
    mounted = {mount.split(":")[1] for mount in SERVICES["sealer"]["volumes"]}
    assert not mounted & {"/opt/airmend/inventory", "/home/airmend/.ssh"}
    # a named volume begins with the owner and the rights of the folder in the image
    assert re.search(rf"--owner airmend --group airmend --mode 0700 \\\n +{folder} ", DOCKERFILE)
    assert "AUDIT_KEY" not in TEXT + DOCKERFILE
    assert "AUDIT_KEY" not in (ROOT / "scripts/make-env.sh").read_text()


def test_the_sealer_takes_what_is_to_be_sealed_and_nothing_else() -> None:
    command = SERVICES["sealer"]["command"]
    queue = read_airflow_settings(ROOT / "config/team.env")["AIRMEND_AUDIT_QUEUE"]
    assert command[command.index("--queues") + 1] == queue
    assert "--queues" not in SERVICES["worker"]["command"]  # they take Airflow's default queue


def test_only_the_api_server_holds_the_senders_secrets_and_it_holds_one_for_every_source() -> None:
    prefix = "AIRFLOW_CONN_AIRMEND_HOOK_"
    holders = {name for name in SERVICES if prefix in " ".join(environment(name))}
    assert holders == {"api-server"}
    connections = {
        name.removeprefix(prefix).lower(): json.loads(value)
        for name, value in environment("api-server").items()
        if name.startswith(prefix)
    }
    assert sorted(connections) == list(source_names())
    for source, connection in connections.items():
        assert connection["password"].startswith(f"${{AIRMEND_HOOK_{source.upper()}:?")


def test_only_the_api_server_has_a_door_and_the_databases_have_no_way_out() -> None:
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["api-server"]
    assert COMPOSE["networks"]["data"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["data"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_process_gains_privileges(name: str) -> None:
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    if name in AIRFLOW:
        assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert not SERVICES[name].get("privileged")
    assert "docker.sock" not in json.dumps(SERVICES[name])


def test_what_an_operator_writes_is_mounted_read_only() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    bound = [mount for mount in mounts if mount.startswith(".")]
    folders = {mount.split(":")[0] for mount in bound}
    assert folders == {"./runbooks", "./config", "./config/postgres", "./inventory", "./ssh"}
    assert all(mount.endswith(":ro") for mount in bound)


def test_every_named_volume_is_declared_and_used() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith(".")}
    assert named == set(COMPOSE["volumes"])


def test_every_database_that_is_named_is_made_with_a_role_of_its_own() -> None:
    script = (ROOT / "config/postgres/create_databases.sql").read_text()
    urls = re.findall(r"postgresql\+psycopg://(\w+):\$\{(\w+):\?[^}]*}@postgres:5432/(\w+)", TEXT)
    assert sorted(database for _, _, database in urls) == ["airflow", "airmend", "celery"]
    for role, password, database in urls:
        (name,) = re.findall(rf"\\getenv (\w+) {password}\n", script)
        assert f"CREATE ROLE {role} LOGIN PASSWORD :'{name}';" in script
        assert f"CREATE DATABASE {database} OWNER {role} " in script
        assert f"REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC;" in script
        assert password in environment("postgres")


@pytest.mark.parametrize("worker", ["worker", "sealer"])
def test_a_worker_imports_before_it_forks_what_exists(worker: str) -> None:
    settings = json.loads(environment(worker)["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])
    assert settings["imports"]
    for module in settings["imports"]:
        assert find_spec(module) is not None, module


def test_what_publishes_the_runbooks_can_ask_git_who_wrote_them() -> None:
    told = environment("dag-processor")
    assert (told["GIT_CONFIG_COUNT"], told["GIT_CONFIG_KEY_0"]) == ("1", "safe.directory")
    assert f"./runbooks:{told['GIT_CONFIG_VALUE_0']}:ro" in SERVICES["dag-processor"]["volumes"]
    assert re.search(r"apt-get install [^\n]*\bgit\b", DOCKERFILE)


def test_the_build_is_sent_only_what_is_named() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    assert not allowed & {".env", "ssh", "inventory", ".git", ".airmend", ".venv"}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for path in " ".join(copied).split():
        assert (ROOT / path).exists(), path
        assert path.split("/")[0] in allowed, path


def test_the_image_runs_as_an_account_without_rights() -> None:
    users = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)
    assert users == ["10001:10001"]

"""The environment of the local Airflow: what `airmend up`, the demo and the tests start it with.

Owns where everything lies below the home, who may log in, and which secrets there are. The
settings of Airflow itself, with their reasons, are in config/airflow.env.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import ValidationError

from airmend.cli.secret_files import (
    keep_hook_extra,
    keep_passwords,
    keep_secret,
    make_private_folder,
    new_fernet_key,
    new_hook_secrets,
    new_token,
)
from airmend.errors import ConfigurationError
from airmend.incident.sources import accepted_proofs, source_names, use_senders
from airmend.settings import Settings

AIRFLOW_SETTINGS = Path("config/airflow.env")

USERS = {"admin": "admin", "olivia": "op", "priya": "op", "victor": "viewer"}
"""Who may log in to the local Airflow, with their roles. Two operators, since whoever asked
for a change cannot approve it; a viewer reads reports and answers nothing."""

DEFAULT_PORT = 8080

HOOK_PREFIX = "AIRFLOW_CONN_AIRMEND_HOOK_"
"""Of the variables that hold the secrets of the alert sources; only the API server needs them."""

_NOT_INHERITED = ("AIRFLOW_", "_AIRFLOW_", "AIRMEND_AIRFLOW_")
_LOOPBACK = ("localhost", "127.0.0.1")


def find_project(start: Path) -> Path:
    """The checkout that a folder lies in.

    Raises:
        ConfigurationError: Neither the folder nor one above it is a checkout of Airmend.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / AIRFLOW_SETTINGS).is_file():
            return folder
    raise ConfigurationError(
        f"{start}: there is no {AIRFLOW_SETTINGS} here or above. Run it in a checkout of Airmend"
    )


def read_port(environ: Mapping[str, str]) -> int:
    """The port of Airflow's API server: AIRMEND_PORT, or 8080.

    Raises:
        ConfigurationError: It is not a port number.
    """
    text = environ.get("AIRMEND_PORT", "") or str(DEFAULT_PORT)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise ConfigurationError(
            f"AIRMEND_PORT={text!r} is not a port. Set it to a number from 1 to 65535"
        )
    return int(text)


def airflow_environment(
    project: Path,
    *,
    home: Path,
    port: int,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Everything that the processes of the local Airflow find in their environment.

    Secrets that are missing are made. AIRFLOW_* of the caller's shell are not taken over: they
    belong to another Airflow, and its database would be migrated.

    Args:
        project: The checkout.
        home: Folder for all that is written; made absolute.
        port: Where the API server listens.
        environ: The caller's environment; `os.environ` by default.
        overrides: Set last, over everything else; an empty dictionary changes nothing.

    Raises:
        ConfigurationError: An AIRMEND_* setting, config/airflow.env or a secret file cannot
            be used.
    """
    environ = os.environ if environ is None else environ
    home = home.resolve()
    settings = _airmend_settings(project, home, port, environ)
    use_senders(Path(settings["AIRMEND_SENDERS_DIR"]))  # they have secrets too
    return {
        **{name: value for name, value in environ.items() if not name.startswith(_NOT_INHERITED)},
        **read_airflow_settings(project / AIRFLOW_SETTINGS),
        **settings,
        **_places(project, home, environ),
        **_addresses(settings["AIRMEND_BASE_URL"], port, environ),
        **_accounts(home),
        **(overrides or {}),
    }


def read_airflow_settings(path: Path) -> dict[str, str]:
    """The variables of config/airflow.env, exactly as they stand there.

    Raises:
        ConfigurationError: The file is missing, or a line is not KEY=VALUE.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path}: there is no such file. Restore it from the repository")
    values = dotenv_values(path, interpolate=False)
    settings = {name: value for name, value in values.items() if value is not None}
    if broken := sorted(set(values) - set(settings)):
        raise ConfigurationError(f"{path}: '{broken[0]}' has no value. Write it as KEY=VALUE")
    return settings


def hook_secret(home: Path, source: str) -> str:
    """What senders of a source prove themselves with: a bearer token and a `whsec_` key.

    Returns:
        Both, separated by a space; made at the first call.

    Raises:
        ConfigurationError: The file cannot be used.
    """
    return keep_secret(hook_file(home, source), new_hook_secrets)


def hook_file(home: Path, source: str) -> Path:
    """Where the secrets of an alert source are."""
    return home.resolve() / "secrets" / f"hook-{source}"


def hook_extra(home: Path, source: str) -> dict[str, Any]:
    """What a source takes beside tokens and keys, from `hook-<source>.json`; made at first.

    Raises:
        ConfigurationError: The file cannot be used.
    """
    path = hook_file(home, source).with_name(f"hook-{source}.json")
    return keep_hook_extra(path, accepted_proofs(source))


def passwords_file(home: Path) -> Path:
    """Where the passwords of the local users are."""
    return home.resolve() / "secrets" / "passwords.json"


def _airmend_settings(
    project: Path, home: Path, port: int, environ: Mapping[str, str]
) -> dict[str, str]:
    """AIRMEND_*, with every path absolute, since each process has a folder of its own."""
    defaults = {name: field.get_default() for name, field in Settings.model_fields.items()}
    defaults["base_url"] = f"http://localhost:{port}"
    given = {
        name: environ.get(f"AIRMEND_{name.upper()}") or value for name, value in defaults.items()
    }
    given["home"] = str(home)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = f"AIRMEND_{first['loc'][0]}".upper()
        raise ConfigurationError(f"{name}: {first['msg']}. Set it to another value") from error
    values = {name: getattr(settings, name) for name in Settings.model_fields}
    return {
        f"AIRMEND_{name.upper()}": str(project / value if isinstance(value, Path) else value)
        for name, value in values.items()
        if value not in (None, "")
    }


def _places(project: Path, home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Folders and files: nothing is written outside the home."""
    airflow_home = home / "airflow"
    database = environ.get("AIRMEND_AIRFLOW_DATABASE_URL") or f"sqlite:///{airflow_home}/airflow.db"
    include = str(project / "include")
    path = [str(Path(sys.executable).parent), environ.get("PATH", os.defpath)]
    return {
        # ansible-playbook and the other programs of this environment come first
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": os.pathsep.join(filter(None, [include, environ.get("PYTHONPATH")])),
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(airflow_home / "bundles"),
        "ANSIBLE_HOME": str(home / "ansible"),
    }


def _addresses(base_url: str, port: int, environ: Mapping[str, str]) -> dict[str, str]:
    """How people, tasks and the components reach the API server."""
    root = urlsplit(base_url).path.rstrip("/")
    # a proxy of the company must not be asked for this machine
    direct = ",".join(filter(None, [environ.get("NO_PROXY"), environ.get("no_proxy"), *_LOOPBACK]))
    return {
        "NO_PROXY": direct,
        "no_proxy": direct,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": base_url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}{root}/execution/",
    }


def _accounts(home: Path) -> dict[str, str]:
    """Users and secrets.

    Airflow's own secrets are named by a command that prints them, so that they are not in the
    environment that local playbooks gather as facts.
    """
    make_private_folder(home)  # alerts and diffs are in the records
    folder = home / "secrets"
    secrets = {
        "AIRFLOW__API_AUTH__JWT_SECRET": ("jwt-secret", new_token),
        "AIRFLOW__API__SECRET_KEY": ("api-secret-key", new_token),
        "AIRFLOW__CORE__FERNET_KEY": ("fernet-key", new_fernet_key),
    }
    accounts = {}
    for variable, (name, make) in secrets.items():
        keep_secret(folder / name, make)
        accounts[f"{variable}_CMD"] = f"cat {shlex.quote(str(folder / name))}"
    for source in source_names():
        connection = {
            "conn_type": "generic",
            "password": hook_secret(home, source),
            "extra": hook_extra(home, source),
        }
        accounts[f"{HOOK_PREFIX}{source.upper()}"] = json.dumps(connection)
    keep_passwords(passwords_file(home), USERS)
    return {
        **accounts,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(map(":".join, USERS.items())),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(home)),
    }

"""What Ansible's processes are given of this process's environment, and where they are found.

Airflow's and Airmend's environment holds database passwords and keys; a playbook must not
be able to read them. So names are let through by a list, not kept out by one.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from pathlib import Path

from airmend.errors import ConfigurationError
from airmend.settings import get_settings

_PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TERM|VIRTUAL_ENV"
    r"|XDG_\w+|SSH_AUTH_SOCK|SSH_AGENT_PID|KRB5\w*|LD_LIBRARY_PATH"
    r"|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|(?:https?|no|all|ftp)_proxy|(?:HTTPS?|NO|ALL|FTP)_PROXY"
    r"|ANSIBLE_\w+"
)


def ansible_environment() -> dict[str, str]:
    """The environment of every Ansible process.

    Passed on are what a shell needs, `ANSIBLE_*`, and the names that the operator lists in
    AIRMEND_ANSIBLE_ENVIRONMENT (for instance `AWS_PROFILE` for a cloud inventory). An
    `ansible.cfg` in the folder where Airmend was started holds for every playbook, as it
    would by hand; Ansible itself only looks in the folder where it is started.
    """
    listed = {name.strip() for name in get_settings().ansible_environment.split(",")}
    environment = {
        name: value
        for name, value in os.environ.items()
        if _PASSED_ON.fullmatch(name) or name in listed
    }
    own_config = Path.cwd() / "ansible.cfg"
    # Ansible's own rule: in a folder that anybody can write to, a config is not believed
    if own_config.is_file() and not own_config.parent.stat().st_mode & stat.S_IWOTH:
        environment.setdefault("ANSIBLE_CONFIG", str(own_config))
    environment.pop("ANSIBLE_FORCE_COLOR", None)
    environment |= {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_NOCOWS": "1"}
    return environment


def find_ansible(name: str) -> str:
    """The path of one of Ansible's programs: beside this Python first, then on PATH.

    Raises:
        ConfigurationError: There is none.
    """
    beside = Path(sys.executable).parent / name
    if os.access(beside, os.X_OK):
        return str(beside)
    if found := shutil.which(name):
        return found
    raise ConfigurationError(
        f"the program '{name}' is neither in {beside.parent} nor on PATH. "
        "Install ansible-core into the environment that runs Airflow."
    )

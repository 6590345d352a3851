"""The Markdown that explains a runbook in Airflow."""

from __future__ import annotations

from airmend.runbook.explanation import explain_runbook
from tests.builders import make_runbook_version, runbook_document


def test_it_says_what_an_operator_wants_to_know() -> None:
    version = make_runbook_version()
    text = explain_runbook(version)
    for part in (
        "## Restart a service that stopped",
        "| Cause | The service's process ended and nothing started it again. |",
        "- `incident.labels.job == 'shop'`",
        "| `service` | `incident.labels.job` | name |",
        "| 1 | Restart the service | `playbooks/restart.yml` | 5 minutes | none |",
        "The host of the input `host`, within `web`; no host at all is an error.",
        "All steps together end within 10 minutes.",
        "A **standard** change",
        "Neither the requester nor an author (rita) may approve.",
        "No answer within 4 hours is a no.",
        "The shop answers: `http://{host.address}:8080/{inputs.service}` answers 200",
        "`playbooks/rollback.yml` brings the state before back",
        "- Find out why the process ended.",
        f"digest `{version.digest[:12]}`",
        "owned by platform-team",
    ):
        assert part in text


def test_a_normal_change_on_several_hosts_says_how_it_goes_about() -> None:
    change = {"type": "normal", "service": "shop", "canary": 1, "serial": 2, "privileged": True}
    text = explain_runbook(
        make_runbook_version(change=change, targets={"pattern": "web", "max_hosts": 9})
    )
    assert "A **normal** change: a person approves each run." in text
    assert "Hosts of `web`, at most 9 hosts" in text
    assert "First 1 host alone as a canary" in text
    assert "2 hosts at a time." in text
    assert "It uses privilege escalation." in text


def test_without_a_way_back_it_says_why() -> None:
    change = runbook_document()["change"] | {"irreversible": "Logs are gone for good."}
    text = explain_runbook(make_runbook_version(change=change, rollback=None))
    assert "There is no way back: Logs are gone for good." in text


def test_an_ansible_check_is_named_by_its_playbook() -> None:
    check = {"kind": "ansible", "name": "It runs", "playbook": "check.yml", "deadline_seconds": 90}
    text = explain_runbook(make_runbook_version(verify=[check]))
    assert "- It runs: `check.yml` succeeds, within 90 seconds." in text


def test_text_of_the_author_cannot_break_the_table_it_stands_in() -> None:
    error = runbook_document()["known_error"] | {"cause": "a | b\n\n| c"}
    inputs = runbook_document()["inputs"] | {
        "kind": {"type": "name", "from": "incident.name", "pattern": "a|`b`"}
    }
    text = explain_runbook(make_runbook_version(known_error=error, inputs=inputs))
    assert "| Cause | a \\| b \\| c |" in text
    assert "name, matches `` a\\|`b` ``" in text


def test_what_a_runbook_lacks_leaves_no_empty_heading() -> None:
    version = make_runbook_version(
        inputs={}, targets={"pattern": "web"}, report={"impact": "None yet."}
    )
    text = explain_runbook(version)
    assert "It takes from the incident" not in text
    assert "Left for a person" not in text
    assert "\n\n\n" not in text

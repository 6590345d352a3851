"""Evidence, named and linked."""

from __future__ import annotations

import pytest

from airmend.review.citations import cite_evidence, find_link, link_dag_run, link_task

BASE = "https://airflow.example:8080/"


def test_a_dag_run_is_linked_to_its_page_in_airflow() -> None:
    address = link_dag_run(BASE, "service-down", "airmend__a/../b:c+d")

    assert address == (
        "https://airflow.example:8080/dags/service-down/runs/airmend__a%2F..%2Fb%3Ac%2Bd"
    )


def test_a_task_is_linked_below_its_run() -> None:
    assert link_task(BASE, "d", "r", "verify") == (
        "https://airflow.example:8080/dags/d/runs/r/tasks/verify"
    )


def test_without_a_run_there_is_no_link() -> None:
    assert link_dag_run(BASE, "d", "") is None
    assert link_task(BASE, "d", "", "verify") is None


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        " https://a.example",
        "//a.example",
        "ftp://a.example",
        'https://a.example/"onmouseover="x',
        "https://a.example/<script>",
        "https://a.example/\nx",
    ],
)
def test_only_a_plain_web_address_becomes_a_link(address: str | None) -> None:
    assert find_link(address) is None


def test_known_evidence_comes_first_and_nothing_is_left_out() -> None:
    evidence = {"zebra": [1, 2], "task": "verify", "execution": 7, "dag_run": "r", "event": None}

    citations = cite_evidence(evidence, base_url=BASE, dag_id="d")

    assert [(cite.label, cite.value) for cite in citations] == [
        ("DAG run", "r"),
        ("task", "verify"),
        ("execution", "7"),
        ("zebra", "[1, 2]"),
    ]
    assert citations[0].link == "https://airflow.example:8080/dags/d/runs/r"


def test_an_address_from_outside_is_shown_and_linked_only_when_harmless() -> None:
    good, bad = (
        cite_evidence({"url": url}, base_url=BASE, dag_id="")[0]
        for url in ("https://prometheus.example/graph", "javascript:alert(1)")
    )

    assert good.link == good.value == "https://prometheus.example/graph"
    assert (bad.value, bad.link) == ("javascript:alert(1)", None)

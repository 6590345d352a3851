"""What every task needs is imported once, before the processes that run tasks are forked.

A task's process is a fork that would otherwise import 300 ms of modules for 50 ms of work, and
the first task of each worker seconds of Airflow's own. Called by the plugin when a component
of Airflow starts; nothing depends on it but speed.
"""

from __future__ import annotations

from contextlib import closing, suppress
from importlib import import_module
from socket import socket

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

from airmend.errors import AirmendError
from airmend.incident.rules import load_rules
from airmend.orchestration.change_run import name_owner
from airmend.orchestration.dag_rehearsal import rehearse_dag
from airmend.orchestration.services import open_records, utc_now
from airmend.records.rehearsal import rehearse
from airmend.review.rendering import compile_templates
from airmend.settings import get_settings

MODULES = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "airmend.execution.terminal",
    "airmend.orchestration.approval_sensor",
    "airmend.orchestration.asking",
    "airmend.orchestration.assessment",
    "airmend.orchestration.bundle",
    "airmend.orchestration.closing",
    "airmend.orchestration.composition",
    "airmend.orchestration.dag_builder",
    "airmend.orchestration.guarding",
    "airmend.orchestration.preflight",
    "airmend.orchestration.publication",
    "airmend.orchestration.repairing",
    "airmend.orchestration.rolling_back",
    "airmend.orchestration.sealing",
    "airmend.orchestration.tickets",
    "airmend.orchestration.upkeep",
    "airmend.orchestration.verifying",
    "airmend.runbook.catalog",
    "ansible_runner",
    "jinja2.ext",
    "pexpect",
)


def preload() -> None:
    """Import them, and make what every task would make again; forks share the memory."""
    for name in MODULES:
        import_module(name)
    _prepare_airflow()
    _prepare_records()
    rehearse_dag()
    compile_templates()


def _prepare_airflow() -> None:
    """What Airflow's task runner looks up or derives once in a process."""
    from airflow.sdk.execution_time.comms import CommsDecoder
    from airflow.sdk.listener import get_listener_manager

    get_listener_manager()
    with closing(socket()) as unused:
        CommsDecoder(socket=unused)


def _prepare_records() -> None:
    """The engine with its compiled statements, and all mappers: Airflow's own alone take 0.2 s.

    Records that cannot be used are the tasks' to complain about, not the scheduler's.
    """
    configure_mappers()
    with suppress(AirmendError, ValidationError, SQLAlchemyError, ImportError, OSError):
        database = open_records()
        with database.session() as session:
            rehearse(session, name=f"rehearsal {name_owner()}", at=utc_now())
            load_rules(session, utc_now(), get_settings().maintenance_dir)  # reads the calendars
        database.close()  # nothing is connected when the forks begin

"""What every task needs is imported once, before the processes that run tasks are forked.

A task's process is a fork that would otherwise import 300 ms of modules for 50 ms of work, and
the first task of each worker seconds of Airflow's own. Called by the plugin when a component
of Airflow starts; nothing depends on it but speed.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

MODULES = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "airmend.orchestration.assessment",
    "airmend.orchestration.bundle",
    "airmend.orchestration.closing",
    "airmend.orchestration.dag_builder",
    "airmend.orchestration.guarding",
    "airmend.orchestration.preflight",
    "airmend.orchestration.publication",
    "airmend.orchestration.repairing",
    "airmend.orchestration.rolling_back",
    "airmend.orchestration.verifying",
    "airmend.runbook.catalog",
    "ansible_runner",
    "pexpect",
)


def preload() -> None:
    """Import them, and make what every task would make again; forks share the memory."""
    for name in MODULES:
        import_module(name)
    _prepare_records()
    _prepare_reports()


def _prepare_records() -> None:
    """The engine without a connection, and all mappers: Airflow's own alone take 0.2 s.

    Settings that cannot be used are the tasks' to complain about, not the scheduler's.
    """
    from pydantic import ValidationError
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.orm import configure_mappers

    from airmend.orchestration.services import open_records

    with suppress(ValidationError, SQLAlchemyError, ImportError, OSError):
        open_records()
    configure_mappers()


def _prepare_reports() -> None:
    from airmend.review.rendering import compile_templates

    compile_templates()

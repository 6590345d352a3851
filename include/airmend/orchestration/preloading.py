"""What every task needs is imported once, before the processes that run tasks are forked.

A task's process is a fork that would otherwise import 300 ms of modules for 50 ms of work, and
the first task of each worker seconds of Airflow's own. Called by the plugin when a component
of Airflow starts; nothing depends on it but speed.
"""

from __future__ import annotations

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
    """Import them; forked processes share the memory."""
    for name in MODULES:
        import_module(name)

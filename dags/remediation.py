"""The remediation DAGs of Airflow: one a runbook, made by Airmend's DAG builder."""

from pathlib import Path

from airmend.orchestration.dag_builder import build_dags

globals().update(build_dags(Path(__file__).parent))

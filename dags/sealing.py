"""The Airflow DAG that seals the audit log: see airmend.orchestration.sealing."""

from airmend.orchestration.sealing import build_sealing_dag

sealing = build_sealing_dag()

"""The Airflow DAG that watches the learned risk model: see airmend.orchestration.risk_watch."""

from airmend.orchestration.risk_watch import build_risk_watch_dag

risk_watch = build_risk_watch_dag()

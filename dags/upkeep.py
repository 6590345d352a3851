"""The Airflow DAG that looks after what a crash left: see airmend.orchestration.upkeep."""

from airmend.orchestration.upkeep import build_upkeep_dag

upkeep = build_upkeep_dag()

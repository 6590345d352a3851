"""The Airflow DAG that keeps a ticket system in step: see airmend.orchestration.tickets."""

from airmend.orchestration.tickets import build_tickets_dag

tickets = build_tickets_dag()

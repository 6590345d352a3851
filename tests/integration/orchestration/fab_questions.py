"""Questions of a task in a real Airflow database, around Airflow's own function; see `fab_site`."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from airflow.api_fastapi.execution_api.datamodels.hitl import HITLDetailRequest
from airflow.api_fastapi.execution_api.routes.hitl import upsert_hitl_detail
from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.session import create_session
from airflow.utils.types import DagRunType

from airmend.orchestration.question_texts import QuestionTexts


def play(tries: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Put (`{"put": text}`) and answer (`{"answer": name}`) in each try; see `fab_site`."""
    run_id, states = f"run-{uuid4()}", []
    _make_task(run_id)
    for number, steps in enumerate(tries):
        if number:
            _begin_next_try(run_id)
        for step in steps:
            if "put" in step:
                _put(_task_id(run_id), step["put"])
            else:
                _answer(_task_id(run_id), step["answer"])
            states.append(_state(_task_id(run_id)))
    return states


def _make_task(run_id: str) -> None:
    dag_id, now = f"dag-{run_id}", datetime.now(UTC)
    with DAG(dag_id, schedule=None) as dag:
        EmptyOperator(task_id="approval")
    task = DagSerialization.from_dict(DagSerialization.to_dict(dag)).get_task("approval")
    with create_session(scoped=False) as session:
        session.add(DagBundleModel(name=dag_id))
        session.flush()
        session.add(DagModel(dag_id=dag_id, bundle_name=dag_id))  # type: ignore[no-untyped-call]
        session.flush()
        version = DagVersion.write_dag(dag_id=dag_id, bundle_name=dag_id, session=session)
        session.add(DagRun(dag_id=dag_id, run_id=run_id, run_type=DagRunType.MANUAL, run_after=now))
        session.flush()
        session.add(TaskInstance(task=task, run_id=run_id, dag_version_id=version.id))


def _task_id(run_id: str) -> UUID:
    with create_session(scoped=False) as session:
        found: UUID = session.query(TaskInstance.id).filter_by(run_id=run_id).scalar()
    return found


def _begin_next_try(run_id: str) -> None:
    """As Airflow does between two tries: the old one goes to its history."""
    with create_session(scoped=False) as session:
        task = session.query(TaskInstance).filter_by(run_id=run_id).one()
        task.state = "running"
        task.prepare_db_for_next_try(session)


def _put(task: UUID, text: str) -> None:
    """As the task does, past the middleware to Airflow's function; only the login is left out."""
    body = json.dumps(
        {"ti_id": str(task), "options": ["Approve", "Reject"], "subject": text, "body": text}
    ).encode()

    async def airflow(scope: Any, receive: Any, send: Any) -> None:
        payload = HITLDetailRequest.model_validate_json((await receive())["body"])
        with create_session(scoped=False) as session:
            upsert_hitl_detail(task, payload, session)
        await send({"type": "http.response.start", "status": 201, "headers": []})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": f"/execution/hitlDetails/{task}"}
    asyncio.run(QuestionTexts(airflow)(scope, receive, send))


def _answer(task: UUID, name: str) -> None:
    """As Airflow's REST API does."""
    with create_session(scoped=False) as session:
        detail = session.get_one(HITLDetail, task)
        detail.responded_at = datetime.now(UTC)
        detail.responded_by = {"id": "1", "name": name}
        detail.chosen_options, detail.params_input = ["Approve"], {"comment": "fine"}


def _state(task: UUID) -> dict[str, Any]:
    with create_session(scoped=False) as session:
        detail = session.get_one(HITLDetail, task)
        return {
            "text": detail.subject,
            "by": (detail.responded_by or {}).get("name"),
            "chosen": detail.chosen_options,
            "comment": detail.params_input.get("comment"),
        }

"""Incidents and changes are told to a ticket system, once a minute, by a DAG of its own.

There is no such DAG where no ticket system is configured. Where one is, no repair waits for it:
this DAG reads the records, and its tasks have the lowest priority. While the ticket system is
away its runs succeed and say so in their log; `airmend tickets` shows what is left to tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from airflow.sdk import DAG, BaseOperator

from airmend.itsm.configuration import TicketPlan
from airmend.itsm.exchange import Answer, read_retry_after
from airmend.itsm.model import TicketKind
from airmend.orchestration.own_dags import make_own_dag
from airmend.settings import Settings, get_settings

if TYPE_CHECKING:
    from airflow.providers.http.hooks.http import HttpHook
    from airflow.sdk import Context

    from airmend.itsm.sync import Sync

LOWEST_PRIORITY = -100
"""Airflow starts the tasks of a repair before this one, where not all have room."""


class HookHttp:
    """Requests through Airflow's HTTP provider; see `itsm.exchange.Http`.

    Address, login and headers are those of the connection. What it answers is not logged.

    Args:
        connection: The id of an Airflow connection of type HTTP.
        timeout_seconds: For the connection, and for each part of the answer.
    """

    def __init__(self, connection: str, timeout_seconds: float) -> None:
        self._connection, self._timeout_seconds = connection, timeout_seconds

    def base_url(self) -> str:
        """The address of the connection.

        Raises:
            ConfigurationError: There is no such connection, or it cannot be read.
        """
        hook = self._hook("GET")
        return str(hook.base_url)

    def _hook(self, method: str) -> HttpHook:
        from airflow.providers.http.hooks.http import HttpHook
        from airflow.sdk.exceptions import AirflowException

        from airmend.errors import ConfigurationError

        hook = HttpHook(method=method, http_conn_id=self._connection)
        try:
            hook.get_conn()
        except (AirflowException, ValueError) as error:
            raise ConfigurationError(
                f"the connection {self._connection} of the ticket system cannot be used: "
                f"{type(error).__name__}. Make one of type HTTP with this id"
            ) from error
        return hook

    def __call__(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Send one request.

        Raises:
            TicketSystemAwayError: No answer; the request may have arrived.
            ConfigurationError: The connection cannot be used.
        """
        from requests import RequestException

        from airmend.errors import TicketSystemAwayError
        from airmend.orchestration.services import utc_now

        endpoint = path.lstrip("/") + (f"?{urlencode(query)}" if query else "")
        more = {} if body is None else {"json": dict(body)}
        options = {
            "check_response": False,  # the hook would log what was answered
            "allow_redirects": False,
            "timeout": self._timeout_seconds,
        }
        headers = {"Accept": "application/json"}
        hook = self._hook(method)
        try:
            response = hook.run(endpoint, headers=headers, extra_options=options, **more)
        except RequestException as error:
            # not its words: they may quote an address with a password in it
            raise TicketSystemAwayError(
                f"no answer to {method} {path}: {type(error).__name__}"
            ) from error
        content, is_json = None, True
        if response.content:
            try:
                content = response.json()
            except ValueError:
                is_json = False
        wait = read_retry_after(response.headers.get("Retry-After"), utc_now())
        return Answer(response.status_code, content, wait, is_json)


class SyncTicketsOperator(BaseOperator):
    """Tells the ticket system what the records say, as far as it comes."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Gives what was done: how many tickets were told, refused and busy, and what is away.

        Raises:
            ConfigurationError: The file or the connection of the ticket system cannot be used.
            StoreUnavailableError: The records cannot be used.
        """
        from dataclasses import asdict

        plan = read_ticket_plan(get_settings())
        return {} if plan is None else asdict(make_sync(plan, get_settings()).look())


def read_ticket_plan(settings: Settings) -> TicketPlan | None:
    """The file of the ticket system as it stands now; None where none is configured.

    Raises:
        ConfigurationError: It is named and cannot be used.
    """
    from airmend.change.document import read_document

    path = settings.tickets_file
    return read_document(path).validate(TicketPlan) if path else None


def make_sync(plan: TicketPlan, settings: Settings) -> Sync:
    """The sync of the system that a plan names.

    Raises:
        ConfigurationError: Its connection cannot be used.
    """
    from airmend.itsm.configuration import IncidentChoice
    from airmend.itsm.sync import Sync
    from airmend.itsm.system import make_system
    from airmend.orchestration.change_run import name_owner
    from airmend.orchestration.services import open_records, utc_now

    http = HookHttp(plan.connection, plan.timeout_seconds)
    kinds = {TicketKind.CHANGE} if plan.changes else set()
    if plan.incidents is IncidentChoice.ALL:
        kinds.add(TicketKind.INCIDENT)
    return Sync(
        database=open_records(),
        system=make_system(plan, http, plan.web_url or http.base_url()),
        kinds=kinds,
        base_url=settings.base_url,
        owner=name_owner(),
        now=utc_now,
    )


def build_tickets_dag() -> DAG | None:
    """The DAG `airmend-tickets`, once a minute, one run at a time; None where there is no file."""
    if get_settings().tickets_file is None:
        return None
    with make_own_dag(
        "tickets",
        description="Tells a ticket system what became of incidents and changes.",
        every=timedelta(minutes=1),
        doc=__doc__,
        tag="tickets",
    ) as dag:
        SyncTicketsOperator(
            task_id="sync_tickets",
            priority_weight=LOWEST_PRIORITY,
            weight_rule="absolute",
            execution_timeout=timedelta(minutes=5),
        )
    return dag

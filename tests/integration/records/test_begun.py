"""Changes under way, as the calendar and the risk see them."""

from __future__ import annotations

from datetime import timedelta

from airmend.change.model import ChangeStatus
from airmend.records.begun import list_begun
from airmend.records.changes import create_change, set_change_status
from airmend.records.database import Database
from airmend.records.incidents import create_incident
from airmend.records.runbooks import save_version
from airmend.records.starts import record_start
from tests.builders import AT, make_change, make_incident, make_runbook_version, make_target


def test_only_what_began_and_has_not_ended_is_under_way(database: Database) -> None:
    version = make_runbook_version(change={"type": "normal", "service": "shop"})
    with database.session() as session:
        save_version(session, version, b"", at=AT)
        create_incident(session, make_incident())
        for number in (1, 2, 3):
            change = make_change(
                id=f"CHG-{number}", run_id=f"run-{number}", targets=[make_target("web7")]
            )
            create_change(session, change.model_copy(update={"runbook_digest": version.digest}))
        for number in (1, 2):
            record_start(session, f"CHG-{number}", runbook_id="r", service="shop", at=AT)
        set_change_status(session, "CHG-2", ChangeStatus.CANCELLED, at=AT)
    with database.session() as session:
        (only,) = list_begun(session)
        assert (only.change.id, only.service, only.hosts) == ("CHG-1", "shop", ["web7"])
        assert only.length == timedelta(seconds=1800)
        assert list_begun(session, without="CHG-1") == []

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airmend.change.model import ChangeType
from airmend.itsm.configuration import ServiceNow
from airmend.itsm.model import Stage, TicketKind
from airmend.itsm.servicenow_states import CANCELED, CLOSED, PATHS, STATE_OF, next_columns
from tests.unit.itsm.builders import make_desired

OUTCOMES = {Stage.CLOSED: "succeeded", Stage.CANCELED: "rejected"}
STATES = ["-5", "-4", "-3", "-2", "-1", "0", "3", "4"]


@given(
    st.sampled_from(ChangeType), st.sampled_from(STATES), st.lists(st.sampled_from(list(STATE_OF)))
)
def test_no_order_of_wishes_sets_a_state_that_does_not_follow(
    change_type: ChangeType, state: str, stages: list[Stage]
) -> None:
    path = PATHS[change_type]
    for stage in stages:
        desired = make_desired(
            change_type=change_type,
            stage=stage,
            outcome=OUTCOMES.get(stage, ""),
            close_notes="why" if stage.is_end else "",
        )
        for _ in range(len(path) + 1):
            record = {"state": state, "approval": "not requested"}
            columns = next_columns(desired, record, ServiceNow(), None)
            if columns is None:
                break
            following = columns["state"]
            if following == CANCELED:
                assert state not in {"0", CLOSED, CANCELED}
            elif state in path:
                assert path.index(following) == path.index(state) + 1
            if following in {CLOSED, CANCELED}:
                assert columns["close_code"]
                assert columns["close_notes"]
            state = following
        else:
            raise AssertionError("it never comes to an end")
        if stage.is_end:
            assert state in {CLOSED, CANCELED}


def test_an_unknown_state_is_left_alone_until_the_end() -> None:
    record = {"state": "10", "approval": "not requested"}
    assert next_columns(make_desired(), record, ServiceNow(), None) is None
    desired = make_desired(stage=Stage.CLOSED, outcome="failed", close_notes="why")
    columns = next_columns(desired, record, ServiceNow(), None)
    assert columns == {"state": "3", "close_code": "unsuccessful", "close_notes": "why"}


def test_a_closed_incident_is_never_opened_again() -> None:
    desired = make_desired(kind=TicketKind.INCIDENT, stage=Stage.IN_PROGRESS, related="a" * 32)
    assert next_columns(desired, {"state": "7"}, ServiceNow(), Stage.RESOLVED) is None

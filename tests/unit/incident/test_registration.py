"""What an alert leads to: the table of decisions, and laws over any order of alerts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from airmend.change.model import ChangeStatus
from airmend.incident.answers import IncidentAnswer
from airmend.incident.model import Alert, AlertStatus, IncidentStatus, IntakeLimits
from airmend.records.model import FactKind
from tests.builders import AT, make_alert
from tests.unit.incident.world import Mute, World, by_service

MINUTE = timedelta(minutes=1)
OVER = AlertStatus.RESOLVED


def alert(name: str = "ServiceDown", *, service: str = "shop", **override: Any) -> Alert:
    """A firing alert without a start, known by name and service."""
    fields = {"fingerprint": f"{name}@{service}", "starts_at": None, "service": service}
    return make_alert(name=name, **(fields | override))


def fire(world: World, name: str = "ServiceDown", **override: Any) -> IncidentAnswer:
    """Let an alert fire."""
    return world.take(alert(name, **override))


def end(world: World, name: str = "ServiceDown", **override: Any) -> IncidentAnswer:
    """Let its sender say that it is over."""
    return world.take(alert(name, status=OVER, **override))


def test_a_test_message_is_kept_and_opens_nothing() -> None:
    world = World()
    assert fire(world, is_test=True).model_dump(exclude_none=True) == {"outcome": "test"}
    assert (len(world.alerts), world.situation.standings) == (1, {})
    assert fire(world).outcome == "pending"


def test_the_end_that_came_first_opens_nothing_afterwards() -> None:
    world = World()
    assert end(world, starts_at=AT, ends_at=AT + MINUTE).outcome == "ignored"
    late = fire(world, starts_at=AT)
    assert (late.outcome, late.incident) == ("ignored", None)
    assert fire(world, starts_at=AT + 2 * MINUTE).outcome == "pending"


class TestReopening:
    """What fires again soon after its end."""

    def test_a_change_is_not_made_twice_for_an_incident(self) -> None:
        world = World()
        first = fire(world)
        world.end(first.incident, IncidentStatus.REMEDIATED)
        world.move(minutes=5)
        again = fire(world)
        assert (again.outcome, again.incident) == ("reopened", first.incident)
        assert (again.status, again.change) == (IncidentStatus.ESCALATED, first.change)
        incident = world.incident(first.incident)
        assert (incident.closed_at, incident.recovered_at, incident.alert_count) == (None, None, 2)
        assert world.kinds(first.incident)[-2:] == [
            FactKind.INCIDENT_REOPENED,
            FactKind.INCIDENT_ESCALATED,
        ]
        assert "300 s after the incident ended as remediated" in world.facts[-2][2]
        assert end(world).status is IncidentStatus.RECOVERED

    def test_what_had_no_change_is_decided_again(self) -> None:
        world = World()
        first = fire(world, "Odd")
        end(world, "Odd")
        again = fire(world, "Odd")
        assert (again.outcome, again.incident) == ("reopened", first.incident)
        assert again.status is IncidentStatus.UNMATCHED

    def test_what_a_runbook_takes_meanwhile_gets_its_first_change(self) -> None:
        world = World()
        first = fire(world, "Odd")
        end(world, "Odd")
        taken = world.match({"name": "ServiceDown", "host": "web1"})
        world.match = lambda facts: taken  # type: ignore[method-assign]
        again = fire(world, "Odd")
        assert (again.outcome, again.incident) == ("pending", first.incident)
        assert again.status is IncidentStatus.REMEDIATING

    def test_after_the_window_it_is_another_incident(self) -> None:
        world = World()
        first = fire(world)
        world.end(first.incident, IncidentStatus.REMEDIATED)
        world.move(minutes=10)
        assert fire(world).incident != first.incident


class TestSuppression:
    """What a rule holds back."""

    def test_it_is_held_back_with_rule_author_and_reason(self) -> None:
        world = World()
        world.mutes = [Mute()]
        answer = fire(world)
        assert (answer.outcome, answer.status) == ("suppressed", IncidentStatus.SUPPRESSED)
        assert answer.change is None
        suppression = world.incident(answer.incident).suppression
        assert suppression is not None
        assert suppression.model_dump() == {
            "rule_id": "MUTE-1",
            "author": "olivia",
            "reason": "we work on it",
        }
        assert "MUTE-1 of olivia: we work on it" in world.facts[-1][2]

    def test_a_repeat_after_its_end_is_decided_as_if_it_were_new(self) -> None:
        world = World()
        world.mutes = [Mute()]
        first = fire(world)
        assert fire(world).outcome == "repeated"
        assert world.kinds(first.incident).count(FactKind.INCIDENT_SUPPRESSED) == 1
        world.mutes = []
        again = fire(world)
        assert (again.outcome, again.incident) == ("pending", first.incident)
        assert again.status is IncidentStatus.REMEDIATING
        # what held it back stays with it
        assert world.incident(first.incident).suppression is not None

    def test_a_rule_about_a_runbook_leaves_what_no_runbook_takes(self) -> None:
        world = World()
        world.mutes = [Mute(runbook="service-down")]
        assert fire(world).outcome == "suppressed"
        assert fire(world, "Odd").outcome == "unmatched"

    def test_a_resolved_alert_ends_it(self) -> None:
        world = World()
        world.mutes = [Mute()]
        fire(world)
        assert end(world).status is IncidentStatus.RECOVERED


class TestFlapping:
    """What fires too often."""

    @staticmethod
    def flap(world: World, times: int) -> list[IncidentAnswer]:
        answers = []
        for _ in range(times):
            answers.append(fire(world))
            world.end(answers[-1].incident, IncidentStatus.REMEDIATED)
            world.move(minutes=15)
        return answers

    def test_the_third_firing_within_an_hour_is_a_persons(self) -> None:
        world = World()
        *before, third = self.flap(world, 3)
        assert [answer.outcome for answer in before] == ["pending", "pending"]
        assert (third.outcome, third.status) == ("escalated", IncidentStatus.ESCALATED)
        assert third.change is None
        assert "3 firings within 60 minutes" in world.facts[-1][2]

    def test_repeats_are_no_firings(self) -> None:
        world = World()
        for _ in range(5):
            answer = fire(world)
        world.end(answer.incident, IncidentStatus.REMEDIATED)
        world.move(minutes=15)
        assert fire(world).outcome == "pending"

    def test_an_hour_of_quiet_is_forgiven(self) -> None:
        world = World()
        self.flap(world, 2)
        world.move(hours=1)
        assert fire(world).outcome == "pending"

    def test_firing_again_and_again_in_an_open_incident_flaps_too(self) -> None:
        world = World()
        first = fire(world, "Odd")
        fire(world, "Other")  # so that the incident of Odd is not alone
        for _ in range(2):
            world.situation.standings[first.incident or ""].add_firing(1)  # another member
            end(world, "Odd")
            fire(world, "Odd")
        assert world.incident(first.incident).status is IncidentStatus.ESCALATED

    def test_the_limits_are_the_policys(self) -> None:
        world = World(limits=IntakeLimits(flapping_firings=2))
        assert [a.outcome for a in self.flap(world, 2)] == ["pending", "escalated"]


class TestJoining:
    """What belongs to the incident of another alert."""

    def test_what_no_runbook_takes_joins_with_the_evidence(self) -> None:
        world = World(grouping=by_service())
        first = fire(world)
        second = fire(world, "Odd")
        assert (second.outcome, second.incident) == ("joined", first.incident)
        member = world.situation.members["Odd@shop"].member
        assert (member.is_primary, member.evidence[0]) == (False, "near shop")
        assert world.kinds(first.incident)[-1] is FactKind.ALERT_JOINED
        assert world.incident(first.incident).alert_count == 2
        assert fire(world, "Odd").outcome == "repeated"

    def test_the_same_repair_is_not_started_twice(self) -> None:
        world = World(grouping=by_service())
        first = fire(world)
        same = fire(world, fingerprint="from-the-other-monitor")
        assert (same.outcome, same.incident) == ("joined", first.incident)

    def test_another_repair_of_the_same_service_is_an_incident_of_its_own(self) -> None:
        world = World(grouping=by_service())
        first = fire(world)
        other = fire(world, fingerprint="another", host="web2")
        assert other.outcome == "pending"
        assert other.incident != first.incident

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [(IncidentStatus.REMEDIATING, "joined"), (IncidentStatus.ESCALATED, "pending")],
    )
    def test_a_symptom_waits_for_the_repair_of_its_cause_while_that_is_under_way(
        self, status: IncidentStatus, outcome: str
    ) -> None:
        world = World(grouping=by_service({"web": {"shop"}}))
        cause = fire(world)
        world.end(cause.incident, status)
        symptom = fire(world, service="web", host="web2")
        assert symptom.outcome == outcome
        if outcome == "joined":
            assert "web depends on shop" in world.facts[-1][2]
            assert "service-down is not started" in world.facts[-1][2]

    def test_an_incident_recovers_with_its_last_member(self) -> None:
        world = World(grouping=by_service())
        first = fire(world, "Odd")
        fire(world, "Odder")
        gone = end(world, "Odd")
        assert (gone.outcome, gone.status) == ("resolved", IncidentStatus.UNMATCHED)
        assert world.incident(first.incident).recovered_at is None
        assert "1 others go on" in world.facts[-1][2]
        last = end(world, "Odder")
        assert (last.outcome, last.status) == ("resolved", IncidentStatus.RECOVERED)

    def test_what_has_ended_or_is_held_back_takes_nobody_in(self) -> None:
        world = World(grouping=by_service())
        first = fire(world, "Odd")
        world.end(first.incident, IncidentStatus.CLOSED)
        assert fire(world, "Odder").outcome == "unmatched"
        muted = World(grouping=by_service())
        muted.mutes = [Mute()]
        fire(muted, "Odd")
        muted.mutes = []
        assert fire(muted, "Odder").outcome == "unmatched"

    def test_what_flaps_or_is_held_back_joins_nobody(self) -> None:
        world = World(grouping=by_service(), limits=IntakeLimits(flapping_firings=2))
        fire(world, "Odd")
        world.end(fire(world, "Other", service="db").incident, IncidentStatus.CLOSED)
        world.move(minutes=15)
        assert fire(world, "Other", service="db").outcome == "escalated"
        world.mutes = [Mute()]
        assert fire(world, "Odder").outcome == "suppressed"


def test_known_errors_like_it_are_kept_with_what_no_runbook_takes() -> None:
    world = World()
    world.suggest = lambda incident: [{"runbook_id": "service-down", "score": 0.4}]
    assert world.incident(fire(world).incident).suggestions == []
    found = world.incident(fire(world, "Odd").incident).suggestions
    assert found == [{"runbook_id": "service-down", "score": 0.4}]


class AnyOrder(RuleBasedStateMachine):
    """Alerts of four fingerprints in any order, with changes and people in between."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(grouping=by_service({"web": {"shop"}}))
        self.changes: dict[str, str] = {}

    fingerprints = st.sampled_from(
        [("ServiceDown", "shop"), ("Odd", "shop"), ("ServiceDown", "web"), ("Odd", "web")]
    )
    starts = st.none() | st.integers(-60, 60).map(lambda minutes: AT + minutes * MINUTE)

    @rule(which=fingerprints, starts_at=starts)
    def fires(self, which: tuple[str, str], starts_at: None) -> None:
        answer = fire(self.world, which[0], service=which[1], starts_at=starts_at)
        if answer.outcome == "pending":
            assert answer.incident is not None
            assert answer.change is not None
            assert answer.incident not in self.changes, "a second change for one incident"
            self.changes[answer.incident] = answer.change

    @rule(which=fingerprints, starts_at=starts, ends_at=starts)
    def is_over(self, which: tuple[str, str], starts_at: None, ends_at: None) -> None:
        before = set(self.world.situation.standings)
        answer = end(self.world, which[0], service=which[1], starts_at=starts_at, ends_at=ends_at)
        assert set(self.world.situation.standings) == before, "an end opened an incident"
        assert answer.outcome in {"resolved", "repeated", "ignored"}

    @rule(
        status=st.sampled_from(
            [IncidentStatus.REMEDIATED, IncidentStatus.ESCALATED, IncidentStatus.RECOVERED]
        )
    )
    def a_change_ends(self, status: IncidentStatus) -> None:
        for standing in self.world.situation.standings.values():
            if standing.incident.status is IncidentStatus.REMEDIATING:
                assert standing.change is not None
                standing.change = standing.change.model_copy(update={"status": ChangeStatus.FAILED})
                self.world.end(standing.incident.id, status)
                return

    @rule(muted=st.booleans())
    def a_rule_begins_or_ends(self, muted: bool) -> None:
        self.world.mutes = [Mute()] if muted else []

    @rule(minutes=st.sampled_from([1, 11, 61]))
    def time_passes(self, minutes: int) -> None:
        self.world.move(minutes=minutes)

    @invariant()
    def standings_agree(self) -> None:
        members = [known.member for known in self.world.situation.members.values()]
        for standing in self.world.situation.standings.values():
            incident = standing.incident
            own = [each for each in members if each.incident_id == incident.id]
            firing = [each for each in own if each.is_open and each.is_firing]
            assert (incident.closed_at is None) is incident.status.is_open
            assert standing.firing == len(firing)
            if incident.status is IncidentStatus.REMEDIATING:
                assert standing.change is not None
            if incident.status is IncidentStatus.SUPPRESSED:
                assert incident.suppression is not None
                assert incident.recovered_at is None
            if incident.status.is_open and incident.recovered_at is not None:
                assert not firing
            kept = [alert for where, alert in self.world.alerts if where == incident.id]
            repeats = [each for each in kept if each.is_firing]
            assert incident.alert_count == len(repeats)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=150, stateful_step_count=30)

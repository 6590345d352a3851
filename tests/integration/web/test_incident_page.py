"""The page of one incident, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from airmend.change.topology import Service, Topology, load_topology
from airmend.incident.signals import Signal
from airmend.records.database import Database
from airmend.records.incidents import get_incident, list_incidents
from airmend.records.ledger import append_fact
from airmend.records.model import FactKind
from airmend.records.tables import IncidentMemberRow
from airmend.web.surroundings import Surroundings
from tests.builders import make_member
from tests.integration.review.stored import store_with_report
from tests.integration.web.conftest import Caller
from tests.integration.web.reader import NOW, open_pages, see
from tests.integration.web.storm import fill_storm, make_topology
from tests.unit.review.scenarios import BASE_URL, later, resolved_standard


@pytest.fixture
def browser(database: Database) -> Caller:
    """Someone who looks at the pages below /airmend."""
    return open_pages(database)


def test_the_story_of_an_incident_names_its_evidence(browser: Caller, database: Database) -> None:
    with database.session() as session:
        store_with_report(session, resolved_standard(), later(60))

    page = see(browser, "/incidents/inc-0001")

    assert "Guard: may begin on web1" in page.text
    assert f"{BASE_URL}/dags/service-down/runs/airmend__inc-0001/tasks/guard" in page.hrefs
    assert "/airmend/reports/chg-0001" in page.hrefs


GROUP = "/incidents/INC-20260302-00000000"
UNMATCHED = "/incidents/INC-20260302-00000007"


@pytest.fixture
def storm(database: Database) -> Caller:
    """Someone who looks at the pages on a bad night."""
    with database.session() as session:
        fill_storm(session, NOW)
    topology = make_topology()
    around = Surroundings(topology=lambda: topology, rank_causes=find_redis)
    return open_pages(database, surroundings=around)


def find_redis(signals: Sequence[Signal], _opened_at: datetime) -> list[SimpleNamespace]:
    """The cause, as correlation would name it."""
    assert signals[0].name == "CheckoutErrors"
    return [
        SimpleNamespace(item="redis-cart", evidence=["its alert was the first"]),
        SimpleNamespace(item="host-of-nobody", evidence=[]),
    ]


def test_every_member_has_its_own_state_and_reason(storm: Caller) -> None:
    text = " ".join(see(storm, GROUP).text.split())

    assert "10 alerts by fingerprint, 8 firing" in text
    assert "firing for 40 s CheckoutErrors checkout · checkout-0.prod.example opened it" in text
    assert "over since 15 s HighErrorRate payment · payment-3.prod.example" in text
    assert "Joined: payment is 1 step from checkout, 5 s after it; no runbook takes it" in text


def test_the_alerts_of_a_member_are_there_with_their_links(storm: Caller) -> None:
    page = see(storm, GROUP)

    assert "https://prometheus.example/graph?g0.expr=up" in page.hrefs
    assert "https://grafana.example/d/shop" in page.hrefs
    assert not [href for href in page.hrefs if href.startswith("javascript")]


def test_what_could_not_be_mapped_is_named_and_shown(storm: Caller) -> None:
    text = " ".join(see(storm, UNMATCHED).text.split())

    assert "1 alert, 2 fields not mapped" in text
    assert "Kept as it came, since it has no place in an alert: groupKey" in text
    assert "truncatedAlerts 7" in text


def test_suggestions_and_rejections_are_shown_with_scores_and_reasons(storm: Caller) -> None:
    text = " ".join(see(storm, UNMATCHED).text.split())

    assert "KE-1003 The open file limit is reached 0.82 open, files, limit" in text
    assert "These are suggestions: none is ever run by itself." in text
    assert "service-down: label 'job' is not there" in text


def test_the_picture_shows_the_affected_services_and_the_likely_cause(storm: Caller) -> None:
    page = see(storm, GROUP)
    text = " ".join(page.text.split())

    assert "svg" in page.tags
    assert "checkout: 1 firing; depends on cart, payment, currency, shipping" in text
    assert "redis-cart: likely cause, 1 firing." in text
    assert "payment: over; depends on postgres." in text
    assert "shipping: tier 2." in text
    assert "redis-cart: its alert was the first host-of-nobody" in text


def test_a_neighbour_with_an_incident_of_its_own_says_so(storm: Caller, database: Database) -> None:
    with database.session() as session:
        open_ones = [i for i in list_incidents(session, limit=99) if i.status.is_open]
    expected = [i for i in open_ones if i.service == "mobile-app"]

    assert len(expected) == 1
    assert "mobile-app: 1 other incident; depends on frontend." in see(storm, GROUP).text


def test_without_a_topology_the_page_says_how_to_configure_one(database: Database) -> None:
    with database.session() as session:
        fill_storm(session, NOW, count=1)

    text = see(open_pages(database), GROUP).text

    assert "No topology is configured" in text
    assert "AIRMEND_TOPOLOGY_FILE" in text


def test_a_topology_that_cannot_be_read_is_said_so_and_breaks_nothing(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text("services:\n  shop:\n    tier: 9\n")
    with database.session() as session:
        fill_storm(session, NOW, count=1)
    browser = open_pages(database, surroundings=Surroundings(topology=lambda: load_topology(file)))

    text = see(browser, GROUP).text

    assert "The topology cannot be used, so that nothing is drawn" in text
    assert "topology.yaml:3" in text
    assert "Story" in text


def test_services_that_the_topology_lacks_are_named(database: Database) -> None:
    with database.session() as session:
        fill_storm(session, NOW, count=1)
    small = Topology([Service(name="cart", tier=2, owner="cart-team")])
    around = Surroundings(topology=lambda: small)

    text = " ".join(see(open_pages(database, surroundings=around), GROUP).text.split())

    assert "cart: 2 firing." in text
    assert "Not in the topology: checkout, redis-cart, frontend, payment, email, currency." in text


def test_a_link_to_mute_is_there_where_there_is_a_form(database: Database) -> None:
    with database.session() as session:
        fill_storm(session, NOW, count=1)
    around = Surroundings(mute_path="suppressions")

    hrefs = see(open_pages(database, surroundings=around), GROUP).hrefs

    assert "/airmend/suppressions?service=checkout&name=CheckoutErrors" in hrefs
    assert not [href for href in see(open_pages(database), GROUP).hrefs if "suppressions?" in href]


def test_an_incident_of_thousands_of_alerts_is_shown_in_part(database: Database) -> None:
    with database.session() as session:
        fill_storm(session, NOW, count=1)
        incident = get_incident(session, "INC-20260302-00000000")
        for number in range(500):
            member = make_member(incident, fingerprint=f"alertmanager:many-{number}")
            fields = member.model_dump(mode="python") | {"firings": [], "is_primary": False}
            session.add(IncidentMemberRow(**fields))
            append_fact(
                session,
                FactKind.ALERT_JOINED,
                f"joined {number}",
                at=NOW,
                incident_id=incident.id,
            )

    text = " ".join(see(open_pages(database), GROUP).text.split())

    assert "The first 60 of 510 are shown." in text
    assert "101 lines left out here" in text
    assert "joined 499" in text

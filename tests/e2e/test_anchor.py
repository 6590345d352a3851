"""An anchor that holds another checkpoint than the log: nothing begins until that is settled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airmend.change.model import ChangeStatus
from airmend.incident.model import IncidentStatus
from tests.e2e.house import House

SAID = "the anchor has another checkpoint of"
ALARM = "<strong>No change begins:</strong>"


class Anchor:
    """The folder of another team, in which somebody writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[Path, str] = {}

    def falsify(self) -> None:
        """Give the newest checkpoint another root."""
        newest = max(self._folder.iterdir())
        self._kept.setdefault(newest, newest.read_text())
        name, size, root, *signatures = self._kept[newest].split("\n")
        other = ("A" if root[0] != "A" else "B") + root[1:]
        newest.write_text("\n".join([name, size, other, *signatures]))

    def put_back(self) -> None:
        """Restore what was there."""
        for path, text in self._kept.items():
            path.write_text(text)


@pytest.fixture
def anchor(house: House) -> Iterator[Anchor]:
    """The anchor of the installation; as it was once the test is over."""
    anchor = Anchor(Path(house.environment["AIRMEND_AUDIT_ANCHOR"]))
    yield anchor
    anchor.put_back()
    assert house.command("audit", "seal").returncode == 0


def test_no_change_begins_until_the_anchor_and_the_log_agree(house: House, anchor: Anchor) -> None:
    for host in ("lab-8", "lab-9"):
        house.lab.reset(host)
    assert house.command("audit", "seal").returncode == 0

    def is_found() -> bool:
        anchor.falsify()  # anew: the DAG may have sealed in between, and the newest is another one
        done = house.command("audit", "seal")
        assert done.returncode == 0 or SAID in done.stdout, done.stdout
        return done.returncode == 1

    house.wait_for(is_found, None, "the next seal finds it")
    refused = house.start_in_lab("lab-repair", "lab-8")
    assert house.wait_until_ended(refused) == "failed"
    change = house.change(refused)
    assert change.status is ChangeStatus.REFUSED
    assert SAID in change.reason
    assert house.executions(refused) == []
    assert house.incident(refused).status is IncidentStatus.ESCALATED
    page = house.client.get("/airmend/").text
    assert ALARM in page
    assert SAID in page

    anchor.put_back()
    assert house.command("audit", "seal").returncode == 0
    assert ALARM not in house.client.get("/airmend/").text
    story = house.start_in_lab("lab-repair", "lab-9")
    house.approve(story)
    assert house.wait_until_ended(story) == "success", house.tell(story)

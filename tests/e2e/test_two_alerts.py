"""One remediation at a time for a host, across all runbooks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from airmend.execution.model import ExecutionStatus, Phase
from airmend.records.model import FactKind
from tests.e2e.house import House


def test_of_two_changes_for_one_host_the_second_waits_until_the_first_has_ended(
    house: House,
) -> None:
    house.lab.reset("lab-7")
    names = ["lab-repair", "lab-by-olivia"]
    with ThreadPoolExecutor(2) as pool:
        stories = list(pool.map(lambda name: house.start_in_lab(name, "lab-7"), names))

    def waiting() -> list[str]:
        return [s.change for s in stories if house.facts(s, FactKind.TARGETS_WAITED)]

    house.wait_for(waiting, stories[0], "one of them waits")
    first, second = sorted(stories, key=lambda story: story.change in waiting())
    house.question(first)
    (told,) = house.facts(second, FactKind.TARGETS_WAITED)
    assert f"lab-7 is held by {first.change}" in told
    assert house.tasks(second)["guard"] in {"running", "up_for_reschedule", "scheduled", "queued"}
    assert house.executions(second, *Phase) == []

    house.approve(first)
    assert house.wait_until_ended(first) == "success", house.tell(first)
    house.approve(second)
    assert house.wait_until_ended(second) == "success", house.tell(second)

    assert house.lab.done("lab-7") == ["repaired", "repaired"]
    for story in stories:
        assert house.steps(story) == [("write_state", ExecutionStatus.SUCCEEDED)]
    ended_at = house.change(first).ended_at
    began_at = min(each.started_at for each in house.executions(second, *Phase))
    assert ended_at is not None
    assert ended_at <= began_at


def test_the_same_alert_twice_at_the_same_instant_is_one_incident(house: House) -> None:
    house.lab.reset("lab-9")
    alert = house.lab.alert("lab-repair", "lab-9")
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: house.send(alert, source="generic", signed=True), range(4))
        )
    assert len({answer["incident"] for answer in answers}) == 1
    assert len({answer["change"] for answer in answers}) == 1
    assert sorted(answer["outcome"] for answer in answers)[:3] == ["repeated"] * 3
    story = house.story(answers[0]["change"])
    house.approve(story)
    assert house.wait_until_ended(story) == "success", house.tell(story)
    assert house.lab.done("lab-9") == ["repaired"]
    assert house.runs(story.dag_id).count(story.run_id) == 1

"""Few hosts of a tier are worked on at once, and every change gets a turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.tier_share import UNLISTED, count_tiers, find_share, limit_tiers
from airmend.change.topology import Service, Topology

TIERS = st.sampled_from([UNLISTED, 1, 2, 3, 4])
COUNTS = st.dictionaries(TIERS, st.integers(1, 40), min_size=1)


def fleet(tier: int, hosts: int) -> Topology:
    names = tuple(f"web{number}" for number in range(hosts))
    return Topology([Service(name="shop", tier=tier, owner="web", configuration_items=names)])


@pytest.mark.parametrize(
    ("hosts", "limit"), [(1, 1), (9, 1), (10, 1), (19, 1), (20, 2), (29, 2), (30, 3), (100, 10)]
)
def test_a_tenth_of_a_tier_is_a_tenth_and_at_least_one_host(hosts: int, limit: int) -> None:
    assert limit_tiers(fleet(2, hosts), 0.10)[2] == limit


def test_hosts_that_no_service_lists_go_one_at_a_time() -> None:
    topology = fleet(2, 40)
    wanted = count_tiers(topology, ["web1", "web2", "stray1", "stray2"])
    assert wanted == {2: 2, UNLISTED: 2}
    assert find_share(wanted, limit_tiers(topology, 0.10), {}).at_once == 1
    assert find_share(wanted, limit_tiers(topology, 0.10, 2), {}).at_once == 4


def test_a_host_of_several_services_counts_as_the_gravest() -> None:
    topology = Topology(
        [
            Service(name="pay", tier=1, owner="a", configuration_items=("db1",)),
            Service(name="news", tier=4, owner="b", configuration_items=("db1", "mail1")),
        ]
    )
    assert count_tiers(topology, ["db1", "mail1"]) == {1: 1, 4: 1}


def test_what_fits_into_its_tier_is_not_made_smaller() -> None:
    assert find_share({1: 2, 3: 3}, {1: 2, 3: 9}, {3: 6}).at_once == 5


@pytest.mark.parametrize(("used", "at_once"), [(0, 3), (1, 2), (2, 1), (3, 0)])
def test_what_others_work_on_is_taken_off(used: int, at_once: int) -> None:
    share = find_share({2: 10}, {2: 3}, {2: used})
    assert share.at_once == at_once
    assert share.full == ((2,) if used == 3 else ())


@given(COUNTS, COUNTS, COUNTS)
def test_no_batch_brings_a_tier_above_its_limit(
    wanted: dict[int, int], limits: dict[int, int], used: dict[int, int]
) -> None:
    share = find_share(wanted, limits, used)
    for tier, count in wanted.items():
        left = limits.get(tier, 1) - used.get(tier, 0)
        if left < 1:
            assert tier in share.full
            assert share.at_once == 0
        elif share.at_once:
            assert share.by_tier[tier] == min(share.at_once, count) <= left
    if share.at_once and share.at_once < sum(wanted.values()):  # one more would be too many
        assert any(
            min(share.at_once + 1, count) > limits.get(tier, 1) - used.get(tier, 0)
            for tier, count in wanted.items()
        )

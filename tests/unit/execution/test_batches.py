from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.errors import NoTargetsError
from airmend.execution.batches import split_batches

HOSTS = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=40, unique=True)
CANARY = st.integers(min_value=0, max_value=50)
SERIAL = st.none() | st.integers(min_value=1, max_value=50)


@given(hosts=HOSTS, canary=CANARY, serial=SERIAL)
def test_every_host_is_in_one_batch_and_keeps_its_place(
    hosts: list[str], canary: int, serial: int | None
) -> None:
    batches = split_batches(hosts, canary, serial)

    assert [host for batch in batches for host in batch] == hosts
    assert all(batches)


@given(hosts=HOSTS, canary=st.integers(min_value=1, max_value=50), serial=SERIAL)
def test_the_canary_goes_first_and_alone(hosts: list[str], canary: int, serial: int | None) -> None:
    assert split_batches(hosts, canary, serial)[0] == hosts[:canary]


@given(hosts=HOSTS, canary=CANARY, serial=st.integers(min_value=1, max_value=50))
def test_after_the_canary_no_batch_is_larger_than_serial(
    hosts: list[str], canary: int, serial: int
) -> None:
    batches = split_batches(hosts, canary, serial)

    assert all(len(batch) <= serial for batch in batches[1 if canary else 0 :])


@given(hosts=HOSTS, canary=CANARY, serial=SERIAL, limit=st.integers(min_value=1, max_value=50))
def test_no_batch_is_larger_than_what_is_allowed_at_most(
    hosts: list[str], canary: int, serial: int | None, limit: int
) -> None:
    batches = split_batches(hosts, canary, serial, limit)

    assert [host for batch in batches for host in batch] == hosts
    assert all(0 < len(batch) <= limit for batch in batches)


def test_without_canary_and_serial_all_go_at_once() -> None:
    assert split_batches(["a", "b", "c"], 0, None) == [["a", "b", "c"]]


def test_no_hosts_are_an_error_and_never_everything() -> None:
    with pytest.raises(NoTargetsError, match="no host"):
        split_batches([], 0, None)


@pytest.mark.parametrize(("hosts", "canary", "serial"), [(["a"], -1, None), (["a"], 0, 0)])
def test_numbers_out_of_range_are_refused(
    hosts: list[str], canary: int, serial: int | None
) -> None:
    with pytest.raises(ValueError, match="canary"):
        split_batches(hosts, canary, serial)


def test_a_host_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        split_batches(["a", "a"], 0, None)

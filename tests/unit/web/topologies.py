"""Topologies as hypothesis makes them: any services, any dependencies, circles among them."""

from __future__ import annotations

from hypothesis import strategies as st

from airmend.change.topology import Service, Topology

NAMES = st.one_of(
    st.sampled_from(
        ["shop", "checkout", "<script>alert(1)</script>", "再起動する手順" * 4, "W" * 60]
    ),
    st.text(min_size=1, max_size=40).filter(lambda name: name.strip() != ""),
)


def make_topology(needs: dict[str, str]) -> Topology:
    """A topology from the names that each service needs, with spaces between them."""
    return Topology(
        Service(name=name, tier=2, owner="a-team", depends_on=tuple(needed.split()))
        for name, needed in needs.items()
    )


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """Up to 40 services with up to 5 dependencies each."""
    names = draw(st.lists(NAMES, min_size=1, max_size=40, unique=True))
    return Topology(
        Service(
            name=name,
            tier=draw(st.integers(1, 4)),
            owner="a-team",
            depends_on=tuple(draw(st.lists(st.sampled_from(names), max_size=5))),
            configuration_items=(f"host of {name}",),
        )
        for name in names
    )

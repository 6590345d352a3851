"""The topology file and the questions asked of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.topology import Environment, Topology, load_topology
from airmend.errors import ConfigurationError
from tests.unit.change.builders import make_service

SHIPPED = Path(__file__).parents[3] / "config" / "topology.yaml"


def write(folder: Path, text: str) -> Path:
    path = folder / "topology.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_that_ships_loads_and_names_who_depends_on_the_shop() -> None:
    topology = load_topology(SHIPPED)
    assert topology.dependants_of("shop") == {"newsletter", "partner-portal"}
    assert topology.dependants_of("catalogue") == {
        "shop",
        "payments",
        "newsletter",
        "partner-portal",
    }
    facts = topology.describe("shop", ["web-1"])
    assert facts is not None
    assert facts.unlisted_hosts == ()


def test_an_environment_that_is_not_said_counts_as_production(tmp_path: Path) -> None:
    topology = load_topology(write(tmp_path, "services:\n  shop: {tier: 2, owner: web}\n"))
    service = topology.find_service("shop")
    assert service is not None
    assert service.environment is Environment.PRODUCTION


@pytest.mark.parametrize(
    ("text", "line", "fact"),
    [
        ("services:\n  shop:\n    tier: 5\n    owner: web\n", 3, "less than or equal to 4"),
        ("services:\n  shop:\n    tier: one\n    owner: web\n", 3, "valid integer"),
        ("services:\n  shop:\n    owner: web\n", 2, "'services.shop.tier' is missing"),
        ("services:\n  shop:\n    tier: 1\n    owner: a\n    teir: 2\n", 5, "unknown key"),
        ("services:\n  a: {tier: 1, owner: x, depends_on: [b]}\n", 2, "depends on 'b'"),
        ("services:\n  a: {tier: 1, owner: x}\n  a: {tier: 4, owner: x}\n", 3, "twice"),
        ("services:\n  a: {tier: 1, owner: x\n", 3, "not YAML"),
        ("services: {}\n", 1, "at least 1"),
        ("- a\n", 1, "the file as a whole"),
        ("services:\n  a:\n    tier: 1\n    owner: x\n    environment: live\n", 5, "live"),
        ("services:\n  '': {tier: 1, owner: x}\n", 1, "no name"),
        (
            "services: {a: {tier: 1, owner: x}}\nconfiguration_items:\n  w: {depends_on: [w-9]}\n",
            3,
            "'w' depends on 'w-9', which is no configuration item",
        ),
        (
            "services:\n  a: {tier: 1, owner: x}\nconfiguration_items:\n  w-1: {depends_on: [a]}\n",
            4,
            "'w-1' depends on 'a', which is no configuration item",
        ),
        (
            "services:\n  a: {tier: 1, owner: x}\nconfiguration_items:\n  a: {}\n",
            4,
            "'a' is a service too",
        ),
        (
            "services:\n  a: {tier: 1, owner: x}\nconfiguration_items:\n  w: {kind: host}\n",
            4,
            "unknown key",
        ),
    ],
)
def test_a_mistake_is_shown_with_its_line(tmp_path: Path, text: str, line: int, fact: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load_topology(path)
    assert f"{path}:{line}: " in str(caught.value)
    assert fact in str(caught.value)


def test_every_mistake_of_a_file_is_shown_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "services:\n  a: {tier: 9, owner: x}\n  b: {tier: 1}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_topology(path)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("content", [None, b"", b"# nothing\n", b"\xff\xfe", b"a: \x00b"])
def test_a_file_that_cannot_be_read_is_a_configuration_error(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "topology.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"topology\.yaml"):
        load_topology(path)


def test_a_tag_that_would_build_an_object_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "services: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(ConfigurationError, match="the tag"):
        load_topology(path)


def test_dependants_are_found_over_several_steps_and_through_a_circle() -> None:
    topology = Topology(
        [
            make_service("a", depends_on=("c",)),
            make_service("b", depends_on=("a",)),
            make_service("c", depends_on=("b",)),
            make_service("d", depends_on=("b",)),
        ]
    )
    assert topology.dependants_of("a") == {"b", "c", "d"}
    assert topology.dependants_of("unknown") == frozenset()


def test_a_shared_host_answers_with_the_most_critical_service() -> None:
    topology = Topology(
        [
            make_service("blog", tier=4, configuration_items=("web-1",)),
            make_service("payments", tier=1, configuration_items=("web-1",)),
        ]
    )
    service = topology.service_of("web-1")
    assert service is not None
    assert service.name == "payments"
    assert topology.service_of("elsewhere") is None


def test_a_change_can_hurt_the_neighbours_on_its_hosts_and_their_dependants() -> None:
    topology = Topology(
        [
            make_service("blog", configuration_items=("web-1",)),
            make_service("payments", tier=1, configuration_items=("web-1",)),
            make_service("till", depends_on=("payments",)),
        ]
    )
    facts = topology.describe("blog", ["web-1", "web-9"])
    assert facts is not None
    assert facts.dependants == ("payments", "till")
    assert [service.name for service in facts.shared_with] == ["payments"]
    assert facts.unlisted_hosts == ("web-9",)


def test_a_service_that_is_not_in_the_file_has_no_facts() -> None:
    assert Topology([make_service("blog")]).describe("shop", ["web-1"]) is None


INSTANCES = """\
services:
  cart: {tier: 1, owner: web, configuration_items: [cart-0, cart-1]}
  blog: {tier: 4, owner: web, configuration_items: [blog-0]}
  shop: {tier: 2, owner: web, depends_on: [cart]}
configuration_items:
  cart-0: {depends_on: [node-1]}
  cart-1: {depends_on: [node-2]}
  blog-0: {depends_on: [node-2]}
  node-1: {depends_on: [rack]}
  node-2: {depends_on: [rack]}
  rack: {}
"""


def test_a_host_answers_for_the_services_whose_instances_depend_on_it(tmp_path: Path) -> None:
    topology = load_topology(write(tmp_path, INSTANCES))
    assert [service.name for service in topology.services_of("node-1")] == ["cart"]
    assert [service.name for service in topology.services_of("rack")] == ["cart", "blog"]
    facts = topology.describe("cart", ["node-2"])
    assert facts is not None
    assert facts.unlisted_hosts == ()
    assert facts.dependants == ("blog", "shop")


def test_what_each_item_needs_and_is_made_of_is_told(tmp_path: Path) -> None:
    topology = load_topology(write(tmp_path, INSTANCES))
    assert topology.needs["shop"] == ("cart",)
    assert topology.needs["cart-0"] == ("node-1",)
    assert topology.instances["cart"] == ("cart-0", "cart-1")


def test_configuration_items_in_a_circle_are_read(tmp_path: Path) -> None:
    text = (
        "services:\n  a: {tier: 1, owner: x, configuration_items: [w-1]}\n"
        "configuration_items:\n  w-1: {depends_on: [w-2]}\n  w-2: {depends_on: [w-1]}\n"
    )
    topology = load_topology(write(tmp_path, text))
    assert [service.name for service in topology.services_of("w-2")] == ["a"]


def test_json_is_read_as_programs_write_it(tmp_path: Path) -> None:
    path = tmp_path / "topology.json"
    shop = {"tier": 2, "owner": "Büro \N{ROCKET} \\ud83d a/b", "configuration_items": ["w-1"]}
    for indent in (None, 2, "\t"):
        path.write_text(json.dumps({"services": {"shop": shop}}, indent=indent))
        (service,) = load_topology(path).services
        assert service.owner == shop["owner"]


def test_a_mistake_in_json_is_shown_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "topology.json"
    path.write_text('{\n  "services": {\n    "shop": {"tier": 9, "owner": "web"}\n  }\n}')
    with pytest.raises(ConfigurationError, match=r"topology\.json:3: "):
        load_topology(path)


@pytest.mark.parametrize("text", ['{"services": {"a": {"tier": 1, "owner": "\\ud83d"}}}', "{"])
def test_json_that_is_none_is_a_mistake(tmp_path: Path, text: str) -> None:
    path = tmp_path / "topology.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"topology\.json:[12]: it is not YAML"):
        load_topology(path)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=30))
def test_whoever_depends_on_a_dependant_is_a_dependant(edges: list[tuple[int, int]]) -> None:
    needs: dict[int, list[str]] = {n: [] for n in range(8)}
    for user, needed in edges:
        needs[user].append(str(needed))
    topology = Topology(make_service(str(n), depends_on=tuple(needs[n])) for n in range(8))
    for name in needs:
        found = topology.dependants_of(str(name))
        assert str(name) not in found
        for user, needed in edges:
            if (str(needed) in found or needed == name) and user != name:
                assert str(user) in found

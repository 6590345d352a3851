"""Typed inputs: what comes out of an incident, and what never does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airmend.errors import InputError
from airmend.runbook.inputs import resolve_inputs, validate_input
from airmend.runbook.model import InputSpec, InputType
from tests.builders import make_incident, make_runbook


def _spec(kind: InputType | str, **limits: Any) -> InputSpec:
    return InputSpec.model_validate({"type": kind, "from": "incident.host"} | limits)


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("host", "web1", "web1"),
        ("host", "Web1.Example.ORG:9100", "web1.example.org"),
        ("host", "10.0.0.7:9100", "10.0.0.7"),
        ("host", "[2001:DB8::1]:9100", "2001:db8::1"),
        ("host", "[::1]", "::1"),
        ("host", "fe80:0:0:0::1", "fe80::1"),
        ("host", "db_primary-2", "db_primary-2"),
        ("name", "shop.service", "shop.service"),
        ("name", "getty@tty1.service", "getty@tty1.service"),
        ("path", "/var/log", "/var/log"),
        ("path", "/var//log/./shop/", "/var/log/shop"),
        ("path", "//srv", "/srv"),
        ("path", "/", "/"),
        ("integer", "95", 95),
        ("integer", 95, 95),
        ("integer", 95.0, 95),
        ("integer", "-3", -3),
        ("boolean", "True", True),
        ("boolean", False, False),
    ],
)
def test_a_value_takes_the_form_of_its_type(kind: str, value: Any, result: Any) -> None:
    taken = validate_input("it", _spec(kind), value)
    assert taken == result
    assert type(taken) is type(result)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("host", "all"),
        ("host", "ALL:9100"),
        ("host", "ungrouped"),
        ("host", "web*"),
        ("host", "web1,web2"),
        ("host", "web1:&db"),
        ("host", "!web1"),
        ("host", "~web.*"),
        ("host", "@hosts"),
        ("host", "-i"),
        ("host", "web1."),
        ("host", "web1:"),
        ("host", "web1:0"),
        ("host", "web1:65536"),
        ("host", "web1:http"),
        ("host", "[::1]:99999"),
        ("host", "[web1]"),
        ("host", "fe80::1%eth0"),
        ("host", "a" * 64),
        ("host", ".".join(["a" * 60] * 5)),
        ("host", "web1\n"),
        ("host", "wéb1"),
        ("host", "{{ lookup('pipe', 'id') }}"),
        ("host", None),
        ("host", 1),
        ("name", "-rf"),
        ("name", ".."),
        ("name", "@file"),
        ("name", "a b"),
        ("name", "a;id"),
        ("name", "a" * 129),
        ("name", "{{x}}"),
        ("name", "a\n"),
        ("path", "var/log"),
        ("path", "/var/../etc"),
        ("path", "/.."),
        ("path", "/var/$HOME"),
        ("path", "/var/`id`"),
        ("path", "/var/{{ x }}"),
        ("path", "/var/log\n"),
        ("path", "/var/*"),
        ("path", "/" + "a" * 1024),
        ("integer", "9" * 19),
        ("integer", "1.5"),
        ("integer", 1.5),
        ("integer", True),
        ("integer", "٣"),
        ("integer", float("nan")),
        ("boolean", "yes"),
        ("boolean", 1),
    ],
)
def test_a_value_of_another_form_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(InputError, match="input 'it' is "):
        validate_input("it", _spec(kind), value)


@pytest.mark.parametrize(
    ("spec", "value", "reason"),
    [
        (_spec("name", pattern="shop-[a-z]+"), "shop-a1", "pattern"),
        (_spec("name", pattern="shop"), "shop2", "pattern"),
        (_spec("name", choices=["shop", "till"]), "stock", "one of shop, till"),
        (_spec("integer", choices=[1, 2]), 3, "one of 1, 2"),
        (_spec("integer", minimum=10), 9, "at least 10"),
        (_spec("integer", maximum=10), "11", "at most 10"),
    ],
)
def test_a_value_outside_its_limits_is_refused(spec: InputSpec, value: Any, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        validate_input("it", spec, value)


@given(st.sampled_from(InputType), st.text())
@example(InputType.NAME, "{% x %}")
@example(InputType.PATH, "/{# x #}")
def test_nothing_that_passes_can_be_a_template_an_option_or_a_way_out(
    kind: InputType, text: str
) -> None:
    message = value = ""
    try:
        value = str(validate_input("it", _spec(kind), text))
    except InputError as error:
        message = str(error)
    assert message.isprintable()
    assert value.isascii()
    assert value.isprintable()
    assert not set(value) & set(" '\"`$;&|<>(){}[]*?!~#%\\\n")
    assert ".." not in value.split("/")
    assert message or value
    assert kind is InputType.INTEGER or not value.startswith(("-", "@"))


@given(st.sampled_from(InputType), st.text(alphabet="abz019.:/-_[]@+", max_size=20))
def test_a_valid_value_stays_as_it_is_when_taken_again(kind: InputType, text: str) -> None:
    try:
        value = validate_input("it", _spec(kind), text)
    except InputError:
        return
    assert validate_input("it", _spec(kind), value) == value


def test_inputs_are_taken_from_the_incident() -> None:
    runbook = make_runbook(
        inputs={
            "host": {"type": "host", "from": "incident.labels.instance"},
            "used_percent": {"type": "integer", "from": "size(incident.name) * 2"},
        }
    )
    facts = make_incident().facts()
    assert resolve_inputs(runbook, facts) == {"host": "web1", "used_percent": 22}


@pytest.mark.parametrize("source", ["incident.labels.unit", "incident.description"])
def test_a_missing_input_takes_its_default(source: str) -> None:
    runbook = make_runbook(
        inputs={
            "host": {"type": "host", "from": "incident.host"},
            "unit": {"type": "name", "from": source, "default": "shop.service"},
        }
    )
    assert resolve_inputs(runbook, make_incident().facts())["unit"] == "shop.service"


def test_a_default_that_counts_as_false_is_still_a_default() -> None:
    runbook = make_runbook(
        inputs={
            "host": {"type": "host", "from": "incident.host"},
            "force": {"type": "boolean", "from": "incident.labels.force", "default": False},
        }
    )
    assert resolve_inputs(runbook, make_incident().facts())["force"] is False


def test_an_input_that_is_nowhere_is_named_with_what_is_missing() -> None:
    with pytest.raises(InputError, match=r"input 'service' is missing: .* has no 'job'"):
        resolve_inputs(make_runbook(), make_incident(labels={}).facts())
    with pytest.raises(InputError, match=r"input 'host' is missing: incident.host is empty"):
        resolve_inputs(make_runbook(), make_incident(host=None).facts())


def test_a_default_never_hides_a_value_that_is_not_valid() -> None:
    runbook = make_runbook(
        targets={"pattern": "web"},
        inputs={"host": {"type": "host", "from": "incident.host", "default": "web1"}},
    )
    with pytest.raises(InputError, match="names a group of hosts"):
        resolve_inputs(runbook, make_incident(host="all").facts())

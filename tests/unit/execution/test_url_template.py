from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.change.model import Target
from airmend.errors import InputError
from airmend.execution.url_template import fill_url

WEB = Target(name="web-1", address="10.0.0.1", variables={"port": 8080, "site": "shop", "up": True})


def test_every_kind_of_placeholder_is_filled_in() -> None:
    url = fill_url(
        "http://{host.address}:{vars.port}/{vars.site}/{inputs.unit}?h={host.name}&up={vars.up}",
        WEB,
        {"unit": "nginx"},
    )

    assert url == "http://10.0.0.1:8080/shop/nginx?h=web-1&up=true"


@given(value=st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
def test_a_value_never_leaves_its_place(value: str) -> None:
    value = value.encode("utf-8", "ignore").decode() or "x"

    parts = urlsplit(fill_url("http://{host.address}/a/{inputs.x}/z?q=1", WEB, {"x": value}))

    assert (parts.netloc, parts.query, parts.fragment) == ("10.0.0.1", "q=1", "")
    assert [unquote(part) for part in parts.path.split("/")] == ["", "a", value, "z"]


def test_an_ipv6_address_stands_in_brackets() -> None:
    host = Target(name="web-6", address="fd00::6")

    assert fill_url("http://{host.address}:80/", host, {}) == "http://[fd00::6]:80/"


@pytest.mark.parametrize("value", ["", ".", "..", ["a"], None, {"a": 1}])
def test_a_value_that_cannot_stand_in_a_url_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match=r"inputs\.x"):
        fill_url("http://{host.address}/{inputs.x}", WEB, {"x": value})


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("http://h/{vars.missing}", "has no inventory variable 'missing'"),
        ("http://h/{inputs.missing}", "has no input 'missing'"),
        ("http://h/{host.variables}", "is not a placeholder"),
        ("http://h/{env.HOME}", "is not a placeholder"),
        ("http://h/{}", "is not a placeholder"),
        ("http://h/{host.name", "brace"),
        ("http://h/{{host.name}}", "brace"),
    ],
)
def test_a_mistake_in_the_url_is_named(template: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fill_url(template, WEB, {})

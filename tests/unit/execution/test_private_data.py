from __future__ import annotations

from pathlib import Path

import pytest

from airmend.errors import ExecutionError
from airmend.execution.private_data import dump_variables, private_folder


def test_every_text_is_marked_as_data_however_deep_it_stands() -> None:
    text = dump_variables({"a": "{{ x }}", "b": [1, True, None, {"c": ["{{ y }}"]}], "e": {}})

    assert text.count("!unsafe") == 2
    assert '!unsafe "{{ x }}"' in text
    assert '!unsafe "{{ y }}"' in text


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "{{ x }}", "a\nb"])
def test_a_name_that_is_no_variable_is_refused(name: str) -> None:
    with pytest.raises(ExecutionError, match="name of a variable"):
        dump_variables({name: 1})


def test_a_value_that_is_not_data_is_refused_with_its_place() -> None:
    with pytest.raises(ExecutionError, match=r"variables\.a\[1\] is a PosixPath"):
        dump_variables({"a": [1, Path("/x")]})


def test_the_folder_is_readable_for_nobody_else_and_gone_afterwards() -> None:
    with private_folder({"a": "b"}, ["web-1", "web-2"]) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "env" / "extravars").stat().st_mode & 0o777 == 0o600
        assert (folder / "hosts").read_text() == "web-1\nweb-2"

    assert not folder.exists()


def test_the_folder_is_gone_after_an_exception_too() -> None:
    seen: list[Path] = []

    def fail() -> None:
        with private_folder({}, ["web-1"]) as folder:
            seen.append(folder)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not seen[0].exists()


def test_the_folder_of_a_run_that_goes_on_is_left_alone() -> None:
    with private_folder({}, ["web-1"]) as first:
        with private_folder({}, ["web-2"]) as second:
            assert first.exists()
            assert second.exists()
        assert first.exists()

"""A port in use is said in one line that names who has it and what to do."""

from __future__ import annotations

import os
import socket

import pytest

from airmend.cli.ports import require_free_port
from airmend.errors import StackError


def test_a_free_port_is_fine_and_stays_free() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    require_free_port(port)
    require_free_port(port)


def test_a_port_in_use_names_its_owner_and_the_remedy() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(StackError) as caught:
            require_free_port(port)
    message = str(caught.value)
    assert message.startswith(f"port {port} is in use by ")
    assert f"(process {os.getpid()})" in message
    assert "AIRMEND_PORT" in message
    assert "\n" not in message


def test_an_address_that_is_not_ours_is_said() -> None:
    with pytest.raises(StackError, match=r"cannot be used: .*Choose another port"):
        require_free_port(8080, "192.0.2.1")

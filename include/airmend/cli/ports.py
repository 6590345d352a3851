"""Whether a TCP port is free, and who has it."""

from __future__ import annotations

import errno
import socket

import psutil

from airmend.errors import StackError


def require_free_port(port: int, host: str = "127.0.0.1") -> None:
    """Return when nothing listens on the port.

    Raises:
        StackError: Something does, or this user may not use the port; the message names the
            process as far as it can be seen, and what to do.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            remedy = "choose another port with AIRMEND_PORT"
            if error.errno == errno.EADDRINUSE:
                fact, remedy = f"is in use by {_owner(port)}", f"Stop that, or {remedy}"
            else:
                fact, remedy = f"cannot be used: {error.strerror}", f"C{remedy[1:]}"
            raise StackError(f"port {port} {fact}. {remedy}") from error


def find_free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _owner(port: int) -> str:
    unknown = "another program"
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and connection.pid
                and connection.laddr
                and connection.laddr.port == port
            ):
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return unknown
    return unknown

"""Spare Python's garbage collector what stays: it would look through it again and again.

Where runbooks are read and DAGs are made by the thousand that takes up to a fifth of the time;
where thousands of deliveries come in, the modules of Airflow are looked through for nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SERVER_THRESHOLD = 50_000
"""A server looks for circles after so many objects more; Python's 700 are a single batch's worth,
which is gone again by counting references."""


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No collection inside the block; afterwards it is as it was, also inside another block."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def leave_alone_what_stands() -> None:
    """Collect once, and look at nothing of what is left any more; for a server that has started.

    From then on it looks for circles more seldom.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(SERVER_THRESHOLD)

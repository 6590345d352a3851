"""Alert sources, one file each: what a sender's document means.

A source is a module in this folder, and its file name is its name in the address
`/airmend/hooks/<name>`. To add one, add a file with the two functions of `Source` and its
tests; nothing else has to be told. What sources share is in `incident/fields.py`.

A module may say more about its sender, and mostly need not:

- `PROOFS`: names of the proofs that count (`incident/proofs/`); `DEFAULT_PROOFS` without it.
- `decode(body, headers)`: turns the bytes into the document that `parse` is given, where the
  sender uses another form than those of `incident/forms.py`. Raises MalformedBodyError.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol, cast

from airmend.errors import UnknownSourceError
from airmend.incident.forms import decode_body
from airmend.incident.model import Alert

DEFAULT_PROOFS = ("standard_webhooks", "bearer")


class Source(Protocol):
    """What every module of this folder offers."""

    def parse(self, body: object, headers: Mapping[str, str]) -> list[Alert]:
        """Turn a delivery into alerts.

        Args:
            body: The decoded JSON, of any shape.
            headers: HTTP headers, names in lower case.

        Returns:
            The alerts, in the order of the document; a delivery may have none.

        Raises:
            PayloadError: The document is not what this source sends; names the field.
        """

    def delivery_id(self, headers: Mapping[str, str], body: object) -> str | None:
        """The sender's own id of this delivery, the same when it is sent again; else None.

        Never raises: it is asked before the body was found to be in order.
        """


@lru_cache(maxsize=1)
def source_names() -> tuple[str, ...]:
    """The names of all sources, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def find_source(name: str) -> Source:
    """The source with this name.

    The name comes from outside: it is looked up among the modules of this folder and never
    made into a path.

    Raises:
        UnknownSourceError: There is none.
    """
    if name not in source_names():
        raise UnknownSourceError(
            f"there is no alert source {name[:40]!r}; use one of: {', '.join(source_names())}"
        )
    return cast(Source, importlib.import_module(f"{__name__}.{name}"))


def accepted_proofs(name: str) -> tuple[str, ...]:
    """The proofs that count for a source, by name.

    Raises:
        UnknownSourceError: There is no such source.
    """
    proofs: tuple[str, ...] = getattr(find_source(name), "PROOFS", DEFAULT_PROOFS)
    return proofs


def decode_delivery(source: Source, body: bytes, headers: Mapping[str, str]) -> object:
    """The document of a delivery, of any shape, for `Source.parse`.

    Args:
        source: Who sends it.
        body: The bytes as they came.
        headers: HTTP headers, names in lower case.

    Raises:
        MalformedBodyError: The bytes are no such document.
    """
    decode = getattr(source, "decode", decode_body)
    document: object = decode(body, headers)
    return document

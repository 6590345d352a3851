"""Alert sources, one file each: what a sender's document means.

A source is a module in this folder, and its file name is its name in the address
`/airmend/hooks/<name>`. To add one, add a file with the two functions of `Source` and its
tests; nothing else has to be told. What sources share is in `incident/fields.py`.

A module may say more about its sender, and mostly need not:

- `PROOFS`: names of the proofs that count (`incident/proofs/`); `DEFAULT_PROOFS` without it.
- `IS_TICKET_SYSTEM`: true where people write what it sends; service, host and symptom are then
  read out of the words (`incident/intent.py`) as far as its fields do not say them.
- `decode(body, headers)`: turns the bytes into the document that `parse` is given, where the
  sender uses another form than those of `incident/forms.py`. Raises MalformedBodyError.

A sender may also be described by a file of YAML (`incident/mapping`). `use_senders` takes a folder
of such files in, beside the modules of this folder; it is called once, where a process is put
together.
"""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol, cast

from airmend.errors import UnknownSourceError
from airmend.incident.forms import decode_body
from airmend.incident.mapping.files import SenderFileError, load_senders
from airmend.incident.model import OWN_SOURCE, Alert

DEFAULT_PROOFS = ("standard_webhooks", "bearer")

_log = logging.getLogger(__name__)


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


class _Mapped:
    """The sources of files; replaced as a whole, so that a reader sees one folder or the other."""

    sources: Mapping[str, Source] = {}
    names: tuple[str, ...] | None = None


def use_senders(folder: Path | None) -> list[SenderFileError]:
    """Take the senders of a folder in; those of a folder before are forgotten.

    Args:
        folder: Files of YAML; None, or one that is not there, has none.

    Returns:
        The mistakes, which are in the log too. A file with one gives no source.
    """
    found = load_senders(folder, (*built_in_names(), OWN_SOURCE)) if folder else None
    _Mapped.sources = dict(found.sources) if found else {}
    _Mapped.names = tuple(sorted({*built_in_names(), *_Mapped.sources}))
    mistakes = found.mistakes if found else []
    for mistake in mistakes:
        _log.error("a sender cannot be used: %s", mistake)
    return mistakes


@lru_cache(maxsize=1)
def built_in_names() -> tuple[str, ...]:
    """The names of the sources that are modules of this folder, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def source_names() -> tuple[str, ...]:
    """The names of all sources, sorted."""
    return _Mapped.names or built_in_names()


def find_source(name: str) -> Source:
    """The source with this name.

    The name comes from outside: it is looked up among the modules of this folder and the files
    that were read at the start, and never made into a path.

    Raises:
        UnknownSourceError: There is none.
    """
    if name in built_in_names():
        return _load(name)
    if (source := _Mapped.sources.get(name)) is not None:
        return source
    raise UnknownSourceError(
        f"there is no alert source {name[:40]!r}; use one of: {', '.join(source_names())}"
    )


@lru_cache(maxsize=64)
def _load(name: str) -> Source:
    """A module of this folder; Python's own way to one that is loaded takes ten times longer."""
    return cast(Source, importlib.import_module(f"{__name__}.{name}"))


def accepted_proofs(name: str) -> tuple[str, ...]:
    """The proofs that count for a source, by name.

    Raises:
        UnknownSourceError: There is no such source.
    """
    proofs: tuple[str, ...] = getattr(find_source(name), "PROOFS", DEFAULT_PROOFS)
    return proofs


def is_ticket_system(source: Source) -> bool:
    """Whether people write what a source sends."""
    return bool(getattr(source, "IS_TICKET_SYSTEM", False))


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

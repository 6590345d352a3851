"""The words of an export: one line a leaf, and what is found wrong with one.

Called by whoever writes or checks an export; imports pydantic and the standard library alone.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Disclosed(BaseModel):
    """A personal field with what its salted hash is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salt: str  # hexadecimal
    value: Any


class SealedRecord(BaseModel):
    """One line of an export.

    `leaf` is what the log says (`canonical.leaf_document`); it is None where the record is not
    there any more. `personal` holds the salted hashes that are kept, of erased fields too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    position: int
    kind: str
    key: str
    hash: str  # the leaf hash, hexadecimal
    leaf: dict[str, Any] | None
    disclosed: dict[str, Disclosed] = Field(default_factory=dict)
    proof: list[str] | None = None  # of a pack: the path to the root, hexadecimal

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"record {self.position} ({self.kind} {self.key})"


class Finding(BaseModel):
    """Something that is not as it was sealed."""

    model_config = ConfigDict(frozen=True)

    position: int | None  # of the record; None where none can be named
    text: str  # which record, and what differs

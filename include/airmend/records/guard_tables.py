"""The table of the guard rails: which change works on how many hosts of a tier."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from airmend.records.tables import Table


class TierShareRow(Table):
    """How many hosts of a tier a change works on at once; counts until the change ends."""

    __tablename__ = "tier_shares"

    change_id: Mapped[str] = mapped_column(ForeignKey("changes.id"), primary_key=True)
    tier: Mapped[int] = mapped_column(primary_key=True)
    hosts: Mapped[int]
    at_once: Mapped[int]  # of all tiers together

"""Ids that people read to each other."""

from __future__ import annotations

import base64
import secrets


def new_id() -> str:
    """Eight random characters that can be read aloud: base32, 40 bits."""
    return base64.b32encode(secrets.token_bytes(5)).decode()

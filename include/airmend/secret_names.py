"""Which names promise a secret: `db_password`, `apiToken`, `webhook-key`.

For everything that keeps or shows text, and for files that must hold none. Pure.
"""

from __future__ import annotations

import re

_SECRET_NAME = re.compile(
    r"passw|passphrase|passcode|secret|token|credential|cookie|authori[sz]ation|oauth|fernet"
    r"|bearer|pwd|pgpass|sshpass|vault[_.-]?pass|session[_.-]?id|connection[_.-]?string"
    # as a whole word of the name; `\npass=` inside JSON text begins with an n
    r"|(?:^[nrt]?|[_.-])(?:pass|pw|auth|dsn|jwt|otp|bindpw|requirepass)(?:$|[_.-])"
    r"|(?:api|access|secret|private|signing|encrypt(?:ion)?|decrypt(?:ion)?|auth|master|shared"
    r"|account|client|service|storage|hmac|aes|rsa|ssh|webhook)[_.-]?key(?![_.-]?(?:file|path))",
    re.IGNORECASE,
)
_CAMEL_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HARMLESS_NAMES = frozenset({"PWD", "OLDPWD"})  # a shell's working folder


def looks_secret(name: str) -> bool:
    """Whether a variable, field or option of this name is expected to hold a secret."""
    if name in _HARMLESS_NAMES:
        return False
    return _SECRET_NAME.search(_CAMEL_HUMP.sub("_", name)) is not None

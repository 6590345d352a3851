"""Whether a runbook version is signed by a key that the policy trusts.

Pure. A gate that no risk score opens or closes. The signatures come from the records or from the
runbook's folder, the keys from the policy as it is when it is asked: a key that was taken out
counts no more, whatever it signed before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

from airmend.change.policy_part import Part
from airmend.errors import SigningError
from airmend.openssh.keys import PublicKey, read_public_key
from airmend.openssh.signatures import Signature, read_signatures
from airmend.runbook.model import SIGNATURE_NAMESPACE, RunbookVersion

KeyName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class SignaturesRule(StrEnum):
    """What becomes of a runbook that no trusted key signed."""

    OPTIONAL = "optional"  # it runs, and the record says so
    REQUIRED = "required"  # nothing of it runs


class RunbooksPolicy(Part):
    """Whose signatures of runbooks count, and whether they have to be there."""

    signatures: SignaturesRule = SignaturesRule.OPTIONAL
    trusted_keys: Mapping[KeyName, str] = Field(default_factory=dict)  # name -> line of a .pub file

    @field_validator("trusted_keys")
    @classmethod
    def _keys_are_keys(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        names: dict[PublicKey, str] = {}
        for name, line in value.items():
            try:
                key = read_public_key(line)
            except SigningError as error:
                raise ValueError(f"'{name}': {error}.") from error
            if key in names:
                raise ValueError(f"'{names[key]}' and '{name}' have the same key; remove one.")
            names[key] = name
        return value

    @model_validator(mode="after")
    def _somebody_can_sign(self) -> RunbooksPolicy:
        if self.is_required and not self.trusted_keys:
            raise ValueError(
                "signatures are required and no key is trusted, so that no runbook could run; "
                "name one below 'trusted_keys'."
            )
        return self

    @property
    def is_required(self) -> bool:
        """Whether an unsigned runbook is refused."""
        return self.signatures is SignaturesRule.REQUIRED

    @property
    def names(self) -> dict[PublicKey, str]:
        """The name of each trusted key."""
        return {read_public_key(line): name for name, line in self.trusted_keys.items()}


@dataclass(frozen=True)
class SignatureVerdict:
    """What the signatures of a runbook version are worth.

    Args:
        signers: Trusted keys that signed exactly this version: name, and fingerprint.
        told: All of it in words, to follow "the runbook is ".
    """

    signers: tuple[tuple[str, str], ...]
    told: str

    @property
    def is_signed(self) -> bool:
        """Whether one trusted key signed it; one is enough."""
        return bool(self.signers)


def judge_signatures(
    version: RunbookVersion, texts: Iterable[str], policy: RunbooksPolicy
) -> SignatureVerdict:
    """Say which trusted keys signed exactly this id, version and content.

    Args:
        version: What would be run.
        texts: Signatures as they are kept, armoured; what cannot be read is worth nothing.
        policy: Whose keys are trusted now.
    """
    names, message = policy.names, version.statement().encode()
    signers: dict[tuple[str, str], None] = {}
    worthless: dict[str, None] = {}
    for signature in _read(texts):
        fingerprint, name = signature.key.fingerprint, names.get(signature.key)
        if not signature.covers(message, SIGNATURE_NAMESPACE):
            who = f"{name} ({fingerprint})" if name else fingerprint
            worthless[f"the signature of {who} is for something else"] = None
        elif name is None:
            worthless[f"{fingerprint} signed it, a key that the policy does not trust"] = None
        else:
            signers[name, fingerprint] = None
    if signers:
        told = "signed by " + ", ".join(f"{name} ({print_})" for name, print_ in signers)
    else:
        told = "not signed by a trusted key" + (f": {'; '.join(worthless)}" if worthless else "")
    return SignatureVerdict(tuple(signers), told)


def find_refusal(
    version: RunbookVersion, verdict: SignatureVerdict, policy: RunbooksPolicy
) -> str | None:
    """Why nothing of a version may run; None where it may."""
    if verdict.is_signed or not policy.is_required:
        return None
    return (
        f"runbook {name_version(version)} is {verdict.told}. The policy requires it: somebody "
        "whose key is below 'runbooks.trusted_keys' signs it with `airmend runbook sign`"
    )


def name_version(version: RunbookVersion) -> str:
    """Id, version and the beginning of the digest, for people."""
    runbook = version.runbook
    return f"{runbook.id} {runbook.version} (content {version.digest[:12]})"


def _read(texts: Iterable[str]) -> list[Signature]:
    found = []
    for text in texts:
        try:
            found += read_signatures(text)
        except SigningError:
            continue  # was readable when it was kept; whatever it is now, it is no signature
    return found

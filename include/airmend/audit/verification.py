"""Is the log what was sealed? Answered from an export alone, without a database or a network.

Every record is hashed again, the tree is built again, and its root is compared at every
checkpoint: those of the export, and those that somebody else kept. The first record that does
not fit is named; where only the tree differs, the records between the last checkpoint that
fits and the first that does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from airmend.audit.canonical import hash_document, hash_personal
from airmend.audit.checkpoints import Checkpoint
from airmend.audit.merkle import Frontier, is_included
from airmend.audit.model import Finding, SealedRecord
from airmend.audit.notes import Verifier, find_signer
from airmend.errors import AuditError


@dataclass
class Verdict:
    """What was found.

    Args:
        checkpoint: The newest one of the log; None where there is none.
        signed_by: The trusted key that signed it.
        records: How many were looked at.
        erased: Personal fields that an erasure of the log names.
        pruned: Records without content that a pruning of the log names.
        compared: Checkpoints that the tree agrees with.
        findings: What is wrong, the first record first; empty when all is well.
    """

    checkpoint: Checkpoint | None = None
    signed_by: Verifier | None = None
    records: int = 0
    erased: int = 0
    pruned: int = 0
    compared: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, position: int | None, text: str) -> None:
        """Note something wrong."""
        self.findings.append(Finding(position=position, text=text))


def verify_log(
    records: Iterable[SealedRecord],
    checkpoints: Sequence[Checkpoint],
    trusted: Sequence[Verifier],
    elsewhere: Sequence[Checkpoint] = (),
) -> Verdict:
    """Check a whole log.

    Args:
        records: All of them, in their order.
        checkpoints: The log's own, the smallest first.
        trusted: Keys that the newest one may be signed by.
        elsewhere: Checkpoints of this log that were kept outside.
    """
    verdict = Verdict()
    _check_signatures(verdict, checkpoints, trusted, elsewhere)
    wanted: dict[int, list[Checkpoint]] = {}
    for checkpoint in [*checkpoints, *elsewhere]:
        wanted.setdefault(checkpoint.size, []).append(checkpoint)
    contents, frontier, agreed, names = _Contents(), Frontier(), 0, list[str]()
    fork: tuple[int, Checkpoint, str] | None = None
    for record in records:
        if record.position != frontier.size:
            verdict.add(frontier.size, f"record {frontier.size} is missing: {record.name} follows")
        contents.check(record, verdict)
        frontier.append(bytes.fromhex(record.hash))
        names.append(record.name)
        if fork is None and (here := wanted.get(frontier.size)):
            root = frontier.root()
            if others := [each for each in here if each.root != root]:
                fork = agreed, others[0], _word_fork(names, others[0])
            else:
                agreed, names = frontier.size, []
                verdict.compared += len(here)
    verdict.records = frontier.size
    contents.settle(verdict)
    if fork and not _is_explained(verdict, fork[0], fork[1].size):
        verdict.add(fork[0], fork[2])
    _check_end(verdict, frontier.size, wanted)
    verdict.findings.sort(key=lambda finding: (finding.position is None, finding.position))
    return verdict


def verify_pack(
    records: Iterable[SealedRecord],
    checkpoint: Checkpoint,
    trusted: Sequence[Verifier],
    elsewhere: Sequence[Checkpoint] = (),
) -> Verdict:
    """Check some records of a log, each with its proof that it is below a checkpoint.

    Of checkpoints that were kept elsewhere, one of the same size has to be the same; with the
    others only an export can be compared.
    """
    verdict, contents = Verdict(), _Contents()
    _check_signatures(verdict, [checkpoint], trusted, elsewhere)
    for record in records:
        verdict.records += 1
        contents.check(record, verdict)
        proof = [bytes.fromhex(node) for node in record.proof or ()]
        leaf_hash = bytes.fromhex(record.hash)
        if not is_included(leaf_hash, record.position, checkpoint.size, proof, checkpoint.root):
            verdict.add(record.position, f"{record.name}: its proof does not lead to the root")
    contents.settle(verdict)
    for other in (each for each in elsewhere if each.size == checkpoint.size):
        if other.root == checkpoint.root:
            verdict.compared += 1
        else:
            verdict.add(None, f"elsewhere, {other.size} records have another root: it is a fork")
    verdict.findings.sort(key=lambda finding: (finding.position is None, finding.position))
    return verdict


class _Contents:
    """What records say, held against their hashes, and what is allowed to be missing."""

    def __init__(self) -> None:
        self._gone: list[SealedRecord] = []
        self._withheld: list[tuple[SealedRecord, str]] = []
        self._erased: set[tuple[int, str]] = set()
        self._pruned: list[tuple[int, int]] = []

    def check(self, record: SealedRecord, verdict: Verdict) -> None:
        """Hash one record again."""
        leaf = record.leaf
        if leaf is None:
            self._gone.append(record)
        elif [leaf.get(name) for name in ("position", "kind", "key")] != [
            *(record.position, record.kind, record.key)
        ]:
            verdict.add(record.position, f"{record.name}: it was sealed at another place")
        elif hash_document(leaf).hex() != record.hash:
            verdict.add(record.position, f"{record.name}: its content is not what was sealed")
        else:
            for name in self._changed_fields(record, leaf["personal"]):
                verdict.add(
                    record.position, f"{record.name}: its field '{name}' is not what was sealed"
                )
            if record.kind == "audit_action":
                self._allow(leaf["record"])

    def settle(self, verdict: Verdict) -> None:
        """Hold what is missing against the erasures and prunings that the log names."""
        for record in self._gone:
            if any(first <= record.position <= last for first, last in self._pruned):
                verdict.pruned += 1
            else:
                verdict.add(record.position, f"{record.name}: the record is gone")
        for record, name in self._withheld:
            if (record.position, name) in self._erased:
                verdict.erased += 1
            else:
                verdict.add(
                    record.position,
                    f"{record.name}: its field '{name}' is withheld, and no erasure names it",
                )

    def _changed_fields(self, record: SealedRecord, digests: dict[str, str]) -> Iterator[str]:
        for name, digest in digests.items():
            shown = record.disclosed.get(name)
            if shown is None:
                self._withheld.append((record, name))
            elif hash_personal(bytes.fromhex(shown.salt), name, shown.value).hex() != digest:
                yield name
        yield from sorted(set(record.disclosed) - set(digests))

    def _allow(self, action: dict[str, object]) -> None:
        match action:
            case {"kind": "erasure", "detail": {"fields": list(fields)}}:
                self._erased |= {(position, name) for position, name in fields}
            case {"kind": "pruning", "detail": {"ranges": list(ranges)}}:
                self._pruned += [(first, last) for first, last in ranges]


def _check_signatures(
    verdict: Verdict,
    checkpoints: Sequence[Checkpoint],
    trusted: Sequence[Verifier],
    elsewhere: Sequence[Checkpoint],
) -> None:
    verdict.checkpoint = max(checkpoints, key=lambda each: each.size, default=None)
    for checkpoint in [*checkpoints, *elsewhere]:
        try:
            signed_by = find_signer(checkpoint.note, trusted)
        except AuditError as error:
            verdict.add(None, f"the checkpoint of {checkpoint.size} records: {error}")
            continue
        if verdict.checkpoint is not None and checkpoint.name != verdict.checkpoint.name:
            verdict.add(None, f"a checkpoint of another log, {checkpoint.name}, stands among these")
        if checkpoint is verdict.checkpoint:
            verdict.signed_by = signed_by
            if signed_by is None:
                verdict.add(
                    None,
                    f"the checkpoint of {checkpoint.size} records is signed by none of the keys "
                    f"that are trusted: {', '.join(map(str, trusted))}",
                )


def _is_explained(verdict: Verdict, start: int, end: int) -> bool:
    """Whether one of these records was found by itself, so that another root is no wonder."""
    found = (finding.position for finding in verdict.findings)
    return any(position is not None and start <= position < end for position in found)


def _check_end(verdict: Verdict, size: int, wanted: dict[int, list[Checkpoint]]) -> None:
    largest = max(wanted, default=0)
    if largest > size:
        verdict.add(
            size,
            f"the log ends with {size} records, and a checkpoint counts {largest}: those from "
            f"record {size} on are gone",
        )
    signed = verdict.checkpoint.size if verdict.checkpoint else 0
    if signed < size:
        verdict.add(signed, f"the records from {signed} on are below no checkpoint of the log")


def _word_fork(names: Sequence[str], checkpoint: Checkpoint) -> str:
    where = names[0] if len(names) == 1 else f"one of {names[0]} to {names[-1]}"
    return (
        f"{where}: it is not what was sealed, since the tree of {checkpoint.size} records has "
        "another root than its checkpoint"
    )

"""The Merkle tree of the audit log: roots, proofs and their checks, after RFC 6962 and RFC 9162.

Pure: hashes in, hashes out. A tree is asked for the hashes of complete subtrees by level and
number, so that whoever stores it decides which of them to keep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_SIZE = 32

TILE_LEVELS = 8
"""Of the inner nodes those of every eighth level are kept: one for 256 leaves, one for 65,536."""

Nodes = Callable[[int, int], bytes]
"""Gives the hash of a complete subtree: of 2**level leaves, the number-th from the left."""


def hash_leaf(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: enough to append leaves and to know the root.

    Args:
        size: Leaves so far.
        peaks: The hashes of its complete subtrees, the largest first; see `find_peaks`.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks")
        self.size, self._peaks = size, list(peaks)

    def append(self, leaf_hash: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; gives the subtrees that it completes: level, number, hash."""
        completed = []
        level, number, node = 0, self.size, leaf_hash
        while number & 1:
            node = hash_children(self._peaks.pop(), node)
            level, number = level + 1, number >> 1
            completed.append((level, number, node))
        self._peaks.append(node)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root hash; that of a tree without leaves is the hash of nothing."""
        if not self._peaks:
            return hashlib.sha256().digest()
        *others, node = self._peaks
        for peak in reversed(others):
            node = hash_children(peak, node)
        return node


def find_peaks(nodes: Nodes, size: int) -> list[bytes]:
    """The complete subtrees of a tree of `size` leaves, the largest first."""
    peaks, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            peaks.append(nodes(level, start >> level))
            start += 1 << level
    return peaks


def find_root(nodes: Nodes, size: int) -> bytes:
    """The root of the first `size` leaves."""
    return Frontier(size, find_peaks(nodes, size)).root()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash of the complete subtree over these; their number is a power of two."""
    level = list(hashes)
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [hash_children(left, right) for left, right in pairs]
    return level[0]


def prove_inclusion(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """The path that leads from a leaf to the root of `size` leaves, the leaf's end first.

    Raises:
        ValueError: The tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_hash_range(nodes, middle, end))
            end = middle
        else:
            path.append(_hash_range(nodes, start, middle))
            start = middle
    return path[::-1]


def prove_consistency(nodes: Nodes, earlier: int, size: int) -> list[bytes]:
    """What shows that a tree of `size` leaves begins with the one of `earlier` leaves.

    Raises:
        ValueError: The earlier one is empty or larger.
    """
    if not 0 < earlier <= size:
        raise ValueError(f"a tree of {size} leaves cannot be shown to go on from {earlier}")
    path: list[bytes] = []
    start, end = 0, size
    while end != earlier:
        middle = start + _split(end - start)
        if earlier <= middle:
            path.append(_hash_range(nodes, middle, end))
            end = middle
        else:
            path.append(_hash_range(nodes, start, middle))
            start = middle
    if start:  # otherwise the earlier root itself is this node, and who checks knows it
        path.append(_hash_range(nodes, start, end))
    return path[::-1]


def is_included(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether a proof shows a leaf at its place below a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes([leaf_hash, *proof]):
        return False
    number, last, node = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if number & 1 or number == last:
            node = hash_children(sibling, node)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            node = hash_children(node, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and node == root


def is_consistent(
    earlier: int, size: int, proof: Sequence[bytes], earlier_root: bytes, root: bytes
) -> bool:
    """Whether a proof shows that one tree begins with the other (RFC 9162, 2.1.4.2)."""
    if earlier == size:
        return not proof and earlier_root == root
    if not 0 < earlier < size or not proof or not _are_hashes(proof):
        return False
    path = list(proof)
    if earlier & (earlier - 1) == 0:
        path.insert(0, earlier_root)
    number, last = earlier - 1, size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            old, new = hash_children(node, old), hash_children(node, new)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            new = hash_children(new, node)
        number, last = number >> 1, last >> 1
    return last == 0 and (old, new) == (earlier_root, root)


def _split(size: int) -> int:
    """The largest power of two below a size of two or more."""
    return 1 << (size - 1).bit_length() - 1


def _hash_range(nodes: Nodes, start: int, end: int) -> bytes:
    """The hash of a subtree of the RFC's recursion, complete or at the right edge."""
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _split(width)
    return hash_children(_hash_range(nodes, start, middle), _hash_range(nodes, middle, end))


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_SIZE for value in values)

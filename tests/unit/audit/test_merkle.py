"""The Merkle tree: the vectors of Certificate Transparency, and laws that hold for every tree."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airmend.audit.merkle import (
    Frontier,
    Nodes,
    find_peaks,
    find_root,
    fold,
    hash_leaf,
    is_consistent,
    is_included,
    prove_consistency,
    prove_inclusion,
)

# The eight leaves and the roots over the first one, two, ... of them that the reference
# implementation of Certificate Transparency is tested with.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {  # index, size
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {  # earlier size, size
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def nodes_of(leaf_hashes: list[bytes]) -> Nodes:
    return lambda level, number: fold(leaf_hashes[number << level : (number + 1) << level])


def root_of(leaf_hashes: list[bytes]) -> bytes:
    """The definition of RFC 6962, 2.1, word for word."""
    if not leaf_hashes:
        return hashlib.sha256(b"").digest()
    if len(leaf_hashes) == 1:
        return leaf_hashes[0]
    k = 1
    while k * 2 < len(leaf_hashes):
        k *= 2
    left, right = root_of(leaf_hashes[:k]), root_of(leaf_hashes[k:])
    return hashlib.sha256(b"\x01" + left + right).digest()


HASHES = [hash_leaf(leaf) for leaf in LEAVES]
sizes = st.integers(min_value=1, max_value=130)


def many(size: int) -> list[bytes]:
    return [hash_leaf(str(number).encode()) for number in range(size)]


def test_roots_are_those_of_certificate_transparency() -> None:
    frontier = Frontier()
    assert frontier.root().hex() == hashlib.sha256().hexdigest()
    for leaf_hash, root in zip(HASHES, ROOTS, strict=True):
        frontier.append(leaf_hash)
        assert frontier.root().hex() == root
        assert find_root(nodes_of(HASHES), frontier.size).hex() == root


@pytest.mark.parametrize(("place", "path"), INCLUSION.items())
def test_inclusion_proofs_are_those_of_certificate_transparency(
    place: tuple[int, int], path: list[str]
) -> None:
    index, size = place
    proof = prove_inclusion(nodes_of(HASHES), index, size)
    assert [node.hex() for node in proof] == path
    assert is_included(HASHES[index], index, size, proof, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("place", "path"), CONSISTENCY.items())
def test_consistency_proofs_are_those_of_certificate_transparency(
    place: tuple[int, int], path: list[str]
) -> None:
    earlier, size = place
    proof = prove_consistency(nodes_of(HASHES), earlier, size)
    assert [node.hex() for node in proof] == path
    roots = bytes.fromhex(ROOTS[earlier - 1]), bytes.fromhex(ROOTS[size - 1])
    assert is_consistent(earlier, size, proof, *roots)


@given(sizes, st.data())
def test_every_leaf_is_proven_at_its_place_and_nowhere_else(size: int, data: st.DataObject) -> None:
    hashes = many(size)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    root, proof = root_of(hashes), prove_inclusion(nodes_of(hashes), index, size)
    assert is_included(hashes[index], index, size, proof, root)
    assert is_included(hashes[other], index, size, proof, root) == (other == index)
    assert is_included(hashes[index], other, size, proof, root) == (other == index)
    assert not is_included(hashes[index], index, size, [*proof, root], root)
    assert not is_included(hashes[index], index, size, proof, hashes[index][::-1])
    assert not proof or not is_included(hashes[index], index, size, proof[1:], root)


@given(sizes, st.data())
def test_a_tree_is_consistent_with_its_beginning_and_with_no_other(
    size: int, data: st.DataObject
) -> None:
    hashes = many(size)
    earlier = data.draw(st.integers(1, size))
    touched = data.draw(st.integers(0, earlier - 1))
    rewritten = [*hashes[:touched], hash_leaf(b"another"), *hashes[touched + 1 :]]
    before, after = root_of(hashes[:earlier]), root_of(rewritten)
    proof = prove_consistency(nodes_of(hashes), earlier, size)
    assert is_consistent(earlier, size, proof, before, root_of(hashes))
    forged = prove_consistency(nodes_of(rewritten), earlier, size)
    assert not is_consistent(earlier, size, forged, before, after)
    assert not is_consistent(earlier, size, proof, before, after)
    assert not is_consistent(earlier, size, [*proof, before], before, root_of(hashes))


@given(sizes, st.data())
def test_a_tree_that_is_taken_up_again_grows_as_if_it_had_never_stopped(
    size: int, data: st.DataObject
) -> None:
    hashes = many(size)
    stop = data.draw(st.integers(0, size))
    frontier = Frontier(stop, find_peaks(nodes_of(hashes), stop))
    for number, leaf_hash in enumerate(hashes[stop:], start=stop):
        for level, place, node in frontier.append(leaf_hash):
            assert (place + 1) << level == number + 1
            assert node == nodes_of(hashes)(level, place)
    assert frontier.root() == root_of(hashes)


def test_what_a_tree_does_not_have_is_not_proven() -> None:
    nodes = nodes_of(HASHES)
    with pytest.raises(ValueError, match="no leaf 8"):
        prove_inclusion(nodes, 8, 8)
    for earlier in (0, 9):
        with pytest.raises(ValueError, match="cannot be shown"):
            prove_consistency(nodes, earlier, 8)
    root = bytes.fromhex(ROOTS[7])
    assert not is_included(HASHES[0], 8, 8, [], root)
    assert not is_included(b"short", 0, 1, [], b"short")
    assert not is_consistent(0, 8, [], hashlib.sha256().digest(), root)
    assert not is_consistent(9, 8, [], root, root)
    with pytest.raises(ValueError, match="2 peaks"):
        Frontier(3, HASHES[:1])

"""The hash tree over the events of one block (RFC 6962 §2.1: leaves and nodes are told apart by a prefix byte)."""

from collections.abc import Sequence
from hashlib import sha256


def leaf_hash(content: bytes) -> bytes:
    """The hash of one leaf."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over its two children."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf contents; the empty tree's root is the hash of nothing."""
    if not leaves:
        return sha256(b"").digest()
    level = [leaf_hash(content) for content in leaves]
    while len(level) > 1:
        level = _next_level(level)
    return level[0]


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The sibling hashes, lowest first, that lead from leaf number ``index`` to the root."""
    path: list[bytes] = []
    level = [leaf_hash(content) for content in leaves]
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level, index = _next_level(level), index // 2
    return path


def root_from_path(content: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that this leaf and path imply in a tree of ``size`` leaves; None when the path does not fit the tree."""
    if not 0 <= index < size:
        return None
    current, remaining, last = leaf_hash(content), list(path), size - 1
    while last > 0:
        if index % 2 == 1 or index < last:
            if not remaining:
                return None
            sibling = remaining.pop(0)
            current = node_hash(sibling, current) if index % 2 == 1 else node_hash(current, sibling)
        index, last = index // 2, last // 2
    return None if remaining else current


def _next_level(level: list[bytes]) -> list[bytes]:
    """Pair neighbours; an unpaired last one rises unchanged, which gives the tree of RFC 6962."""
    paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*paired, level[-1]] if len(level) % 2 else paired

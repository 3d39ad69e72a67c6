"""The hash tree: known roots of RFC 6962's test data, and every path leads to the root."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.audit.merkle import inclusion_path, root_from_path, tree_root

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
KNOWN_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize(("size", "root"), KNOWN_ROOTS.items())
def test_the_root_is_that_of_the_certificate_transparency_test_data(size: int, root: str) -> None:
    assert tree_root(LEAVES[:size]).hex() == root


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=70), st.data())
def test_every_path_leads_to_the_root_and_no_other_leaf_fits_it(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = inclusion_path(leaves, index)
    assert root_from_path(leaves[index], index, len(leaves), path) == tree_root(leaves)
    assert root_from_path(leaves[index] + b"x", index, len(leaves), path) != tree_root(leaves)


@given(st.integers(1, 40), st.data())
def test_a_path_of_the_wrong_length_or_place_is_refused(size: int, data: st.DataObject) -> None:
    leaves = [bytes([number]) for number in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(leaves, index)
    assert root_from_path(leaves[index], index, size, [*path, b"\0" * 32]) is None
    assert root_from_path(leaves[index], size, size, path) is None
    if path:
        assert root_from_path(leaves[index], index, size, path[:-1]) is None

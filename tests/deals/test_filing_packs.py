"""What goes to the office: known for the Chinese offices, and nothing is invented for others."""

import pytest

from marketplace.deals.filing_packs import PACKS, filing_pack
from marketplace.deals.terms import DealKind
from marketplace.registry.assets import AssetKind


@pytest.mark.parametrize(("kind", "asset", "fee"), [
    (DealKind.TRANSFER, AssetKind.INVENTION, "200.00"), (DealKind.TRANSFER, AssetKind.DESIGN, "200.00"),
    (DealKind.LICENCE, AssetKind.UTILITY_MODEL, "0.00"), (DealKind.TRANSFER, AssetKind.TRADEMARK, "500.00"),
    (DealKind.LICENCE, AssetKind.TRADEMARK, "150.00"),
])  # fmt: skip
def test_the_pack_follows_the_act_and_the_kind_of_right(kind: DealKind, asset: AssetKind, fee: str) -> None:
    pack = filing_pack(kind, asset, "CN")
    assert pack is not None and pack.fee is not None
    assert pack.fee.format() == fee and pack.documents and pack.source


@pytest.mark.parametrize(("asset", "office"), [(AssetKind.INVENTION, "US"), (AssetKind.COPYRIGHT, "CN")])
def test_no_list_is_invented_where_none_is_known(asset: AssetKind, office: str) -> None:
    assert filing_pack(DealKind.TRANSFER, asset, office) is None


def test_every_pack_is_written_in_both_languages() -> None:
    for pack in PACKS.values():
        for words in (pack.formality, *pack.documents, *([pack.time] if pack.time else [])):
            assert words["zh"] and words["en"]

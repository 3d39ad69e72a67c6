"""Numbers as every office writes them lead to the asset."""

from typing import Any

import pytest

from marketplace.listings.indexing import Follower
from marketplace.listings.numbers import number_readings
from marketplace.listings.search import search_assets
from marketplace.registry.assets import AssetKind
from tests.makers.registry import make_asset

CHINESE: dict[str, Any] = {
    "office": "CN",
    "number": "116000001",
    "kind_code": "B",
    "application_number": "202310000001.X",
}
AMERICAN: dict[str, Any] = {"office": "US", "number": "06693123", "kind_code": "B2", "application_number": "10123456"}
PUBLISHED: dict[str, Any] = {
    "office": "US",
    "number": "20060123456",
    "kind_code": "A1",
    "application_number": "11000001",
}
EUROPEAN: dict[str, Any] = {"office": "EP", "number": "1234567", "kind_code": "B1", "application_number": "05123456.7"}
WORLD: dict[str, Any] = {
    "office": "WO",
    "number": "2006012345",
    "kind_code": "A1",
    "application_number": "PCT/US2005/012345",
}
JAPANESE: dict[str, Any] = {"office": "JP", "number": "4123456", "kind_code": "B2", "application_number": "2001999999"}
JAPANESE_EARLY: dict[str, Any] = {"office": "JP", "number": "H10123456", "kind_code": "A", "application_number": ""}
KOREAN: dict[str, Any] = {"office": "KR", "number": "1020060123456", "kind_code": "A", "application_number": ""}
DESIGN: dict[str, Any] = {
    "office": "US",
    "number": "D512345",
    "kind_code": "S",
    "application_number": "29123456",
    "kind": AssetKind.DESIGN,
}
MARK: dict[str, Any] = {
    "office": "EU",
    "number": "018123456",
    "kind_code": "",
    "application_number": "",
    "kind": AssetKind.TRADEMARK,
}

WRITTEN: dict[str, dict[str, Any]] = {
    "ZL 2023 1 0000001.X": CHINESE, "CN202310000001.X": CHINESE, "202310000001.X": CHINESE, "202310000001": CHINESE,
    "专利号：ZL202310000001.X": CHINESE, "申请号 202310000001.X": CHINESE, "CN 116000001 B": CHINESE, "cn116000001b": CHINESE,
    "ＣＮ１１６０００００１Ｂ": CHINESE, "US 6,693,123 B2": AMERICAN, "6,693,123": AMERICAN, "US Pat. No. 6,693,123": AMERICAN,
    "US06693123": AMERICAN, "US 10/123,456": AMERICAN, "10/123,456": AMERICAN, "US 2006/0123456 A1": PUBLISHED,
    "EP 1 234 567 B1": EUROPEAN, "EP-B-1 234 567": EUROPEAN, "EP05123456.7": EUROPEAN, "WO 2006/012345 A1": WORLD,
    "WO 06/12345": WORLD, "WO2006012345": WORLD, "PCT/US2005/012345": WORLD, "特許第4123456号": JAPANESE,
    "JP 4123456 B2": JAPANESE, "特開平10-123456": JAPANESE_EARLY, "KR 10-2006-0123456": KOREAN, "10-2006-0123456": KOREAN,
    "D512,345": DESIGN, "US D512,345 S": DESIGN, "018123456": MARK, "EU 018123456": MARK, "18123456号": MARK,
}  # fmt: skip


def test_an_asset_is_found_by_its_number_in_every_way_of_writing(follower: Follower) -> None:
    every = (CHINESE, AMERICAN, PUBLISHED, EUROPEAN, WORLD, JAPANESE, JAPANESE_EARLY, KOREAN, DESIGN, MARK)
    assets = {str(fields): make_asset(**fields) for fields in every}
    for _ in range(3):
        make_asset()
    follower.catch_up()
    lost = [
        text
        for text, fields in WRITTEN.items()
        if assets[str(fields)].id not in [hit.asset_id for hit in search_assets(text, {}, None).items[:1]]
    ]
    assert lost == []
    for text in ('number:"US 6,693,123 B2"', "专利号：US6693123"):
        (hit,) = search_assets(text, {}, None).items
        assert hit.asset_id == assets[str(AMERICAN)].id


@pytest.mark.parametrize(
    "text", ["锂电池", "battery 12345 pack", "filed:2020..2021", "2020", "", "CN", "a" * 80, '"12345678"', "x12345*"]
)
def test_what_is_no_number_is_not_read_as_one(text: str) -> None:
    assert number_readings(text) == frozenset()


def test_a_number_that_names_its_office_is_no_number_of_another() -> None:
    assert "6693123" not in number_readings("US 6,693,123 B2")
    assert "6693123" in number_readings("6,693,123")

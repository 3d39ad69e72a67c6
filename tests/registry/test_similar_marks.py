"""Identical and similar marks of one owner for the same goods are named together."""

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.rights import Instrument, check_instrument
from marketplace.registry.similar_marks import alike, companions_of
from tests.makers.identity import make_organisation
from tests.makers.registry import make_asset

ON = date(2026, 11, 23)


@pytest.mark.parametrize(("one", "other", "expected"), [
    ("moonriver", "moonriver", True), ("moonriver", "moonrivers", True), ("moonriver", "moonriverplus", True),
    ("云溪", "云溪山泉", True), ("虚构明月牌", "虚构明日牌", True), ("moon", "mood", False), ("sun", "sunrise", False),
    ("云溪", "云海", False), ("moonriver", "starlight", False),
])  # fmt: skip
def test_marks_are_alike_by_their_words(one: str, other: str, expected: bool) -> None:
    assert alike(one, other) is alike(other, one) is expected


def mark(owner: Any, title: str, *classes: str, **changes: Any) -> Any:
    return make_asset(
        owner, kind=AssetKind.TRADEMARK, titles={"zh": title}, nice_classes=list(classes), ipc=[], cpc=[], **changes
    )


def test_only_living_marks_of_the_same_owner_and_goods_go_along(db: Any) -> None:
    owner, stranger = make_organisation(), make_organisation()
    sold = mark(owner, "云溪", "9", "35")
    along = [mark(owner, "雲溪", "09"), mark(owner, "云溪山泉", "35")]
    mark(owner, "云溪", "25")
    mark(owner, "另一品牌", "9")
    mark(owner, "云溪", "9", status=LegalStatus.LAPSED)
    mark(stranger, "云溪", "9")
    mark(owner, "云溪", "9", office="US")
    unknown_goods = mark(owner, "云溪")
    assert {one.id for one in companions_of(sold, ON)} == {one.id for one in (*along, unknown_goods)}
    assert companions_of(make_asset(owner), ON) == []


def test_the_verdict_and_the_pages_name_them_with_the_law(client: FlaskClient, db: Any) -> None:
    owner = make_organisation()
    sold, along = mark(owner, "云溪", "9"), mark(owner, "云溪山泉", "9")
    for kind in ("transfer", "pledge"):
        verdict = check_instrument(Instrument(kind, sold.id), ON)
        assert verdict.together_with == (along.label,)
    assert check_instrument(Instrument("licence", sold.id), ON).together_with == ()
    db.commit()
    page = client.get(f"/assets/{sold.id}", headers={"Accept-Language": "zh"}).get_data(as_text=True)
    assert "云溪山泉" in page and "《商标法》第四十二条" in page
    asked = client.get(f"/assets/{sold.id}/rights?kind=transfer", headers={"Accept-Language": "en"})
    assert "Similar marks of the same owner that go with it" in asked.get_data(as_text=True)

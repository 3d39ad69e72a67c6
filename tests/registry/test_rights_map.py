"""The rights map: who may do what, where, until when; what may still be granted; questions answered with the law."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.actor import SYSTEM
from marketplace.registry.assets import Asset
from marketplace.registry.encumbrances import EncumbranceKind, encumber
from marketplace.registry.rights import Instrument, grant_licence
from marketplace.registry.rights_map import Holding, holdings_of, still_free, strip_of
from tests.makers.identity import make_actor, make_organisation
from tests.makers.registry import make_asset

NOW = datetime.now(UTC)
TODAY = NOW.date()


def licensed(exclusivity: str, **terms: Any) -> tuple[Asset, Any]:
    """An asset with one licence, and its owner."""
    owner, licensee = make_actor(), make_organisation()
    asset = make_asset(owner=make_owner(owner))
    instrument = Instrument(
        "licence", asset.id, owner.organisation_id, licensee.id, begins_on=TODAY, exclusivity=exclusivity,
        ends_on=TODAY + timedelta(days=400), **terms,
    )  # fmt: skip
    grant_licence(owner, instrument, "L-1", NOW)
    return asset, owner


def make_owner(actor: Any) -> Any:
    from marketplace.identity.organisations import find_organisation

    return find_organisation(actor.organisation_id)


def test_an_exclusive_licence_shuts_even_the_owner_out(db: Any) -> None:
    asset, owner = licensed("exclusive")
    first, second = holdings_of(asset, TODAY)
    assert (first.power, second.power) == ("owner_shut_out", "exclusive_licence")
    assert second.reference == "L-1" and second.every_use
    verdicts = {one.exclusivity: one.verdict.allowed for one in still_free(asset, owner.organisation_id, TODAY)}
    assert verdicts == {"exclusive": False, "sole": False, "non_exclusive": False}


def test_what_is_still_free_names_the_lawful_part(db: Any) -> None:
    asset, owner = licensed("exclusive", fields=("H01M",))
    free = {one.exclusivity: one for one in still_free(asset, owner.organisation_id, TODAY)}
    changes = {item.change for item in free["exclusive"].alternatives}
    assert not free["exclusive"].verdict.allowed and "begins_on" in changes


def test_a_pledge_stands_beside_the_owner_with_its_creditor(db: Any) -> None:
    bank = make_organisation("bank")
    asset = make_asset(owner=make_organisation())
    encumber(SYSTEM, asset.id, EncumbranceKind.PLEDGE, bank.id, TODAY, None, "Y-1", NOW)
    owner, pledge = holdings_of(asset, TODAY)
    assert owner.power == "owner" and pledge.power == "pledge" and pledge.holder == bank.name_zh


@given(st.integers(-900, 9000), st.integers(0, 9000), st.integers(1, 7300))
def test_a_strip_always_lies_on_the_line(begins: int, lasts: int, life: int) -> None:
    begin = TODAY + timedelta(days=begins)
    holding = Holding("sole_licence", "x", ("CN",), ("*",), begin, begin + timedelta(days=lasts))
    asset = Asset(expires_on=TODAY + timedelta(days=life))
    strip = strip_of(holding, TODAY, asset)
    assert 0 <= strip.start < 1000 and strip.length > 0 and strip.start + strip.length <= 1000


@pytest.mark.parametrize(("language", "word"), [("zh", "不可以，理由如下"), ("en", "No, for these reasons")])
def test_the_page_answers_a_proposed_grant_with_the_law(
    db: Any, client: FlaskClient, sign_in: Any, language: str, word: str
) -> None:
    asset, owner = licensed("sole")
    db.commit()
    sign_in(client, owner)
    question = f"/assets/{asset.id}/rights?kind=licence&exclusivity=exclusive&territory=CN&lang={language}"
    page = client.get(question).get_data(as_text=True)
    assert word in page
    free = client.get(f"/assets/{asset.id}/rights?kind=transfer&lang={language}").get_data(as_text=True)
    assert word not in free


@pytest.mark.parametrize("question", ["kind=theft", "kind=licence&territory=XX", "kind=licence&ends_on=tomorrow"])
def test_a_malformed_question_is_refused(db: Any, client: FlaskClient, question: str) -> None:
    asset = make_asset(owner=make_organisation())
    db.commit()
    assert client.get(f"/assets/{asset.id}/rights?{question}").status_code == 422


def test_the_map_is_read_over_the_api(db: Any, client: FlaskClient) -> None:
    asset, _owner = licensed("non_exclusive", territory=("CN",))
    db.commit()
    items = client.get(f"/api/v1/assets/{asset.id}/rights").get_json()["items"]
    assert [item["power"] for item in items] == ["owner", "non_exclusive_licence"]
    assert date.fromisoformat(items[1]["begins_on"]) == TODAY

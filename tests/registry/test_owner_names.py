"""Owner names that are probably one party: found with reasons, decided by a person, believed over time, never joined silently."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Malformed, NotAllowed
from marketplace.registry.claims import ClaimStatus, claim_ownership
from marketplace.registry.name_likeness import likeness, neighbours
from marketplace.registry.names import normal_name
from marketplace.registry.owner_names import (
    NameVerdict,
    OwnerNamePair,
    decide_names,
    find_name_pairs,
    name_pairs,
    other_names_of,
)
from marketplace.registry.ownership import register_ownership
from marketplace.registry.title_chain import Passing, TitleFinding, read_chain
from tests.makers.identity import make_actor, make_organisation
from tests.makers.registry import make_asset

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(("one", "other", "reasons"), [
    ("Entegris, Inc.", "ENTEGRIS INC", ("same_name",)),
    ("HUAWEI TECHNOLOGIES CO., LTD.", "Huawei Technologies Company Limited", ("same_name",)),
    ("广州虚构科技有限公司", "廣州虛構科技有限責任公司", ("same_name",)),
    ("TSINGHUA UNIV", "UNIV TSINGHUA", ("word_order",)),
    ("HUAWEI TECH CO LTD", "HUAWEI TECHNOLOGIES CO LTD", ("shortened",)),
    ("Samsung Electronics Co., Ltd.", "Samsung Electronic Co Ltd", ("one_letter",)),
    ("Apple Inc", "Apple", ("same_name", "form_missing")),
    ("虚构科技有限公司", "虚构科技股份有限公司", ("same_name", "form_changed")),
])  # fmt: skip
def test_spellings_of_one_party_are_seen_with_their_reasons(one: str, other: str, reasons: tuple[str, ...]) -> None:
    for first, second in ((one, other), (other, one)):
        found = likeness(first, second)
        assert found is not None and found.reasons == reasons


@pytest.mark.parametrize(("one", "other"), [
    ("Foo GmbH", "Foo Inc"), ("Siemens AG", "Siemens Healthcare GmbH"), ("华南理工大学", "华东理工大学"),
    ("中山大学", "中山大学附属第一医院"), ("3M Co", "5M Co"), ("Phase 2 Labs Inc", "Phase 3 Labs Inc"),
    ("ABC Corp", "ABD Corp"), ("Shenzhen Fiction Tech Ltd", "Shenyang Fiction Tech Ltd"),
])  # fmt: skip
def test_false_friends_are_not_put_before_anybody(one: str, other: str) -> None:
    assert likeness(one, other) is None


@pytest.mark.parametrize(("one", "other"), [
    ("(주)아세아항측", "공간정보기술 주식회사"), ("Παπαδόπουλος", "Γεωργίου"), ("שלום בעמ", "כוכב בעמ"),
    ("บริษัท ก", "บริษัท ข"), ("शर्मा", "वर्मा"), ("カバ", "カハ"), ("?!", "--"),
])  # fmt: skip
def test_two_names_in_any_script_are_never_one_text(one: str, other: str) -> None:
    assert normal_name(one) != normal_name(other) and likeness(one, other) is None


def test_a_korean_legal_form_is_no_part_of_the_name() -> None:
    assert normal_name("㈜아세아항측") == normal_name("주식회사 아세아항측") == "아세아항측"


def test_neighbours_find_a_pair_wherever_it_stands_and_cost_grows_with_the_names_only() -> None:
    many = [f"Company {chr(65 + n % 26)}{chr(65 + n // 26 % 26)} Works Ltd" for n in range(500)]
    found = {(one, other) for one, other, _why in neighbours([*many, "UNIV TSINGHUA", "TSINGHUA UNIV"])}
    assert ("TSINGHUA UNIV", "UNIV TSINGHUA") in found


def named(name: str) -> Any:
    """A right whose owner is only a name on the office's register."""
    asset = make_asset()
    register_ownership(SYSTEM, asset.id, [(None, name, Fraction(1))], "office record", NOW, held_from=NOW - 900 * DAY)
    return asset


def two_spellings() -> tuple[Any, Any, OwnerNamePair]:
    one = named("Fiction Widgets, Inc.")
    other = named("FICTION WIDGETS INCORPORATED")
    assert find_name_pairs(NOW) >= 1
    row = next(row for row in name_pairs() if "Fiction Widgets, Inc." in (row.pair.name_one, row.pair.name_two))
    assert (row.pair.score, row.rights_one, row.rights_two) == (98, 1, 1)
    return one, other, row.pair


def test_a_pair_is_found_once_and_joined_only_by_a_decision_with_a_reason(db: Any) -> None:
    _one, _other, pair = two_spellings()
    assert find_name_pairs(NOW) == 0
    assert other_names_of([pair.name_one]) == {}
    operator = make_actor(kind="platform_operator")
    with pytest.raises(NotAllowed):
        decide_names(make_actor(), pair.id, NameVerdict.SAME, "same letterhead", NOW)
    with pytest.raises(Malformed):
        decide_names(operator, pair.id, NameVerdict.SAME, " x ", NOW)
    decide_names(operator, pair.id, NameVerdict.SAME, "same letterhead", NOW)
    assert other_names_of([pair.name_one]) == {pair.name_one: [pair.name_two]}
    assert [row.pair.id for row in name_pairs(decided=True)] == [pair.id]


def test_what_was_believed_of_names_on_a_past_day_stays_readable(db: Any) -> None:
    _one, _other, pair = two_spellings()
    operator = make_actor(kind="platform_operator")
    decide_names(operator, pair.id, NameVerdict.SAME, "same letterhead", NOW)
    decide_names(operator, pair.id, NameVerdict.DIFFERENT, "the register of companies shows two", NOW + 2 * DAY)
    decide_names(operator, pair.id, None, "asked the company again", NOW + 4 * DAY)
    names = [pair.name_one]
    believed = [bool(other_names_of(names, NOW + days * DAY)) for days in (-1, 0, 1, 2, 3, 5)]
    assert believed == [False, True, True, False, False, False]
    assert pair.id in {row.pair.id for row in name_pairs()}
    with pytest.raises(DBAPIError, match="closed, never changed"), db.begin_nested():
        db.execute(text("UPDATE owner_name_decisions SET reason = 'another' WHERE pair_id = :id"), {"id": pair.id})


def test_a_claim_to_a_name_held_for_the_same_party_is_linked_at_once(db: Any) -> None:
    other = named("FICTION GADGET CO LTD")
    named("Fiction Gadgets Co., Ltd.")
    find_name_pairs(NOW)
    pair = next(row.pair for row in name_pairs() if "FICTION GADGET CO LTD" in (row.pair.name_one, row.pair.name_two))
    holder = make_actor(organisation=make_organisation(name_en="Fiction Gadgets Co., Ltd."))
    decide_names(make_actor(kind="platform_operator"), pair.id, NameVerdict.SAME, "same registered number", NOW)
    assert claim_ownership(holder, other.id, NOW).status is ClaimStatus.ACCEPTED


def test_a_chain_of_title_follows_names_held_for_one_party_and_says_so() -> None:
    sold = Passing("1/1", ("Fiction Gadget Ltd",), ("Buyer Inc",), NOW.date(), NOW.date())
    gap = read_chain(("Fiction Gadgets Limited",), [sold], ("Buyer Inc",))
    assert gap.links[0].has_gap
    joined = read_chain(
        ("Fiction Gadgets Limited",), [sold], ("Buyer Inc",), {"Fiction Gadget Ltd": ["Fiction Gadgets Limited"]}
    )
    assert joined.unbroken and joined.links[0].findings == [TitleFinding.SPELLING_DIFFERS]


def test_the_operator_reviews_names_by_page_and_api_and_nobody_else(client: FlaskClient, sign_in: Any, db: Any) -> None:
    one, _other, pair = two_spellings()
    db.commit()
    page, path = f"/owner-names/{pair.id}/decision", f"/api/v1/owner-name-pairs/{pair.id}/decision"
    assert client.get("/owner-names").status_code == 302
    assert client.get("/api/v1/owner-name-pairs").status_code == 401
    sign_in(client, make_actor())
    assert client.get("/owner-names").status_code == 403
    assert client.get("/api/v1/owner-name-pairs").status_code == 403
    sign_in(client, make_actor(kind="platform_operator"))
    shown = client.get("/owner-names", headers={"Accept-Language": "zh"}).get_data(as_text=True)
    assert pair.name_one in shown and "文字相同，仅大小写、标点、全半角或繁简不同" in shown
    assert client.post(page, data={"verdict": "same", "reason": "x"}).status_code == 422
    assert client.post(page, data={"verdict": "maybe", "reason": "same letterhead"}).status_code == 422
    assert client.post(page, data={"verdict": "same", "reason": "same letterhead"}).status_code == 303
    seen = client.get(f"/assets/{one.id}", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "also written: " in seen
    decided = client.get("/api/v1/owner-name-pairs?decided=true").json
    assert [(row["verdict"], row["reason"]) for row in decided] == [("same", "same letterhead")]
    key = {"Idempotency-Key": "names-1"}
    assert client.post(path, json={"verdict": "open", "reason": "asked again"}, headers=key).status_code == 204
    assert client.get("/api/v1/owner-name-pairs?decided=true").json == []
    assert client.post(path.replace(str(pair.id), str(one.id)), json={"verdict": "open", "reason": "asked again"},
                       headers={"Idempotency-Key": "names-2"}).status_code == 404  # fmt: skip


def test_the_asset_page_tells_by_what_was_known_on_a_day(client: FlaskClient, db: Any) -> None:
    asset = make_asset(make_organisation())
    db.commit()
    page = client.get(f"/assets/{asset.id}?as_of=2026-11-01&known_at=2026-11-20", headers={"Accept-Language": "en"})
    assert "Told by what the register knew on" in page.get_data(as_text=True)
    title = client.get(f"/assets/{asset.id}/title?known_at=2026-11-20", headers={"Accept-Language": "zh"})
    assert "所知的内容显示" in title.get_data(as_text=True)
    assert client.get(f"/assets/{asset.id}?known_at=soon").status_code == 422

"""Published lending rules: who writes them, what they say about a right, that no bank sees another's, and the hit rate."""

import time
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.money import Money
from marketplace.financing.criteria import CriteriaStatus, criteria_of, prepare_criteria, publish_criteria
from marketplace.financing.criteria_rules import CriteriaRules, weigh_right
from marketplace.financing.exposure import Engaged, OverExposed, exposures
from marketplace.financing.indications import hit_rate_of, indicate_offers
from marketplace.financing.policy import WrongActor
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.registry.assets import find_asset
from tests.makers.financing import (
    Parties,
    cny,
    invitation_of,
    make_application,
    make_bank,
    make_parties,
    make_term_sheet,
)

RULES: dict[str, Any] = {
    "caps_bps": {"invention": 3000, "utility_model": 1500}, "prices": [[1500, 400], [6000, 450]],
    "least_minor": 100, "most_minor": 10**9, "least_months": 6, "most_months": 36, "classes": [], "regions": [],
    "certainty_bps": 0,
}  # fmt: skip
SENT = {
    "caps_bps": {"invention": 3000}, "prices": [{"up_to_ltv_bps": 6000, "rate_bps": 437}],
    "least": {"amount": "1.00", "currency": "CNY"}, "most": {"amount": "9000000.00", "currency": "CNY"},
}  # fmt: skip
TYPED = {
    "caps": "invention: 3000\nutility_model: 1500", "prices": "1500: 400\n6000: 450", "least": "1", "most": "5000000",
    "least_months": "6", "most_months": "36", "classes": "H01M, G06F", "regions": "", "certainty_bps": "0",
}  # fmt: skip


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


@pytest.fixture
def sign_in(sign_in: Any, db: Any) -> Any:
    """Keep what was made so far, because a refused request undoes the rest, and act as somebody."""

    def act_as(client: FlaskClient, actor: Any) -> FlaskClient:
        db.commit()
        signed: FlaskClient = sign_in(client, actor)
        return signed

    return act_as


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def publish(parties: Parties, **changes: Any) -> Any:
    made = prepare_criteria(parties.officer, RULES | changes, now())
    return publish_criteria(parties.approver, made.id, now())


def value_of(low: int, middle: int) -> Any:
    return SimpleNamespace(
        id=uuid4(), asset_id=uuid4(), snapshot={"inputs": {}}, low=Money(low, "CNY"), middle=Money(middle, "CNY")
    )


@given(low=st.integers(0, 10**10), spread=st.integers(1, 10**10), most=st.integers(10_000, 10**10))
@settings(max_examples=100, deadline=None)
def test_no_rule_lends_beyond_its_cap_its_largest_amount_or_the_lower_bound(low: int, spread: int, most: int) -> None:
    rules = CriteriaRules.from_data(RULES | {"most_minor": most})
    asset: Any = SimpleNamespace(
        kind=SimpleNamespace(value="invention"), ipc=[], cpc=[], expires_on=None, is_in_force=lambda _on: True
    )
    said = weigh_right(rules, asset, value_of(low, low + spread), None, now().date())
    assert said.fits == all(met for _name, met in said.reasons)
    if said.amount is not None:
        assert said.amount.amount_minor <= min(most, (low + spread) * 3000 // 10_000 + 1, max(low, 1))


def test_rules_are_published_by_a_second_person_and_every_version_is_kept(parties: Parties) -> None:
    first = prepare_criteria(parties.officer, RULES, now())
    with pytest.raises(SecondPersonNeeded):
        publish_criteria(parties.officer, first.id, now())
    publish_criteria(parties.approver, first.id, now())
    second = publish(parties, most_months=24)
    assert [one.status for one in criteria_of(parties.officer)] == [CriteriaStatus.PUBLISHED, CriteriaStatus.REPLACED]
    assert second.version == 2
    with pytest.raises(Malformed):
        prepare_criteria(parties.officer, RULES | {"caps_bps": {"invention": 9000}}, now())


def test_a_bank_neither_reads_nor_publishes_the_rules_of_another(parties: Parties) -> None:
    mine = prepare_criteria(parties.officer, RULES, now())
    officer, approver = make_bank()
    assert criteria_of(officer) == []
    with pytest.raises(NotFound):
        publish_criteria(approver, mine.id, now())
    with pytest.raises((NotFound, WrongActor)):
        indicate_offers(officer, parties.asset_id, now())


def test_an_owner_sees_within_a_second_what_fifty_banks_would_lend_and_why(parties: Parties) -> None:
    make_application(parties)
    publish(parties)
    for _number in range(49):
        officer, approver = make_bank()
        made = prepare_criteria(officer, RULES | {"classes": ["A01"]}, now())
        publish_criteria(approver, made.id, now())
    begun = time.perf_counter()
    found = indicate_offers(parties.holder, parties.asset_id, now())
    assert time.perf_counter() - begun < 1
    assert len(found) == 50 and found[0].indicative.fits and found[0].indicative.amount is not None
    assert found[0].bank_id == parties.officer.organisation_id
    assert ("field", False) in found[1].indicative.reasons
    with pytest.raises(NotFound):
        indicate_offers(make_parties().holder, parties.asset_id, now())


def test_an_unknown_value_is_a_reason_and_no_number(parties: Parties) -> None:
    rules = CriteriaRules.from_data(RULES)
    said = weigh_right(rules, find_asset(parties.asset_id), None, None, now().date())
    assert said.amount is None and ("value", False) in said.reasons


def test_the_indication_is_kept_with_the_application_and_compared_with_the_real_offer(parties: Parties) -> None:
    publish(parties)
    application = make_application(parties)
    assert parties.officer.organisation_id is not None
    assert hit_rate_of(parties.officer.organisation_id).compared == 0
    make_term_sheet(parties, application, amount=cny(10_000), rate_bps=440)
    hits = hit_rate_of(parties.officer.organisation_id)
    assert (hits.compared, hits.kept) == (1, 1)


def test_rules_over_the_api_and_the_pages(parties: Parties, client: Any, sign_in: Any) -> None:
    api = "/api/v1/financing/criteria"
    sign_in(client, None)
    assert client.post(api, json=SENT, headers=key()).status_code == 401
    sign_in(client, parties.holder)
    assert client.post(api, json=SENT, headers=key()).status_code == 403
    assert client.get(api).status_code == 403
    sign_in(client, parties.officer)
    assert client.post(api, json=SENT | {"prices": []}, headers=key()).status_code == 422
    assert client.post(api, json=SENT | {"caps_bps": {"horse": 1}}, headers=key()).status_code == 422
    made = client.post(api, json=SENT, headers=key())
    assert made.status_code == 201 and made.json["version"] == 1
    publication = f"{api}/{made.json['id']}/publication"
    assert client.post(publication, json={}, headers=key()).status_code == 403
    stranger, strange_approver = make_bank()
    sign_in(client, strange_approver)
    assert client.post(publication, json={}, headers=key()).status_code == 404
    sign_in(client, stranger)
    assert client.get(api).json == {"items": []}
    assert "437" not in client.get("/financing/criteria").text
    sign_in(client, parties.approver)
    assert client.post(publication, json={}, headers=key()).status_code == 200
    page = client.post("/financing/criteria", data=TYPED)
    assert page.status_code == 303
    assert "Our lending rules" in client.get("/financing/criteria").text
    sign_in(client, parties.holder)
    shown = client.get(f"/api/v1/financing/assets/{parties.asset_id}/indicative-offers")
    assert shown.status_code == 200 and {reason["met"] for reason in shown.json["items"][0]["reasons"]} <= {True, False}
    assert "What banks would lend on it" in client.get(f"/assets/{parties.asset_id}").text
    sign_in(client, stranger)
    assert client.get(f"/api/v1/financing/assets/{parties.asset_id}/indicative-offers").status_code in (403, 404)


ENGAGED = st.builds(
    Engaged, st.sampled_from([UUID(int=n) for n in range(4)]), st.integers(1, 10**9),
    st.frozensets(st.sampled_from(["H01M10/05", "H01M4/36", "G06F17/00", "A61K31/00"]), max_size=3),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(ENGAGED, max_size=8), st.integers(1, 10**9), st.integers(1, 10**9))
def test_every_limit_counts_exactly_what_it_names(engaged: list[Engaged], least: int, more: int) -> None:
    rules = CriteriaRules(**RULES, borrower_minor=least, group_minor=least + more, field_limits={"H01M": more})
    me, mate = UUID(int=0), UUID(int=1)
    found = {one.limit: one for one in exposures(rules, engaged, me, frozenset({mate}), frozenset({"H01M4/36"}))}
    assert found["borrower"].used.amount_minor == sum(one.amount_minor for one in engaged if one.borrower_id == me)
    assert found["group"].used.amount_minor == sum(one.amount_minor for one in engaged if one.borrower_id in (me, mate))
    in_field = [one for one in engaged if any(held.startswith("H01M") for held in one.classes)]
    assert found["field"].used.amount_minor == sum(one.amount_minor for one in in_field)
    assert not {one.limit for one in exposures(rules, engaged, me, frozenset(), frozenset({"G06F17/00"}))} & {"field"}
    room = found["borrower"].most - found["borrower"].used
    assert found["borrower"].leaves(room) and not found["borrower"].leaves(room + Money(1, "CNY"))


def test_no_offer_passes_the_banks_limit_and_the_refusal_names_the_amounts(parties: Parties) -> None:
    publish(parties, borrower_minor=3_000_000, group_minor=3_000_000, field_limits={"H04L": 2_500_000})
    first = make_term_sheet(parties, make_application(parties), amount=cny(20_000))
    assert first.status.value == "offered"
    second = make_application(parties)
    with pytest.raises(OverExposed) as refused, session.begin_nested():
        make_term_sheet(parties, second, amount=cny(10_001))
    told = refused.value.params
    assert (told["used"], told["asked"], told["most"]) == (cny(20_000), cny(10_001), cny(30_000))
    with pytest.raises(OverExposed) as refused, session.begin_nested():
        make_term_sheet(parties, second, amount=cny(5_001))
    assert "H04L" in refused.value.params["limit"]
    assert make_term_sheet(parties, second, amount=cny(5_000)).status.value == "offered"


def test_the_bank_sees_its_limits_beside_the_application(parties: Parties, client: Any, sign_in: Any) -> None:
    publish(parties, borrower_minor=2_000_000)
    application = make_application(parties)
    make_term_sheet(parties, application, amount=cny(15_000))
    place = f"/financing/invitations/{invitation_of(application, parties.officer).id}"
    sign_in(client, parties.officer)
    page = client.get(place, headers={"Accept-Language": "zh"}).get_data(as_text=True)
    assert "本行限额" in page and "15,000.00" in page and "20,000.00" in page
    form = TYPED | {"most_to_borrower": "500000", "most_to_group": "400000"}
    assert client.post("/financing/criteria", data=form, headers=key()).status_code == 422
    form |= {"most_to_group": "800000", "most_in_field": "H01M: 900000"}
    assert client.post("/financing/criteria", data=form, headers=key()).status_code == 303
    assert "H01M: ¥900,000.00" in client.get("/financing/criteria", headers={"Accept-Language": "en"}).text
    sent = SENT | {"most_in_field": {"H01M": {"amount": "5.00", "currency": "USD"}}}
    assert client.post("/api/v1/financing/criteria", json=sent, headers=key()).status_code == 422

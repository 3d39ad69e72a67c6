"""A pledged right is listed and sold only with the bank's consent: asked, agreed by two, at a price, until a day."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import NotFound, Problem
from marketplace.deals.deals import DealStatus
from marketplace.financing import sale_consents
from marketplace.financing.consent_checks import AgreeOnLoanPage, PriceBelowConsent
from marketplace.financing.policy import WrongActor
from marketplace.financing.sale_consents import ConsentReliedOn, ConsentStatus, ConsentTerms, SaleAct, ask_consent
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.listings.course import suspend_expired
from marketplace.listings.listings import (
    ListingStatus,
    answer_due_diligence,
    draft_listing,
    find_listing,
    publish_listing,
)
from marketplace.listings.terms import ListingMode
from marketplace.notices.inbox import Notice
from marketplace.registry.assets import find_asset
from marketplace.registry.consents import consented_acts, record_consent
from marketplace.registry.rules import LegalRefusal
from tests.makers.deals import Parties as DealParties
from tests.makers.financing import cny, make_bank, make_parties, make_running_loan
from tests.makers.listings import ANSWERS, make_listing
from tests.makers.pledged_sales import PledgedSale


@pytest.fixture
def case(db: Any) -> PledgedSale:
    parties = make_parties()
    loan = make_running_loan(parties)
    sale = DealParties()
    sale.seller = parties.holder
    return PledgedSale(parties, sale, loan)


def permits(case: PledgedSale, after_days: int = 0) -> bool:
    encumbrance_id = case.pledge.encumbrance_id
    assert encumbrance_id is not None
    return "transfer" in consented_acts([encumbrance_id], (now() + timedelta(days=after_days)).date()).get(
        encumbrance_id, set()
    )


def list_for_sale(case: PledgedSale, price: int = 50_000) -> Any:
    asset: Any = find_asset(case.parties.asset_id)
    return make_listing(case.parties.holder, asset=asset, price=cny(price))


def drafted(case: PledgedSale) -> UUID:
    terms = {"mode": ListingMode.FIXED_PRICE, "price": cny(50_000)}
    listing = draft_listing(case.parties.holder, case.parties.asset_id, terms, now())
    answer_due_diligence(case.parties.holder, listing.id, ANSWERS, now())
    return listing.id


def told(actor: Any) -> set[str]:
    return {row.kind for row in session.query(Notice).filter(Notice.person_id == actor.person_id)}


def test_a_pledged_right_is_not_listed_before_the_bank_agreed_and_two_of_its_people_agree(case: PledgedSale) -> None:
    with pytest.raises(LegalRefusal) as refused, session.begin_nested():
        list_for_sale(case)
    assert (refused.value.rule.id, refused.value.rule.article) == ("CN-PLG-03", "444")
    asked = ask_consent(case.parties.holder, case.pledge.id, SaleAct.TRANSFER, "A buyer waits", now())
    terms = ConsentTerms(act=SaleAct.TRANSFER, expires_on=now().date() + timedelta(days=30), minimum=cny(20_000))
    prepared = sale_consents.agree_to_sale(case.parties.officer, case.pledge.id, terms, now())
    assert prepared.id == asked.id and prepared.status is ConsentStatus.PREPARED and not permits(case)
    with pytest.raises(SecondPersonNeeded):
        sale_consents.approve_consent(case.parties.officer, prepared.id, now())
    sale_consents.approve_consent(case.parties.approver, prepared.id, now())
    assert permits(case) and prepared.document_id is not None
    assert list_for_sale(case).status is ListingStatus.PUBLISHED
    assert "consent_asked" in told(case.parties.officer) and "consent_given" in told(case.parties.holder)


def test_the_price_is_never_below_what_the_bank_agreed_to(case: PledgedSale) -> None:
    case.agree(minimum=cny(20_000))
    with pytest.raises(PriceBelowConsent), session.begin_nested():
        list_for_sale(case, 19_999)
    case.sale.listing = list_for_sale(case, 50_000)
    with pytest.raises(PriceBelowConsent), session.begin_nested():
        case.sale.agree(cny(19_999))
    assert case.sale.agree(cny(20_000)).status is DealStatus.SIGNING


def test_a_withdrawn_or_expired_consent_no_longer_permits_and_suspends_the_listing(case: PledgedSale) -> None:
    consent = case.agree()
    listing = list_for_sale(case)
    sale_consents.withdraw_sale_consent(case.parties.officer, consent.id, now())
    assert not permits(case) and find_listing(listing.id).status is ListingStatus.SUSPENDED
    case.agree(expires_on=now().date() + timedelta(days=5))
    publish_listing(case.parties.holder, listing.id, now())
    assert permits(case, after_days=5) and not permits(case, after_days=6)
    suspend_expired(now() + timedelta(days=6))
    assert find_listing(listing.id).status is ListingStatus.SUSPENDED


def test_a_consent_on_which_a_buyer_paid_is_not_withdrawn(case: PledgedSale) -> None:
    consent = case.agree()
    case.sale.listing = list_for_sale(case)
    case.sale.bring_to(DealStatus.FUNDS_HELD, case.sale.agree(cny(50_000)))
    with pytest.raises(ConsentReliedOn):
        sale_consents.withdraw_sale_consent(case.parties.officer, consent.id, now())


def test_a_lenders_consent_is_given_nowhere_else_and_by_nobody_else(case: PledgedSale) -> None:
    encumbrance_id = case.pledge.encumbrance_id
    assert encumbrance_id is not None
    with pytest.raises(AgreeOnLoanPage), session.begin_nested():
        record_consent(case.parties.officer, encumbrance_id, "transfer", None, now())
    terms = ConsentTerms(act=SaleAct.TRANSFER, expires_on=now().date())
    with pytest.raises(WrongActor):
        sale_consents.agree_to_sale(case.parties.holder, case.pledge.id, terms, now())
    with pytest.raises(WrongActor):
        ask_consent(case.parties.officer, case.pledge.id, SaleAct.TRANSFER, "", now())
    with pytest.raises(NotFound):
        sale_consents.agree_to_sale(make_bank()[0], case.pledge.id, terms, now())


class ConsentMachine(RuleBasedStateMachine):
    """Whatever bank and holder do in any order: the register permits exactly while a consent stands."""

    @initialize()
    def begin(self) -> None:
        parties = make_parties()
        self.case = PledgedSale(parties, DealParties(), make_running_loan(parties))
        self.ids: list[UUID] = []

    @rule(act=st.sampled_from(["ask", "agree", "approve", "decline", "withdraw"]), second=st.booleans(),
          at=st.integers(0, 3))  # fmt: skip
    def act(self, act: str, second: bool, at: int) -> None:
        case, pledge = self.case, self.case.pledge
        bank = case.parties.approver if second else case.parties.officer
        chosen = self.ids[at % len(self.ids)] if self.ids else uuid4()
        terms = ConsentTerms(act=SaleAct.TRANSFER, expires_on=now().date() + timedelta(days=9))
        acts: dict[str, Any] = {
            "ask": lambda: ask_consent(case.parties.holder, pledge.id, SaleAct.TRANSFER, "", now()),
            "agree": lambda: sale_consents.agree_to_sale(bank, pledge.id, terms, now()),
            "approve": lambda: sale_consents.approve_consent(bank, chosen, now()),
            "decline": lambda: sale_consents.decline_consent(bank, chosen, "No", now()),
            "withdraw": lambda: sale_consents.withdraw_sale_consent(bank, chosen, now()),
        }
        try:
            with session.begin_nested():
                done = acts[act]()
        except Problem:
            return
        if done.id not in self.ids:
            self.ids.append(done.id)

    @invariant()
    def the_register_follows(self) -> None:
        if not hasattr(self, "case"):
            return
        found = sale_consents.consents_of_pledge(self.case.pledge.id)
        given = [one for one in found if one.status is ConsentStatus.GIVEN]
        assert len(given) <= 1 and permits(self.case) == bool(given)
        assert all(one.decided_by != one.prepared_by for one in given)


def test_the_register_permits_exactly_while_a_consent_stands(db: Any) -> None:
    run_state_machine_as_test(
        ConsentMachine,
        settings=settings(max_examples=4, stateful_step_count=14, deadline=None,
                          suppress_health_check=list(HealthCheck)),
    )  # fmt: skip


@pytest.fixture
def act_as(client: FlaskClient, sign_in: Any, db: Any) -> Any:
    def act(actor: Any) -> FlaskClient:
        db.commit()
        signed: FlaskClient = sign_in(client, actor)
        return signed

    return act


@pytest.mark.parametrize(("language", "citation"), [("zh", "《民法典》第四百四十四条"), ("en", "Civil Code art. 444")])
def test_the_page_refuses_a_sale_without_consent_naming_the_law(
    case: PledgedSale, act_as: Any, language: str, citation: str
) -> None:
    listing_id = drafted(case)
    browser = act_as(case.parties.holder)
    refused = browser.post(f"/listings/{listing_id}/publish?lang={language}", data={})
    assert refused.status_code == 409 and citation in refused.text
    case.agree()
    assert act_as(case.parties.holder).post(f"/listings/{listing_id}/publish", data={}).status_code == 303


@pytest.mark.parametrize("language", ["zh", "en"])
def test_holder_and_bank_walk_the_consent_on_the_page_of_the_loan(
    case: PledgedSale, act_as: Any, language: str
) -> None:
    page, pledge_id = f"/financing/loans/{case.loan.id}", case.pledge.id
    holder = act_as(case.parties.holder)
    assert page in holder.get(f"/assets/{case.parties.asset_id}?lang={language}").text
    words = {"zh": ("请求银行同意", "同意转让或许可", "复核同意"),
             "en": ("Ask the bank to agree", "Agree to a sale or licence", "Approve the consent")}[language]  # fmt: skip
    assert words[0] in holder.get(f"{page}?lang={language}").text
    asked = holder.post(f"/financing/pledges/{pledge_id}/consent-requests", data={"act": "transfer", "reason": "x"})
    assert asked.status_code == 303
    officer = act_as(case.parties.officer)
    assert words[1] in officer.get(f"{page}?lang={language}").text
    assert str(case.loan.id) in officer.get("/dashboard").text
    form = {"act": "transfer", "minimum": "20,000", "expires_on": "2099-01-01", "conditions": "pay off first"}
    assert officer.post(f"/financing/pledges/{pledge_id}/consents", data=form | {"minimum": "x"}).status_code == 422
    assert officer.post(f"/financing/pledges/{pledge_id}/consents", data=form).status_code == 303
    [consent] = sale_consents.consents_of_pledge(pledge_id)
    assert officer.post(f"/financing/consents/{consent.id}/approval", data={}).status_code == 403
    approver = act_as(case.parties.approver)
    assert words[2] in approver.get(f"{page}?lang={language}").text
    assert approver.post(f"/financing/consents/{consent.id}/approval", data={}).status_code == 303
    shown = act_as(case.parties.holder).get(f"{page}?lang={language}").text
    assert "¥20,000.00" in shown and "pay off first" in shown
    assert approver.post(f"/financing/consents/{consent.id}/levitation", data={}).status_code == 404


def test_the_api_of_consent_answers_each_side_as_it_may(case: PledgedSale, act_as: Any, client: FlaskClient) -> None:
    path = f"/api/v1/financing/pledges/{case.pledge.id}"

    def post(address: str, body: Any) -> Any:
        return client.post(address, json=body, headers={"Idempotency-Key": uuid4().hex})

    agreement = {"act": "transfer", "expires_on": "2099-01-01", "minimum": {"amount": "1.00", "currency": "CNY"}}
    act_as(None)
    assert post(f"{path}/consents", agreement).status_code == 401
    act_as(make_bank()[0])
    assert post(f"{path}/consents", agreement).status_code == 404 and client.get(f"{path}/consents").status_code == 404
    act_as(case.parties.holder)
    assert post(f"{path}/consents", agreement).json["code"] == "wrong_actor"
    assert post(f"{path}/consent-requests", {"act": "theft"}).status_code == 422
    asked = post(f"{path}/consent-requests", {"act": "transfer"})
    assert (asked.status_code, asked.json["status"]) == (201, "asked")
    act_as(case.parties.officer)
    consent = f"/api/v1/financing/consents/{asked.json['id']}"
    assert post(f"{consent}/withdrawal", {}).status_code == 409
    assert post(f"{path}/consents", agreement | {"expires_on": "2001-01-01"}).status_code == 422
    assert post(f"{path}/consents", agreement).json["status"] == "prepared"
    assert post(f"{consent}/declination", {"reason": "Too cheap"}).json["answer"] == "Too cheap"
    assert [one["status"] for one in client.get(f"{path}/consents").json["items"]] == ["declined"]

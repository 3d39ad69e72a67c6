"""Take-over purchase: the pool buys a failed loan's right with the pledgor's consent, four eyes, and within the limit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.lifecycle import WrongStatus
from marketplace.financing.ageing import age_to
from marketplace.financing.disbursement import disburse_loan
from marketplace.financing.loans import instalments_of
from marketplace.financing.pledges import PledgeStatus, pledges_of_loan
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger.accounts import balance
from marketplace.ledger.proofs import prove_books
from marketplace.notices.inbox import Notice
from marketplace.registry.ownership import owners_of
from marketplace.risk_pool import claims, enrolling, take_overs
from marketplace.risk_pool.claims import OfferForTakeOver
from marketplace.risk_pool.enrolments import EnrolmentStatus
from marketplace.risk_pool.losses import PurchasePriceTooHigh
from marketplace.risk_pool.take_overs import NotForTakeOver, TakeOver, TakeOverStatus
from tests.makers.financing import make_bank, make_parties, make_pledged_loan
from tests.makers.risk_pool import cny, full_file, make_scheme, make_world


class Case:
    """A loan of 10,000 in default, enrolled under a scheme that buys for up to half."""

    def __init__(self) -> None:
        self.world, self.parties = make_world({}), make_parties()
        loan = make_pledged_loan(self.parties)
        scheme, at = make_scheme(self.world, "korea", currency="CNY"), now()
        enrolment = enrolling.propose_enrolment(self.parties.officer, scheme.id, loan.id, self.buyers(scheme), at)
        enrolling.submit_enrolment(self.parties.officer, enrolment.id, at)
        enrolling.review_enrolment(self.world.reviewer, enrolment.id, at)
        self.enrolment = enrolling.enrol(replace(self.world.approver, authenticated_at=at), enrolment.id, at)
        disburse_loan(self.parties.approver, loan.id, at)
        [self.pledge], self.loan = pledges_of_loan(loan.id), loan

    def buyers(self, scheme: Any) -> dict[str, Any]:
        return {name: self.world.party(name).organisation_id
                for name in set(scheme.terms.known_shares()) - {scheme.terms.pool_party, "bank"}}  # fmt: skip

    def default(self) -> None:
        late = instalments_of(self.loan.id)[0].due_on + timedelta(days=95)
        self.at = datetime(late.year, late.month, late.day, 4, tzinfo=UTC)
        age_to(late, self.at)
        session.expire_all()

    def fresh(self, actor: Actor) -> Actor:
        return replace(actor, authenticated_at=self.at)

    def offer(self, price: int = 5_000) -> TakeOver:
        officer = self.fresh(self.parties.officer)
        return take_overs.offer_for_take_over(officer, self.enrolment.id, self.pledge.id, cny(price), self.at)

    def approved(self) -> TakeOver:
        found = self.offer()
        take_overs.consent_to_take_over(self.fresh(self.parties.holder), found.id, self.at)
        take_overs.review_take_over(self.world.reviewer, found.id, "Demand in the field", self.at)
        return take_overs.approve_take_over(self.fresh(self.world.approver), found.id, self.at)


@pytest.fixture
def case(db: Any) -> Case:
    return Case()


def test_the_price_pays_the_debt_the_right_passes_and_the_resale_is_the_pools(case: Case) -> None:
    case.default()
    found, pool = case.approved(), case.world.pool
    before = balance(pool.account("fund"), "CNY").posted
    with pytest.raises(SecondPersonNeeded):
        take_overs.receive_price(case.fresh(case.parties.officer), found.id, "TT-1", case.at)
    take_overs.receive_price(case.fresh(case.parties.approver), found.id, "TT-1", case.at)
    assert before - balance(pool.account("fund"), "CNY").posted == cny(5_000)
    session.refresh(case.loan)
    assert case.pledge.status is PledgeStatus.ENFORCED
    assert cny(5_000) < case.loan.outstanding < cny(5_600)
    assert case.enrolment.status is EnrolmentStatus.COMPENSATED
    take_overs.record_recordal(case.world.reviewer, found.id, "CNIPA-1", case.at)
    [owner] = owners_of(case.pledge.asset_id, as_of=case.at + timedelta(days=1))
    assert owner.organisation_id == pool.administrator_id
    take_overs.record_resale(case.world.approver, found.id, cny(3_000), "TT-2", case.at)
    assert found.status is TakeOverStatus.SOLD
    assert before - balance(pool.account("fund"), "CNY").posted == cny(2_000)
    assert prove_books()["faults"] == []


def test_a_right_is_offered_only_in_default_within_the_limit_and_never_claimed_instead(case: Case) -> None:
    case.at = now()
    with pytest.raises(NotForTakeOver):
        case.offer()
    case.default()
    with pytest.raises(PurchasePriceTooHigh):
        case.offer(5_001)
    with pytest.raises(OfferForTakeOver), session.begin_nested():
        documents = full_file(case.parties.officer)
        claims.file_claim(case.parties.officer, case.enrolment.id, (cny(1), cny(0)), documents, case.at)


def test_nothing_passes_without_the_pledgor_and_two_people_of_the_pool(case: Case) -> None:
    case.default()
    found = case.offer()
    with pytest.raises(WrongStatus):
        take_overs.review_take_over(case.world.reviewer, found.id, "Buy", case.at)
    with pytest.raises(NotAllowed):
        take_overs.consent_to_take_over(case.fresh(case.parties.officer), found.id, case.at)
    with pytest.raises(NotFound):
        take_overs.consent_to_take_over(case.fresh(make_bank()[0]), found.id, case.at)
    take_overs.consent_to_take_over(case.fresh(case.parties.holder), found.id, case.at)
    take_overs.review_take_over(case.world.approver, found.id, "Buy", case.at)
    with pytest.raises(SecondPersonNeeded):
        take_overs.approve_take_over(case.fresh(case.world.approver), found.id, case.at)
    take_overs.refuse_take_over(case.world.approver, found.id, "No market", case.at)
    told = {row.kind for row in session.query(Notice).filter(Notice.person_id == case.parties.holder.person_id)}
    assert {"take_over_offered", "take_over_refused"} <= told


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_and_api_of_a_take_over(case: Case, client: Any, sign_in: Any, db: Any, language: str) -> None:
    case.default()
    db.commit()
    page, path = f"/risk-pool/enrolments/{case.enrolment.id}", f"/api/v1/enrolments/{case.enrolment.id}/take-overs"
    words = {"zh": ("提供给资金池", "收储"), "en": ("Offer it to the pool", "Take-over purchase")}[language]

    def post(address: str, body: Any) -> Any:
        return client.post(address, json=body, headers={"Idempotency-Key": uuid4().hex})

    sign_in(client, None)
    assert client.get(path).status_code == 401
    sign_in(client, make_bank()[0])
    assert post(path, {}).status_code == 422 and client.get(path).status_code == 404
    sign_in(client, case.parties.officer)
    assert words[0] in client.get(f"{page}?lang={language}").text
    form = {"pledge_id": str(case.pledge.id), "price": "4,000"}
    assert client.post(f"{page}/take-overs", data=form | {"price": "x"}).status_code == 422
    assert client.post(f"{page}/take-overs", data=form).status_code == 303
    [found] = client.get(path).json["items"]
    assert (found["status"], found["price"]["amount"]) == ("offered", "4000.00")
    assert post(f"/api/v1/take-overs/{found['id']}/approval", {}).status_code == 403
    assert words[1] in sign_in(client, case.parties.holder).get(f"{page}?lang={language}").text
    assert client.post(f"/risk-pool/take-overs/{found['id']}/consent", data={}).status_code == 303
    assert client.post(f"/risk-pool/take-overs/{found['id']}/levitation", data={}).status_code == 404

"""Licence fees as security: offered, taken, signed, registered, told to the licensee, released; once and by the parties."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from marketplace.core.clock import market_day, now
from marketplace.core.db import session
from marketplace.core.errors import Malformed, NotFound
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.deals.deals import DealStatus
from marketplace.deals.royalties import RoyaltyPaid, RoyaltyStatus
from marketplace.documents.signatures import decline, sign
from marketplace.financing import receivables
from marketplace.financing.club_decisions import Answer, answer_club
from marketplace.financing.club_votes import ClubDisagrees, Matter
from marketplace.financing.pledges import ContractNotSigned, LoanStillOwed
from marketplace.financing.policy import WrongActor
from marketplace.financing.receivable_news import tell_royalty
from marketplace.financing.receivables import NoRoyaltyToPledge, Receivable, ReceivableStatus, ReceivableTaken
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.organisations import find_organisation
from marketplace.notices.inbox import Notice
from tests.makers.clubs import Club
from tests.makers.deals import Parties as DealParties
from tests.makers.financing import Parties, cny, make_bank, make_running_loan
from tests.makers.registry import make_asset

TODAY = market_day(now())


class Case:
    """A running loan, and a licence of its borrower with a royalty."""

    def __init__(self, together: bool = False) -> None:
        licensing = DealParties("licence", royalty_bps=350, royalty_base="net_sales", term_months=24)
        self.deal = licensing.bring_to(DealStatus.RELEASED)
        holder = licensing.seller
        assert holder.organisation_id is not None
        asset = make_asset(find_organisation(holder.organisation_id))
        self.parties = Parties(holder, *make_bank(), asset.id)
        self.club = Club(self.parties) if together else None
        self.loan = self.club.running() if self.club else make_running_loan(self.parties)

    def offer(self) -> Receivable:
        """Offered by the borrower."""
        return receivables.offer_receivable(
            self.parties.holder, self.loan.id, self.deal.id, cny(8_000), "Sales of the last year at 3.5 %", now()
        )

    def signed(self) -> Receivable:
        """Taken by the bank and signed by both."""
        receivable = receivables.take_receivable(self.parties.officer, self.offer().id, now())
        assert receivable.envelope_id is not None
        sign(self.parties.holder, receivable.envelope_id, now())
        sign(self.parties.officer, receivable.envelope_id, now())
        return receivable

    def registered(self) -> Receivable:
        """Registered today."""
        return receivables.register_receivable(self.parties.officer, self.signed().id, "ZD-2026-1", TODAY, now())


@pytest.fixture
def case(db: Any) -> Case:
    return Case()


def told(organisation_id: Any) -> set[str]:
    return set(session.execute(select(Notice.kind).where(Notice.organisation_id == organisation_id)).scalars())


def test_licence_fees_secure_a_loan_from_their_registration_until_they_are_released(case: Case) -> None:
    receivable = case.signed()
    assert receivable.signed_at is not None
    for day in (TODAY + timedelta(days=1), TODAY - timedelta(days=2)):
        with pytest.raises(Malformed):
            receivables.register_receivable(case.parties.officer, receivable.id, "ZD-1", day, now())
    with pytest.raises(Malformed):
        receivables.note_notice(case.parties.officer, receivable.id, TODAY, now())
    receivables.register_receivable(case.parties.officer, receivable.id, "ZD-1", TODAY, now())
    receivables.note_notice(case.parties.officer, receivable.id, TODAY, now())
    with pytest.raises(LoanStillOwed):
        receivables.ask_release(case.parties.officer, receivable.id, "", now())
    receivables.ask_release(case.parties.officer, receivable.id, "A better right comes", now())
    with pytest.raises(SecondPersonNeeded):
        receivables.approve_release(case.parties.officer, receivable.id, now())
    receivables.approve_release(case.parties.approver, receivable.id, now())
    assert (receivable.status, receivable.released_on) == (ReceivableStatus.RELEASED, TODAY)
    assert {"receivable_agreed", "receivable_registered", "receivable_released"} <= told(case.loan.borrower_id)
    assert "receivable_offered" in told(case.loan.bank_id)
    assert case.offer().status is ReceivableStatus.OFFERED


def test_only_royalties_still_to_come_of_an_own_licence_are_pledged_and_once(case: Case) -> None:
    case.offer()
    with pytest.raises(ReceivableTaken):
        case.offer()
    other = Case()
    with pytest.raises(NotFound):
        receivables.offer_receivable(case.parties.holder, case.loan.id, other.deal.id, cny(1), "Not mine", now())
    with pytest.raises(Malformed):
        receivables.offer_receivable(
            other.parties.holder, other.loan.id, other.deal.id, Money(1, "HKD"), "Other money", now()
        )
    with pytest.raises(WrongActor):
        receivables.offer_receivable(other.parties.officer, other.loan.id, other.deal.id, cny(1), "Not ours", now())
    for period in receivables.periods_of(other.deal.id):
        period.status = RoyaltyStatus.PAID
        period.reported_at = now()
    with pytest.raises(NoRoyaltyToPledge):
        other.offer()
    assert receivables.licences_to_offer(case.loan.borrower_id) == []


def test_an_offer_is_declined_withdrawn_or_falls_with_its_contract(case: Case) -> None:
    receivables.decline_receivable(case.parties.officer, case.offer().id, "Too uncertain", now())
    receivables.withdraw_receivable(case.parties.holder, case.offer().id, now())
    taken = receivables.take_receivable(case.parties.officer, case.offer().id, now())
    with pytest.raises(WrongActor):
        receivables.withdraw_receivable(case.parties.holder, taken.id, now())
    with pytest.raises(ContractNotSigned):
        receivables.register_receivable(case.parties.officer, taken.id, "ZD-1", TODAY, now())
    assert taken.envelope_id is not None
    decline(case.parties.holder, taken.envelope_id, "Changed our mind", now())
    assert taken.status is ReceivableStatus.CANCELLED
    with pytest.raises(WrongStatus):
        receivables.take_receivable(case.parties.officer, taken.id, now())


def test_the_bank_is_told_what_a_pledged_licence_pays(case: Case) -> None:
    receivable = case.registered()
    period = receivables.periods_of(case.deal.id)[0]
    period.royalty = cny(700)
    tell_royalty(case.parties.holder, RoyaltyPaid(case.deal.id, period.id, "royalty"), now())
    assert "receivable_paid" in told(case.loan.bank_id)
    assert receivables.pledged_royalties(case.deal.id) is receivable


def test_several_lenders_let_licence_fees_go_by_two_thirds(db: Any) -> None:
    case = Case(together=True)
    assert case.club is not None
    receivable = case.registered()
    receivables.ask_release(case.parties.officer, receivable.id, "A better right comes", now())
    with pytest.raises(ClubDisagrees):
        receivables.approve_release(case.parties.approver, receivable.id, now())
    answer_club(
        case.club.second[1], case.loan.id, Answer(matter=Matter.RELEASE, subject_id=receivable.id, agrees=True), now()
    )
    receivables.approve_release(case.parties.approver, receivable.id, now())


def test_the_database_keeps_a_second_pledge_and_an_unregistered_one_out(case: Case, db: Any) -> None:
    receivable = case.offer()
    with pytest.raises(DBAPIError, match="registered_has_day"), db.begin_nested():
        receivable.status = ReceivableStatus.REGISTERED
        db.flush()
    db.refresh(receivable)
    with pytest.raises(DBAPIError, match="uq_receivables_one_open"), db.begin_nested():
        db.add(
            Receivable(
                loan_id=case.loan.id, deal_id=case.deal.id, expected=cny(1), basis="twice", ends_on=TODAY,
                status=ReceivableStatus.OFFERED,
            )
        )  # fmt: skip
        db.flush()


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def test_licence_fees_over_http(case: Case, client: FlaskClient, sign_in: Any, db: Any) -> None:
    rival, loan_id, deal_id = make_bank()[0], case.loan.id, str(case.deal.id)
    db.commit()
    api, page = "/api/v1/financing", f"/financing/loans/{loan_id}"
    given = {"deal_id": deal_id, "expected": {"amount": "8000.00", "currency": "CNY"}, "basis": "Last year's sales"}
    assert client.get(f"{api}/loans/{loan_id}/receivables").status_code == 401
    sign_in(client, rival)
    assert client.get(f"{api}/loans/{loan_id}/receivables").status_code == 404
    sign_in(client, case.parties.holder)
    assert "以许可使用费提供担保" in client.get(f"{page}?lang=zh").get_data(as_text=True)
    assert (
        client.post(f"{api}/loans/{loan_id}/receivables", json=given | {"basis": ""}, headers=key()).status_code == 422
    )
    made = client.post(f"{page}/receivables", data=given | {"expected": "8000"}, headers=key())
    assert made.status_code == 303
    found = client.get(f"{api}/loans/{loan_id}/receivables").get_json()["items"][0]
    one = f"/receivables/{found['id']}"
    again = client.post(f"{api}/loans/{loan_id}/receivables", json=given, headers=key())
    assert again.get_json()["code"] == "receivable_taken"
    assert client.post(f"{api}{one}/agreement", json={}, headers=key()).status_code == 403
    sign_in(client, case.parties.officer)
    assert client.post(f"/financing{one}/nonsense", headers=key()).status_code == 404
    taken = client.post(f"{api}{one}/agreement", json={}, headers=key()).get_json()
    assert taken["status"] == "agreed"
    day = TODAY.isoformat()
    number = {"registration_number": "ZD-2", "registered_on": day}
    assert (
        client.post(f"{api}{one}/registration", json=number, headers=key()).get_json()["code"] == "contract_not_signed"
    )
    for actor in (case.parties.holder, case.parties.officer):
        sign(actor, taken["envelope_id"], datetime.now(UTC))
    db.commit()
    assert client.post(f"/financing{one}/registration", data=number, headers=key()).status_code == 303
    assert client.post(f"{api}{one}/notice", json={"notified_on": day}, headers=key()).get_json()["notified_on"] == day
    assert "ZD-2" in client.get(f"{page}?lang=en").get_data(as_text=True)
    asked = client.post(f"{api}{one}/release", json={"reason": "A better right"}, headers=key())
    assert asked.get_json()["status"] == "registered"
    sign_in(client, case.parties.approver)
    assert client.post(f"{api}{one}/release-approval", json={}, headers=key()).get_json()["status"] == "released"
    for step, body in (("declination", {"reason": "Late"}), ("withdrawal", {})):
        assert client.post(f"{api}{one}/{step}", json=body, headers=key()).status_code in (403, 409)

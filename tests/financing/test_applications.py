"""From application to an accepted offer: who may do what, and what each step changes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.money import Money
from marketplace.financing.agreements import accept_term_sheet
from marketplace.financing.applications import (
    ApplicationClosed,
    ApplicationStatus,
    decline_invitation,
    find_application,
    find_invitation,
    withdraw_application,
)
from marketplace.financing.caps import OverCap
from marketplace.financing.loans import (
    LoanStatus,
)
from marketplace.financing.pledge_check import WaiverNeeded
from marketplace.financing.pledges import (
    AssetAlreadyPledged,
    pledges_of_loan,
)
from marketplace.financing.policy import WrongActor
from marketplace.financing.term_sheets import (
    OfferExpired,
    OfferOutstanding,
    TermSheetStatus,
    approve_term_sheet,
    find_term_sheet,
    offers_on,
    prepare_term_sheet,
    withdraw_term_sheet,
)
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.sign_in import ReauthenticationRequired
from marketplace.identity.verification import KycRequired
from marketplace.notices.inbox import Notice
from marketplace.registry.encumbrances import EncumbranceKind, encumber
from marketplace.registry.rules import LegalRefusal
from tests.makers.financing import (
    Parties,
    cny,
    invitation_of,
    make_agreed_loan,
    make_application,
    make_bank,
    make_offer,
    make_parties,
    make_term_sheet,
)
from tests.makers.identity import make_actor


@pytest.fixture
def parties(db: Any) -> Parties:
    return make_parties()


def test_a_holder_asks_several_banks_in_five_fields(parties: Parties) -> None:
    other = make_bank()[0]
    application = make_application(parties, other)
    assert application.status is ApplicationStatus.OPEN
    assert find_invitation(other, invitation_of(application, other).id).bank_id == other.organisation_id


def test_an_unverified_holder_cannot_apply(parties: Parties) -> None:
    with pytest.raises(KycRequired):
        make_application(replace(parties, holder=replace(parties.holder, approved=False)))


def test_somebody_elses_right_does_not_exist_for_an_application(parties: Parties) -> None:
    with pytest.raises(NotFound):
        make_application(replace(parties, holder=make_actor()))


def test_an_application_above_the_cap_is_refused_naming_the_binding_limit(parties: Parties) -> None:
    with pytest.raises(OverCap) as refusal:
        make_application(parties, amount=Money(10**15, "CNY"))
    assert refusal.value.status == 422
    assert refusal.value.params["binding_term"] in ("policy_cap", "lower_bound")


def test_an_offer_above_the_part_of_the_banks_own_value_is_refused(parties: Parties) -> None:
    application = make_application(parties)
    offer = make_offer(amount=cny(70_000), assessed_value=cny(100_000))
    with pytest.raises(OverCap) as refusal:
        prepare_term_sheet(parties.officer, invitation_of(application, parties.officer).id, offer, now())
    assert refusal.value.params == {"maximum": cny(60_000), "binding_term": "hard_cap"}


def test_a_bank_may_value_by_itself_only_up_to_ten_million(parties: Parties) -> None:
    application = make_application(parties)
    offer = make_offer(amount=cny(10_000_001), assessed_value=cny(100_000_000))
    with pytest.raises(OverCap) as refusal:
        prepare_term_sheet(parties.officer, invitation_of(application, parties.officer).id, offer, now())
    assert refusal.value.params["binding_term"] == "internal_valuation_limit"


def test_a_bank_sees_neither_the_application_nor_the_invitation_nor_the_offer_of_another(parties: Parties) -> None:
    rival, _ = make_bank()
    application = make_application(parties, rival)
    sheet = make_term_sheet(parties, application)
    for look in (
        lambda: find_application(rival, application.id),
        lambda: offers_on(rival, application.id),
        lambda: find_invitation(rival, invitation_of(application, parties.officer).id),
        lambda: find_term_sheet(rival, sheet.id),
        lambda: approve_term_sheet(rival, sheet.id, now()),
        lambda: withdraw_term_sheet(rival, sheet.id, now()),
    ):
        with pytest.raises(NotFound):
            look()


def test_an_offer_above_the_limit_waits_for_a_second_person(parties: Parties) -> None:
    application = make_application(parties)
    sheet = prepare_term_sheet(parties.officer, invitation_of(application, parties.officer).id, make_offer(), now())
    assert sheet.status is TermSheetStatus.PREPARED
    with pytest.raises(NotFound):
        find_term_sheet(parties.holder, sheet.id)
    with pytest.raises(SecondPersonNeeded):
        approve_term_sheet(parties.officer, sheet.id, now())
    approve_term_sheet(parties.approver, sheet.id, now())
    assert find_term_sheet(parties.holder, sheet.id).status is TermSheetStatus.OFFERED


def test_a_bank_has_one_live_offer_on_an_application(parties: Parties) -> None:
    sheet = make_term_sheet(parties)
    with pytest.raises(OfferOutstanding):
        prepare_term_sheet(parties.officer, sheet.invitation_id, make_offer(), now())


def test_offers_are_compared_by_what_they_really_cost(parties: Parties) -> None:
    second = make_bank()
    application = make_application(parties, second[0])
    fee = make_term_sheet(parties, application, rate_bps=400, upfront_fee=cny(300))
    plain = make_term_sheet(parties, application, bank=second, rate_bps=600)
    assert [sheet.id for sheet in offers_on(parties.holder, application.id)] == [plain.id, fee.id]
    assert fee.effective_cost_bps > plain.effective_cost_bps > 600


def test_only_the_borrower_accepts_and_freshly(parties: Parties) -> None:
    sheet = make_term_sheet(parties)
    with pytest.raises(WrongActor):
        accept_term_sheet(parties.officer, sheet.id, [], now())
    with pytest.raises(NotFound):
        accept_term_sheet(make_actor(), sheet.id, [], now())
    stale = replace(parties.holder, authenticated_at=now() - timedelta(hours=1))
    with pytest.raises(ReauthenticationRequired):
        accept_term_sheet(stale, sheet.id, [], now())


def test_accepting_one_offer_closes_the_others(parties: Parties) -> None:
    second = make_bank()
    application = make_application(parties, second[0])
    taken, left = make_term_sheet(parties, application), make_term_sheet(parties, application, bank=second)
    loan = accept_term_sheet(parties.holder, taken.id, [], now())
    session.expire_all()
    assert left.status is TermSheetStatus.NOT_CHOSEN
    assert loan.status is LoanStatus.APPROVED
    with pytest.raises(ApplicationClosed):
        accept_term_sheet(parties.holder, left.id, [], now())


def test_an_expired_offer_is_not_accepted(parties: Parties) -> None:
    sheet = make_term_sheet(parties, valid_days=1)
    fresh = replace(parties.holder, authenticated_at=now() + timedelta(days=3))
    with pytest.raises(OfferExpired):
        accept_term_sheet(fresh, sheet.id, [], now() + timedelta(days=3))


def test_a_right_preserved_by_a_court_is_not_pledged(parties: Parties) -> None:
    sheet = make_term_sheet(parties)
    today = now().date()
    encumber(
        SYSTEM, parties.asset_id, EncumbranceKind.PRESERVATION, None, today, today + timedelta(days=90), "court", now()
    )
    with pytest.raises(LegalRefusal) as refusal:
        accept_term_sheet(parties.holder, sheet.id, [], now())
    assert refusal.value.rule.id == "CN-REF-05"


def test_invalidation_proceedings_are_waived_only_by_informed_parties(parties: Parties) -> None:
    sheet = make_term_sheet(parties)
    encumber(
        SYSTEM, parties.asset_id, EncumbranceKind.INVALIDATION_PROCEEDINGS, None, now().date(), None, "case 1", now()
    )
    with pytest.raises(WaiverNeeded), session.begin_nested():
        accept_term_sheet(parties.holder, sheet.id, [], now())
    loan = accept_term_sheet(parties.holder, sheet.id, ["CN-REF-11"], now())
    assert pledges_of_loan(loan.id)[0].waived == ["CN-REF-11"]


def test_a_right_promised_to_one_bank_is_not_promised_to_another(parties: Parties) -> None:
    make_agreed_loan(parties)
    second = make_term_sheet(parties)
    with pytest.raises(AssetAlreadyPledged):
        accept_term_sheet(parties.holder, second.id, [], now())


def test_a_declined_or_withdrawn_application_takes_no_offers(parties: Parties) -> None:
    application = make_application(parties)
    invitation = invitation_of(application, parties.officer)
    decline_invitation(parties.officer, invitation.id, "Field not served", now())
    with pytest.raises(NotFound):
        withdraw_application(make_actor(), application.id, now())
    withdraw_application(parties.holder, application.id, now())
    with pytest.raises(ApplicationClosed):
        prepare_term_sheet(parties.officer, invitation.id, make_offer(), now())


def test_a_viewer_of_the_bank_prepares_nothing(parties: Parties) -> None:
    application = make_application(parties)
    viewer = replace(parties.officer, permissions=frozenset())
    with pytest.raises(NotAllowed):
        prepare_term_sheet(viewer, invitation_of(application, parties.officer).id, make_offer(), now())


def test_each_side_is_told_of_its_own_loan_only(parties: Parties) -> None:
    rival, rival_approver = make_bank()
    application = make_application(parties, rival)
    sheet = make_term_sheet(parties, application)
    make_term_sheet(parties, application, bank=(rival, rival_approver), rate_bps=888)
    accept_term_sheet(parties.holder, sheet.id, [], now())
    told = {
        name: {row.kind for row in session.execute(select(Notice).where(Notice.person_id == actor.person_id)).scalars()}
        for name, actor in (("holder", parties.holder), ("bank", parties.officer), ("rival", rival))
    }
    assert told["holder"] >= {"loan_offered"}
    assert told["bank"] >= {"loan_asked", "loan_offer_to_approve", "loan_agreed"}
    assert "loan_agreed" not in told["rival"] and "loan_offered" not in told["rival"] | told["bank"]

"""Closing: the checklist by facts, held money, recordal, release pledgee first, refund to the cent, timed exits."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from marketplace.core.errors import NotAllowed, NotFound, Problem
from marketplace.core.money import Money
from marketplace.deals import closing, closing_rules, recordal, settlement
from marketplace.deals.closing_rules import ClosingFacts, StepCode, closing_steps
from marketplace.deals.deals import DealStatus, find_deal
from marketplace.deals.terms import DealKind
from marketplace.documents.signatures import decline, expire_envelopes
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger.accounts import balance
from marketplace.ledger.proofs import prove_books
from marketplace.listings.listings import ListingStatus
from marketplace.payments.collections import CollectionStatus, confirm_transfer
from marketplace.registry.assets import AssetKind
from marketplace.registry.consents import record_consent
from marketplace.registry.encumbrances import EncumbranceKind, encumber, open_encumbrances
from marketplace.registry.ownership import owns_all
from tests.makers.deals import SYSTEM, Parties
from tests.makers.identity import make_actor, make_organisation
from tests.makers.listings import make_listing, make_owned_asset

S = DealStatus
FACTS = ClosingFacts(DealKind.TRANSFER, AssetKind.INVENTION, "CN")


@pytest.mark.parametrize("changes,codes", [
    ({}, {"fees_paid", "title_extract"}),
    ({"foreign_buyer": True}, {"export_certificate", "fees_paid", "title_extract"}),
    ({"foreign_buyer": True, "asset_kind": AssetKind.DESIGN}, {"fees_paid", "title_extract"}),
    ({"co_owned": True}, {"co_owner_consent", "fees_paid", "title_extract"}),
    ({"co_owned": True, "kind": DealKind.LICENCE, "plain_licence": True}, {"fees_paid"}),
    ({"co_owned": True, "kind": DealKind.LICENCE}, {"co_owner_consent", "fees_paid"}),
    ({"live_licences": 2}, {"licences_disclosed", "fees_paid", "title_extract"}),
    ({"asset_kind": AssetKind.TRADEMARK}, {"similar_marks"}),
    ({"asset_kind": AssetKind.COPYRIGHT}, set()),
    ({"institution": True}, {"inventor_reward", "price_publicity", "fees_paid", "title_extract"}),
    ({"institution": True, "by_agreement": False}, {"inventor_reward", "fees_paid", "title_extract"}),
    ({"inventors_named": True}, {"inventor_preemption", "fees_paid", "title_extract"}),
    ({"inventors_named": True, "asset_kind": AssetKind.DESIGN}, {"fees_paid", "title_extract"}),
    ({"inventors_named": True, "kind": DealKind.LICENCE}, {"fees_paid"}),
    ({"pledge_ids": (uuid4(),)}, {"pledgee_payoff", "fees_paid", "title_extract"}),
])  # fmt: skip
def test_the_checklist_follows_the_facts(changes: dict[str, Any], codes: set[str]) -> None:
    assert {plan.code.value for plan in closing_steps(replace(FACTS, **changes))} == codes


def minor(code: str) -> int:
    return balance(code, "CNY").posted.amount_minor


def test_a_sale_from_offer_to_released_money(db: Any) -> None:
    p = Parties()
    deal = p.bring_to(S.RELEASED)
    assert owns_all(p.buyer.organisation_id, deal.asset_id)
    assert p.listing.status is ListingStatus.CLOSED
    assert minor(deal.held_account) == 0
    assert minor("platform:fees") + minor("platform:tax:vat") == deal.fee.amount_minor
    assert minor(f"organisation:{p.seller.organisation_id}:payable") == 0
    assert minor("clearing:bank") == deal.fee.amount_minor
    assert prove_books()["balanced"] is True
    with pytest.raises(Problem):
        p.release(deal)


def test_money_is_held_only_when_every_part_has_arrived_and_stays_until_the_right_moved(db: Any) -> None:
    p = Parties()
    deal = p.bring_to(S.AWAITING_FUNDS)
    p.pay(deal, parts=1)
    assert deal.status is S.AWAITING_FUNDS and settlement.held(deal) == deal.deposit
    rest = settlement.collections_of(deal)[1]
    confirm_transfer(p.operator, rest.id, "BANK-REST", rest.amount, p.now)
    assert deal.status is S.FUNDS_HELD and settlement.held(deal) == deal.price
    with pytest.raises(Problem):
        p.release(deal)
    with pytest.raises(closing.StepsOpen):
        p.file(deal)


def test_a_step_needs_its_party_and_its_document(db: Any) -> None:
    p = Parties()
    deal = p.bring_to(S.FUNDS_HELD)
    step = closing.steps_of(deal.id)[0]
    with pytest.raises(closing.StepNotYours):
        closing.complete_step(p.buyer, deal.id, step.id, p.document(p.buyer), "", p.now)
    with pytest.raises(closing.DocumentNeeded):
        closing.complete_step(p.seller, deal.id, step.id, None, "", p.now)
    with pytest.raises(NotFound):
        closing.complete_step(p.stranger, deal.id, step.id, None, "", p.now)


def test_recordal_needs_the_offices_document_and_the_operator(db: Any) -> None:
    p = Parties()
    deal = p.complete(p.bring_to(S.FUNDS_HELD))
    recordal.file_recordal(p.buyer, deal.id, "N1", p.now.date(), p.document(p.buyer), p.now)
    with pytest.raises(recordal.ProofMissing):
        recordal.confirm_recordal(p.operator, deal.id, p.now)
    recordal.upload_recordal_proof(p.seller, deal.id, p.document(p.seller), p.now)
    with pytest.raises(NotAllowed):
        recordal.confirm_recordal(p.seller, deal.id, p.now)
    assert recordal.confirm_recordal(p.operator, deal.id, p.now).status is S.RECORDAL_PROVEN


def test_the_release_needs_two_people_of_the_platform(db: Any) -> None:
    p = Parties()
    deal = p.bring_to(S.RECORDAL_PROVEN)
    with pytest.raises(closing_rules.ReleaseNotProposed):
        settlement.approve_release(p.second, deal.id, p.now)
    settlement.propose_release(p.operator, deal.id, p.now)
    with pytest.raises(SecondPersonNeeded):
        settlement.approve_release(p.operator, deal.id, p.now)
    for outsider in (p.seller, p.buyer):
        with pytest.raises(NotAllowed):
            settlement.approve_release(outsider, deal.id, p.now)
    assert settlement.approve_release(p.second, deal.id, p.now).status is S.RELEASED


def make_pledged(p: Parties, owed: int) -> tuple[Any, Any]:
    """A pledged asset whose pledgee agrees to the sale and is owed an amount."""
    bank = make_actor(kind="bank")
    asset = make_owned_asset(p.seller)
    pledge = encumber(SYSTEM, asset.id, EncumbranceKind.PLEDGE, bank.organisation_id, p.now.date(), None, "P1", p.now)
    record_consent(bank, pledge.id, "transfer", None, p.now)
    p.listing = make_listing(p.seller, asset=asset)
    deal = p.bring_to(S.FUNDS_HELD)
    return bank, (deal, pledge, Money(owed, "CNY"))


def test_the_pledgee_is_paid_first_up_to_what_is_owed(db: Any) -> None:
    p = Parties()
    bank, (deal, pledge, owed) = make_pledged(p, 1_000_000_00)
    p.complete(deal)
    with pytest.raises(closing.StepsOpen):
        p.file(deal)
    with pytest.raises(closing.StepNotYours):
        closing.state_payoff(p.seller, deal.id, pledge.id, Money(0, "CNY"), "", p.now)
    closing.state_payoff(bank, deal.id, pledge.id, owed, "loan 1", p.now)
    plan = {line.step: line.amount for line in settlement.planned_release(deal).lines}
    assert plan["pledgee"] == owed and plan["seller"] == deal.price - owed - deal.fee
    p.release(p.prove(p.file(deal)))
    assert minor(f"organisation:{bank.organisation_id}:payable") == 0 and minor(deal.held_account) == 0
    assert prove_books()["balanced"] is True


def test_an_institution_shares_with_its_inventors(db: Any) -> None:
    p = Parties()
    p.seller = make_actor(make_organisation(name_zh="虚构科技大学"))
    p.listing = make_listing(p.seller)
    deal = p.bring_to(S.RECORDAL_PROVEN)
    assert StepCode.INVENTOR_REWARD in {step.code for step in closing.steps_of(deal.id)}
    plan = {line.step: line.amount.amount_minor for line in settlement.planned_release(deal).lines}
    assert plan["inventors"] == (deal.price - deal.fee).amount_minor // 2
    p.release(deal)


def test_a_licence_stands_in_the_register_after_release(db: Any) -> None:
    p = Parties("licence")
    deal = p.bring_to(S.RELEASED, p.agree(Money(200_000_00, "CNY")))
    licences = [one for one in open_encumbrances(deal.asset_id, p.now.date()) if one.is_licence]
    assert [one.holder_id for one in licences] == [p.buyer.organisation_id]
    assert owns_all(p.seller.organisation_id, deal.asset_id)


def test_when_the_office_refuses_everybody_is_made_whole_to_the_cent(db: Any) -> None:
    p = Parties()
    deal = p.bring_to(S.RECORDAL_FILED)
    recordal.report_recordal_refused(p.operator, deal.id, "title unclear", p.document(p.operator), p.now)
    assert deal.status is S.REFUNDING
    with pytest.raises(SecondPersonNeeded):
        recordal.approve_refund(p.operator, deal.id, p.now)
    recordal.approve_refund(p.second, deal.id, p.now)
    assert deal.status is S.REFUNDED and minor(deal.held_account) == 0
    assert minor("clearing:bank") == 0 and minor("platform:fees") == 0
    assert owns_all(p.seller.organisation_id, deal.asset_id) and p.listing.status is ListingStatus.PUBLISHED
    assert prove_books()["balanced"] is True
    with pytest.raises(Problem):
        recordal.approve_refund(p.second, deal.id, p.now)


def test_a_declined_or_unsigned_contract_frees_the_listing(db: Any) -> None:
    p = Parties()
    first = p.agree()
    decline(p.seller, first.envelope_id, "no", p.now)
    assert first.status is S.CANCELLED and p.listing.status is ListingStatus.PUBLISHED
    second = p.agree()
    expire_envelopes(p.now + timedelta(days=8))
    assert second.status is S.CANCELLED and p.listing.status is ListingStatus.PUBLISHED


def test_every_status_has_an_exit_by_time(db: Any) -> None:
    p = Parties()
    unsigned = p.agree()
    recordal.close_overdue_deals(unsigned.due_at)
    assert unsigned.status is S.CANCELLED and p.listing.status is ListingStatus.PUBLISHED
    unpaid = p.bring_to(S.AWAITING_FUNDS)
    p.pay(unpaid, parts=1)
    recordal.close_overdue_deals(unpaid.due_at)
    assert unpaid.status is S.REFUNDED and minor(unpaid.held_account) == 0
    assert all(one.status in (CollectionStatus.COLLECTED, CollectionStatus.CANCELLED)
               for one in settlement.collections_of(unpaid))  # fmt: skip
    held = p.bring_to(S.FUNDS_HELD)
    recordal.close_overdue_deals(held.due_at)
    assert held.status is S.REFUNDED and minor("clearing:bank") == 0
    filed = p.bring_to(S.RECORDAL_FILED)
    assert filed in recordal.close_overdue_deals(filed.due_at) and filed.status is S.RECORDAL_FILED
    assert filed not in recordal.close_overdue_deals(p.now + timedelta(days=999))


def test_a_side_leaves_while_signing_and_the_operator_afterwards(db: Any) -> None:
    p = Parties()
    deal = p.agree()
    assert recordal.end_deal(p.buyer, deal.id, "changed my mind", p.now).status is S.CANCELLED
    paid = p.bring_to(S.FUNDS_HELD)
    with pytest.raises(recordal.DealNotCancellable):
        recordal.end_deal(p.buyer, paid.id, "changed my mind", p.now)
    assert recordal.end_deal(p.operator, paid.id, "parties agree", p.now).status is S.REFUNDING
    with pytest.raises(NotFound):
        find_deal(p.stranger, paid.id)


def test_a_pledge_without_consent_that_appears_later_stops_the_release(db: Any) -> None:
    p = Parties()
    deal = p.bring_to(S.RECORDAL_PROVEN)
    bank = make_actor(kind="bank")
    encumber(SYSTEM, deal.asset_id, EncumbranceKind.PLEDGE, bank.organisation_id, p.now.date(), None, "P9", p.now)
    settlement.propose_release(p.operator, deal.id, p.now)
    with pytest.raises(Problem) as refused:
        settlement.approve_release(p.second, deal.id, p.now)
    assert refused.value.params["rule"] == "CN-PLG-03" and deal.status is S.RECORDAL_PROVEN


@pytest.mark.parametrize("statement", [
    "UPDATE deals SET price_minor = 1", "DELETE FROM deals", "UPDATE deals SET status = 'released'",
])  # fmt: skip
def test_a_deal_stays_as_agreed_even_for_raw_sql(db: Any, statement: str) -> None:
    Parties().agree()
    with pytest.raises(DBAPIError, match="stays as agreed|released_after_proof"):
        db.execute(text(statement))


class ClosingMachine(RuleBasedStateMachine):
    """Whatever anybody tries in any order: money is conserved and moves only with the right."""

    @initialize()
    def begin(self) -> None:
        self.p = Parties()
        self.deal = self.p.agree()

    @rule(act=st.sampled_from(["sign", "pay", "complete", "file", "prove", "propose", "approve", "refuse", "end",
                               "give_back", "overdue"]), who=st.integers(0, 3), days=st.integers(0, 200))  # fmt: skip
    def act(self, act: str, who: int, days: int) -> None:
        p, deal = self.p, self.deal
        actor = (p.seller, p.buyer, p.operator, p.second)[who]
        acts: dict[str, Any] = {
            "sign": lambda: p.sign(deal),
            "pay": lambda: p.pay(deal, parts=1 + who % 2),
            "complete": lambda: p.complete(deal),
            "file": lambda: p.file(deal),
            "prove": lambda: recordal.confirm_recordal(actor, deal.id, p.now),
            "propose": lambda: settlement.propose_release(actor, deal.id, p.now),
            "approve": lambda: settlement.approve_release(actor, deal.id, p.now),
            "refuse": lambda: recordal.report_recordal_refused(actor, deal.id, "r", p.document(actor), p.now),
            "end": lambda: recordal.end_deal(actor, deal.id, "r", p.now) if days > 150 else None,
            "give_back": lambda: recordal.approve_refund(actor, deal.id, p.now),
            "overdue": lambda: recordal.close_overdue_deals(p.now + timedelta(days=days)) if days > 150 else None,
        }
        with suppress(Problem):
            acts[act]()

    @invariant()
    def money_and_right_move_together(self) -> None:
        if not hasattr(self, "deal"):
            return
        deal, p = self.deal, self.p
        collected = sum(
            one.amount.amount_minor for one in settlement.collections_of(deal)
            if one.status is CollectionStatus.COLLECTED
        )  # fmt: skip
        inside = settlement.held(deal).amount_minor
        released = deal.status is S.RELEASED
        assert released == owns_all(p.buyer.organisation_id, deal.asset_id)
        if released or deal.status in (S.REFUNDED, S.CANCELLED):
            assert inside == 0
        else:
            assert inside == collected
        if released:
            assert collected == deal.price.amount_minor
        assert prove_books()["balanced"] is True


def test_a_closing_keeps_its_promises_whatever_is_tried(db: Any) -> None:
    run_state_machine_as_test(
        ClosingMachine,
        settings=settings(max_examples=8, stateful_step_count=14, deadline=None,
                          suppress_health_check=list(HealthCheck)),
    )  # fmt: skip

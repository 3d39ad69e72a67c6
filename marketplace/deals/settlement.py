"""Money of a deal: collected into its own account, released only when the right has moved, or returned in full."""

from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import lodged_deposits, policy
from marketplace.deals.closing import payoffs_of
from marketplace.deals.closing_rules import PaymentNotOpen, require_releasable
from marketplace.deals.deals import (
    Deal,
    DealCancelled,
    DealFundsHeld,
    DealReleased,
    DealStatus,
    find_deal,
    keeps_others_out,
)
from marketplace.deals.terms import DealKind
from marketplace.deals.waterfall import Share, Waterfall, release_waterfall
from marketplace.documents.signatures import EnvelopeCompleted, EnvelopeDeclined, EnvelopeExpired
from marketplace.identity.sign_in import require_fresh
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.listings.course import close_listing, reopen_listing
from marketplace.listings.listings import ListingStatus, find_listing
from marketplace.payments.collections import (
    Collection,
    CollectionStatus,
    Method,
    PaymentCollected,
    cancel_collection,
    collections_for,
    request_collection,
)
from marketplace.payments.disputes import disputed
from marketplace.payments.held_funds import charge_fee, held_account
from marketplace.payments.payouts import approve_payout, request_payout
from marketplace.payments.refunds import refunded, request_refund
from marketplace.registry.ownership import owners_of, transfer_ownership
from marketplace.registry.rights import grant_licence, require_allowed

DEPOSIT, BALANCE = "deal_deposit", "deal_balance"


class CardPaymentDisputed(Refused):
    """The card's bank has not decided whose money it is."""

    message = _l("A card payment of this deal is disputed: nothing is released before the card's bank has decided.")


@dataclass(frozen=True)
class ReleaseProposed(Fact):
    """One person asks for the held money to be released."""

    deal_id: UUID


@dataclass(frozen=True)
class PledgeePaid(Fact):
    """A pledgee got its money first out of a sale."""

    deal_id: UUID
    encumbrance_id: UUID
    pledgee_id: UUID
    amount_minor: int
    currency: str


def ask_for_payment(actor: Actor, fact: EnvelopeCompleted, now: datetime) -> None:
    """The contract is signed by both: ask the buyer for deposit and balance, after weighing the law once more."""
    deal = deal_of_envelope(fact.envelope_id)
    if deal is None:
        return
    require_allowed(deal.agreed.instrument(deal.asset_id, deal.seller_id, deal.buyer_id, now.date()), now.date())
    deal.become(DealStatus.AWAITING_FUNDS, now)
    account = held_account("deal", deal.id, deal.price.currency)
    for purpose, amount in ((DEPOSIT, deal.deposit), (BALANCE, deal.balance_due)):
        if amount and not (purpose == DEPOSIT and deal.deposit_lodged):
            request_collection(SYSTEM, deal.buyer_id, amount, purpose, deal.id, Method.BANK_TRANSFER, account, now)
    session.flush()


def cancel_unsigned_deal(actor: Actor, fact: EnvelopeDeclined | EnvelopeExpired, now: datetime) -> None:
    """A side did not sign: the deal is off and the listing is open again."""
    deal = deal_of_envelope(fact.envelope_id)
    if deal is not None and deal.status is DealStatus.SIGNING:
        reason = "declined" if isinstance(fact, EnvelopeDeclined) else "not signed in time"
        cancel(actor, deal, reason, now)


def receive_payment(actor: Actor, fact: PaymentCollected, now: datetime) -> None:
    """Money arrived: when the whole price is held, the closing begins; money for a dead deal goes straight back."""
    if fact.purpose not in (DEPOSIT, BALANCE):
        return
    deal = find(Deal, fact.paid_for_id, lock=True)
    if deal.status is not DealStatus.AWAITING_FUNDS:
        return_collections(SYSTEM, deal, now)
        return
    if held(deal) == deal.to_collect:
        lodged_deposits.apply_to_price(deal, now)
        deal.become(DealStatus.FUNDS_HELD, now)
        session.flush()
        announce(actor, now, DealFundsHeld(deal.id))


def held(deal: Deal) -> Money:
    """What is held for the deal now, holds included."""
    return accounts.balance(held_account("deal", deal.id, deal.price.currency), deal.price.currency).posted


def collections_of(deal: Deal) -> list[Collection]:
    """Everything asked of the buyer for this deal."""
    return [*collections_for(deal.id, DEPOSIT), *collections_for(deal.id, BALANCE)]


def planned_release(deal: Deal) -> Waterfall:
    """Who will get what, as things stand: pledgees, platform, inventors, seller; it sums to the price."""
    return release_waterfall(
        deal.price, payoffs_of(deal.id), deal.fee, deal.inventor_bps, {deal.seller_id: Fraction(1)}
    )


def propose_release(actor: Actor, deal_id: UUID, now: datetime) -> Deal:
    """The operator's first person asks for the release, the recordal being proven."""
    require(actor.may("money.confirm") and policy.is_platform(actor))
    require_fresh(actor, now)
    deal = find_deal(actor, deal_id, lock=True)
    require(deal.status is DealStatus.RECORDAL_PROVEN, PaymentNotOpen())
    deal.release_proposed_by = actor.person_id
    session.flush()
    announce(actor, now, ReleaseProposed(deal.id))
    return deal


def approve_release(actor: Actor, deal_id: UUID, now: datetime) -> Deal:
    """A second person releases: the register and the money move in one transaction, pledgee first."""
    require(actor.may("money.approve") and policy.is_platform(actor))
    require_fresh(actor, now)
    deal = find_deal(actor, deal_id, lock=True)
    require(not disputed([one.id for one in collections_of(deal)]), CardPaymentDisputed())
    require_releasable(deal, held(deal), actor.person_id)
    require_allowed(deal.agreed.instrument(deal.asset_id, deal.seller_id, deal.buyer_id, now.date()), now.date())
    deal.release_approved_by = actor.person_id
    _move_right(actor, deal, now)
    for number, line in enumerate(planned_release(deal).lines, start=1):
        _pay_line(actor, deal, number, line, now)
    deal.become(DealStatus.RELEASED, now)
    if keeps_others_out(deal.agreed):
        close_listing(SYSTEM, deal.listing_id, now)
    session.flush()
    announce(actor, now, DealReleased(deal.id))
    return deal


def _move_right(actor: Actor, deal: Deal, now: datetime) -> None:
    reference = f"deal:{deal.id}"
    if deal.kind is DealKind.TRANSFER:
        mine = [owner.share for owner in owners_of(deal.asset_id) if owner.organisation_id == deal.seller_id]
        transfer_ownership(actor, deal.asset_id, deal.seller_id, deal.buyer_id, sum(mine, Fraction(0)), reference, now)
    else:
        instrument = deal.agreed.instrument(deal.asset_id, deal.seller_id, deal.buyer_id, now.date())
        grant_licence(actor, instrument, reference, now)


def _pay_line(actor: Actor, deal: Deal, number: int, line: Share, now: datetime) -> None:
    """One line of the waterfall: a fee is booked, anything else is set aside and sent with two people's names."""
    reference = f"deal:{deal.id}:release:{number}"
    if line.receiver_id is None:
        charge_fee(actor, deal.held_account, line.amount, reference, now)
        return
    payable = f"organisation:{line.receiver_id}:payable"
    accounts.open_account(payable, line.amount.currency, "credit", owner_id=line.receiver_id)
    entries.post(actor, reference, f"release:{line.step}", [Posting(deal.held_account, payable, line.amount)], now)
    proposer = replace(SYSTEM, person_id=deal.release_proposed_by)
    payout = request_payout(proposer, line.receiver_id, line.amount, payable, f"{reference}:payout", now, deal.id)
    approve_payout(actor, payout.id, now)
    if line.step == "pledgee":
        paid = line.amount
        fact = PledgeePaid(deal.id, UUID(line.reference), line.receiver_id, paid.amount_minor, paid.currency)
        announce(actor, now, fact)


def cancel(actor: Actor, deal: Deal, reason: str, now: datetime) -> None:
    """End a deal in which no money is held and open the listing again."""
    deal.become(DealStatus.CANCELLED, now, reason)
    stop_asking(deal, now)
    free_listing(deal, now)
    session.flush()
    announce(actor, now, DealCancelled(deal.id, reason))


def stop_asking(deal: Deal, now: datetime) -> None:
    """Whatever the buyer has not paid is no longer asked for."""
    for collection in collections_of(deal):
        if collection.status not in (CollectionStatus.COLLECTED, CollectionStatus.CANCELLED):
            cancel_collection(SYSTEM, collection.id, now)


def return_collections(actor: Actor, deal: Deal, now: datetime) -> None:
    """Send back every yuan that was collected, to where it came from; repeated calls send nothing twice."""
    lodged_deposits.give_back(deal, now)
    for collection in collections_of(deal):
        remaining = collection.amount - refunded(collection)
        if collection.status is CollectionStatus.COLLECTED and remaining:
            reference = f"deal:{deal.id}:refund:{collection.id}"
            request_refund(actor, collection.id, remaining, deal.held_account, reference, now)


def free_listing(deal: Deal, now: datetime) -> None:
    """The listing kept for this deal is open to everybody again."""
    if keeps_others_out(deal.agreed) and find_listing(deal.listing_id).status is ListingStatus.RESERVED:
        reopen_listing(SYSTEM, deal.listing_id, now)


def deal_of_envelope(envelope_id: UUID) -> Deal | None:
    """The deal whose contract lies in this envelope, if it is a deal's."""
    deal: Deal | None = session.execute(
        select(Deal).where(Deal.envelope_id == envelope_id).with_for_update()
    ).scalar_one_or_none()
    return deal

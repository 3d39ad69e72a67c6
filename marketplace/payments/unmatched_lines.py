"""Movements nobody could match: one person proposes what they were, a second one agrees, and the books follow."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Malformed, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.payments.bank_statements import SUSPENSE_IN, SUSPENSE_OUT, BankLine, LineStatus, find_line
from marketplace.payments.collections import Collection, WrongAmount, confirm_transfer
from marketplace.payments.payouts import BANK

CHARGES = "platform:bank_charges"


class WrongDirection(Refused):
    """Money that came cannot be a charge, money that went cannot pay a collection."""

    message = _l("This does not fit the direction of the movement.")


class Proposal(StrEnum):
    """What an unmatched movement was."""

    MATCH = "match"
    GIVE_BACK = "give_back"
    CHARGE = "charge"


@dataclass(frozen=True)
class LineProposed(Fact):
    """One person said what a movement was."""

    line_id: UUID
    proposal: str


@dataclass(frozen=True)
class LineSettled(Fact):
    """A second person agreed."""

    line_id: UUID
    proposal: str


@dataclass(frozen=True)
class LineProposalRefused(Fact):
    """A second person disagreed; the movement waits again."""

    line_id: UUID
    reason: str


def propose(
    actor: Actor, line_id: UUID, proposal: Proposal, payment_reference: str | None, note: str | None, now: datetime
) -> BankLine:
    """Say what an unmatched movement was: the payment with this reference, money to give back, or a bank charge."""
    require(actor.may("money.confirm"))
    line = find_line(line_id)
    require(line.came_in is (proposal is not Proposal.CHARGE), WrongDirection())
    collection = _collection(payment_reference) if proposal is Proposal.MATCH else None
    require(
        collection is None or collection.amount == line.amount, WrongAmount(expected=collection and collection.amount)
    )
    line.become(LineStatus.PROPOSED)
    line.proposed_collection_id = collection.id if collection else None
    line.proposal, line.proposed_by, line.note = proposal.value, actor.person_id, note
    session.flush()
    announce(actor, now, LineProposed(line.id, proposal.value))
    return line


def agree(actor: Actor, line_id: UUID, now: datetime) -> BankLine:
    """The second person agrees and the money moves out of suspense."""
    line = _decided(actor, line_id, now)
    proposal = Proposal(line.proposal or "")
    if proposal is Proposal.MATCH:
        entries.reverse(actor, line.suspense_reference, f"bank-line:{line.id}:known", now)
        collection = find(Collection, line.proposed_collection_id or line.id)
        confirm_transfer(actor, collection.id, line.reference, line.amount, now)
        line.matched_id = collection.id
        line.become(LineStatus.MATCHED)
    else:
        _settle(actor, line, proposal, now)
        line.become(LineStatus.SETTLED)
    session.flush()
    announce(actor, now, LineSettled(line.id, proposal.value))
    return line


def disagree(actor: Actor, line_id: UUID, reason: str, now: datetime) -> BankLine:
    """The second person disagrees; the movement waits again, the reason beside it."""
    line = _decided(actor, line_id, now)
    line.become(LineStatus.UNMATCHED)
    line.proposal = line.proposed_collection_id = line.proposed_by = line.decided_by = line.decided_at = None
    line.note = reason
    session.flush()
    announce(actor, now, LineProposalRefused(line.id, reason))
    return line


def _decided(actor: Actor, line_id: UUID, now: datetime) -> BankLine:
    require(actor.may("money.confirm"))
    line = find_line(line_id)
    require(line.proposed_by is None or line.proposed_by != actor.person_id, SecondPersonNeeded())
    line.decided_by, line.decided_at = actor.person_id, now
    return line


def _settle(actor: Actor, line: BankLine, proposal: Proposal, now: datetime) -> None:
    """Give money back (its order carries the line's id) or take a bank charge as the platform's cost."""
    if proposal is Proposal.GIVE_BACK:
        posting = Posting(SUSPENSE_IN, BANK, line.size)
    else:
        accounts.open_account(CHARGES, line.amount.currency, "debit")
        posting = Posting(CHARGES, SUSPENSE_OUT, line.size)
    entries.post(actor, f"bank-line:{line.id}:{proposal.value}", "bank_line", [posting], now)


def _collection(payment_reference: str | None) -> Collection:
    found: Collection | None = session.execute(
        select(Collection).where(Collection.reference == (payment_reference or "").strip().upper())
    ).scalar_one_or_none()
    if found is None:
        raise Malformed("payment_reference", _l("There is no payment with this reference."))
    return found

"""Licence-fee receivables as security: the royalties of a borrower's own licence, pledged for its loan.

Civil Code arts. 440(6) and 445: existing and future receivables may be pledged; the pledge comes into being on its
registration (with the Credit Reference Center of the People's Bank, not with the patent office), and what is pledged is
not assigned without the pledgee. Art. 546: towards the debtor it counts from the notice. The marketplace shows what was
expected and what was paid; it does not turn the licensee's payments to the bank.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import Malformed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.deals.deals import Deal, DealStatus
from marketplace.deals.royalties import RoyaltyPeriod, RoyaltyStatus
from marketplace.deals.terms import DealKind
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.files import store_own_pdf
from marketplace.documents.signatures import EnvelopeCompleted, EnvelopeDeclined, EnvelopeExpired, open_envelope
from marketplace.financing import policy
from marketplace.financing.club_votes import forget_votes, require_club_agrees
from marketplace.financing.loan_contracts import parts_in_words
from marketplace.financing.loans import RUNNING, Loan, LoanStatus, loan_for_lender, loan_for_party
from marketplace.financing.pledges import ContractNotSigned, LoanStillOwed, ReleaseNotAsked
from marketplace.identity.four_eyes import SecondPersonNeeded, needs_second_person
from marketplace.identity.organisations import find_organisation
from marketplace.identity.sign_in import require_fresh
from marketplace.registry.assets import find_asset


class NoRoyaltyToPledge(Refused):
    """Only royalties still to come are a receivable."""

    message = _l("This licence has no royalty period still to be paid.")


class ReceivableTaken(Refused):
    """A receivable is pledged once."""

    message = _l("The royalties of this licence are already pledged, or about to be.")


class ReceivableStatus(StrEnum):
    """How far the pledge of a receivable has come; it exists in law only while registered."""

    OFFERED = "offered"
    AGREED = "agreed"
    REGISTERED = "registered"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    RELEASED = "released"


R = ReceivableStatus
RECEIVABLE_LIFECYCLE = Lifecycle(
    "receivable",
    {
        R.OFFERED: {R.AGREED, R.DECLINED, R.CANCELLED},
        R.AGREED: {R.REGISTERED, R.CANCELLED},
        R.REGISTERED: {R.RELEASED},
        R.DECLINED: set(),
        R.CANCELLED: set(),
        R.RELEASED: set(),
    },
)
OPEN = (R.OFFERED, R.AGREED, R.REGISTERED)


class Receivable(Model):
    """The royalties of one licence as security for one loan."""

    __tablename__ = "receivables"
    __table_args__ = (
        CheckConstraint("expected_minor > 0", name="expected_positive"),
        CheckConstraint("(registered_on IS NULL) = (registration_number IS NULL)", name="registered_with_number"),
        CheckConstraint("status NOT IN ('registered', 'released') OR registered_on IS NOT NULL", name="registered_has_day"),
        Index(
            "uq_receivables_one_open", "deal_id", unique=True,
            postgresql_where=text("status IN ('offered', 'agreed', 'registered')"),
        ),
    )  # fmt: skip

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"), index=True)
    deal_id: Mapped[UUID] = mapped_column(ForeignKey("deals.id"))
    status: Mapped[ReceivableStatus] = mapped_column(default=ReceivableStatus.OFFERED)
    expected: Mapped[Money] = money_columns("expected")
    basis: Mapped[str] = mapped_column(String(500))
    ends_on: Mapped[date] = mapped_column(Date)
    envelope_id: Mapped[UUID | None] = mapped_column(ForeignKey("envelopes.id"), index=True)
    signed_at: Mapped[datetime | None]
    registration_number: Mapped[str | None] = mapped_column(String(80))
    registered_on: Mapped[date | None] = mapped_column(Date)
    notified_on: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str | None] = mapped_column(String(500))
    release_asked_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    released_on: Mapped[date | None] = mapped_column(Date)

    def become(self, status: ReceivableStatus) -> None:
        """Move to the next status of the table."""
        self.status = RECEIVABLE_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class ReceivableMoved(Fact):
    """The pledge of a licence's royalties took a step."""

    receivable_id: UUID
    loan_id: UUID
    status: str


def offer_receivable(
    actor: Actor, loan_id: UUID, deal_id: UUID, expected: Money, basis: str, now: datetime
) -> Receivable:
    """The borrower offers the royalties of its own licence, with the amount it expects and why."""
    loan = loan_for_party(actor, loan_id, lock=True)
    require(actor.organisation_id == loan.borrower_id, policy.WrongActor())
    require(actor.may("loan.apply"))
    require(loan.status in (LoanStatus.APPROVED, *RUNNING), NotFound())
    deal = find(Deal, deal_id, lock=True)
    require(deal.seller_id == loan.borrower_id and deal.kind is DealKind.LICENCE, NotFound())
    periods = [one for one in periods_of(deal.id) if one.status is not RoyaltyStatus.PAID]
    require(deal.status is DealStatus.RELEASED and bool(periods), NoRoyaltyToPledge())
    if expected.currency != loan.currency:
        raise Malformed("expected", _l("The amount is in the currency of the loan."))
    taken = select(Receivable.id).where(Receivable.deal_id == deal.id, Receivable.status.in_(OPEN))
    require(session.execute(taken).first() is None, ReceivableTaken())
    receivable = Receivable(
        loan_id=loan.id, deal_id=deal.id, expected=expected, basis=basis, ends_on=max(one.due_on for one in periods)
    )
    session.add(receivable)
    return _say(actor, receivable, now)


def take_receivable(actor: Actor, receivable_id: UUID, now: datetime) -> Receivable:
    """The bank takes the royalties as security; the contract is laid out for both to sign."""
    receivable, loan = _of_lender(actor, receivable_id)
    receivable.become(ReceivableStatus.AGREED)
    content = render_pdf("receivable_pledge", _terms(receivable, loan, now))
    file = store_own_pdf(content, f"receivable-{receivable.id}.pdf", "contract", now, loan.borrower_id)
    signers = [loan.borrower_id, loan.bank_id]
    receivable.envelope_id = open_envelope(SYSTEM, file.id, signers, now, link=f"/financing/loans/{loan.id}").id
    return _say(actor, receivable, now)


def decline_receivable(actor: Actor, receivable_id: UUID, reason: str, now: datetime) -> Receivable:
    """The bank does not take it, for this reason."""
    receivable, _loan = _of_lender(actor, receivable_id)
    receivable.become(ReceivableStatus.DECLINED)
    receivable.reason = reason
    return _say(actor, receivable, now)


def withdraw_receivable(actor: Actor, receivable_id: UUID, now: datetime) -> Receivable:
    """The borrower takes its offer back before the bank has taken it."""
    receivable = find(Receivable, receivable_id)
    loan = loan_for_party(actor, receivable.loan_id, lock=True)
    require(actor.organisation_id == loan.borrower_id, policy.WrongActor())
    require(actor.may("loan.apply"))
    receivable = find(Receivable, receivable_id, lock=True)
    require(receivable.status is not ReceivableStatus.AGREED, policy.WrongActor())
    receivable.become(ReceivableStatus.CANCELLED)
    return _say(actor, receivable, now)


def register_receivable(actor: Actor, receivable_id: UUID, number: str, on: date, now: datetime) -> Receivable:
    """Record the registration with the Credit Reference Center; only now does the pledge exist."""
    receivable, _loan = _of_lender(actor, receivable_id)
    require(receivable.signed_at is not None, ContractNotSigned())
    if receivable.signed_at is None or not market_day(receivable.signed_at) <= on <= market_day(now):
        raise Malformed("registered_on", _l("The registration lies between the signing and today."))
    receivable.become(ReceivableStatus.REGISTERED)
    receivable.registration_number, receivable.registered_on = number, on
    return _say(actor, receivable, now)


def note_notice(actor: Actor, receivable_id: UUID, on: date, now: datetime) -> Receivable:
    """Record the day on which the licensee was told; towards it the pledge counts from then."""
    receivable, _loan = _of_lender(actor, receivable_id)
    registered_on = receivable.registered_on
    if registered_on is None or not registered_on <= on <= market_day(now):
        raise Malformed("notified_on", _l("The notice lies between the registration and today."))
    receivable.notified_on = on
    return _say(actor, receivable, now)


def ask_release(actor: Actor, receivable_id: UUID, reason: str, now: datetime) -> Receivable:
    """The bank lets the royalties go: at once when nothing is owed and no second person is needed, else on request."""
    receivable, loan = _of_lender(actor, receivable_id)
    require_fresh(actor, now)
    RECEIVABLE_LIFECYCLE.check(receivable.status, ReceivableStatus.RELEASED)
    require(not loan.outstanding or bool(reason), LoanStillOwed(outstanding=loan.outstanding))
    receivable.release_asked_by, receivable.reason = actor.person_id, reason or None
    forget_votes(receivable.id)
    if loan.outstanding or needs_second_person(loan.bank_id, loan.principal):
        return _say(actor, receivable, now)
    return _release(actor, receivable, now)


def approve_release(actor: Actor, receivable_id: UUID, now: datetime) -> Receivable:
    """The second person of the bank agrees, and while money is owed two thirds of the lenders; the royalties are free."""
    receivable, loan = _of_lender(actor, receivable_id)
    require(actor.may("loan.approve"))
    require_fresh(actor, now)
    require(receivable.release_asked_by is not None, ReleaseNotAsked())
    require(actor.person_id is not None and actor.person_id != receivable.release_asked_by, SecondPersonNeeded())
    if loan.outstanding:
        require_club_agrees(loan, receivable.id)
    return _release(actor, receivable, now)


def note_signature(actor: Actor, fact: EnvelopeCompleted, now: datetime) -> None:
    """Both signed the contract: the pledge may be registered."""
    for receivable in _of_envelope(fact.envelope_id):
        receivable.signed_at = now
    session.flush()


def drop_unsigned(_actor: Actor, fact: EnvelopeDeclined | EnvelopeExpired, now: datetime) -> None:
    """The contract was declined or not signed in time: the royalties are not pledged."""
    for receivable in _of_envelope(fact.envelope_id):
        if receivable.status is ReceivableStatus.AGREED:
            receivable.become(ReceivableStatus.CANCELLED)
            _say(SYSTEM, receivable, now)


def receivables_of_loan(loan_id: UUID) -> list[tuple[Receivable, Deal]]:
    """The royalties offered or pledged for a loan, with their licences."""
    rows = session.execute(
        select(Receivable, Deal)
        .join(Deal, Deal.id == Receivable.deal_id)
        .where(Receivable.loan_id == loan_id)
        .order_by(Receivable.id)
    )
    return [(receivable, deal) for receivable, deal in rows]


def periods_of(deal_id: UUID) -> list[RoyaltyPeriod]:
    """The reporting periods of a licence, in order."""
    query = select(RoyaltyPeriod).where(RoyaltyPeriod.deal_id == deal_id).order_by(RoyaltyPeriod.number)
    return list(session.execute(query).scalars())


def licences_to_offer(borrower_id: UUID) -> list[Deal]:
    """The borrower's own licences with royalties still to come that are not pledged."""
    unpaid = select(RoyaltyPeriod.deal_id).where(RoyaltyPeriod.status != RoyaltyStatus.PAID)
    taken = select(Receivable.deal_id).where(Receivable.status.in_(OPEN))
    query = select(Deal).where(
        Deal.seller_id == borrower_id, Deal.kind == DealKind.LICENCE, Deal.status == DealStatus.RELEASED,
        Deal.id.in_(unpaid), Deal.id.not_in(taken),
    )  # fmt: skip
    return list(session.execute(query.order_by(Deal.id)).scalars())


def pledged_royalties(deal_id: UUID) -> Receivable | None:
    """The registered pledge of a licence's royalties."""
    query = select(Receivable).where(Receivable.deal_id == deal_id, Receivable.status == ReceivableStatus.REGISTERED)
    found: Receivable | None = session.execute(query).scalar_one_or_none()
    return found


def _of_lender(actor: Actor, receivable_id: UUID) -> tuple[Receivable, Loan]:
    loan = loan_for_lender(actor, find(Receivable, receivable_id).loan_id)
    require(actor.may("loan.underwrite") or actor.may("loan.approve"))
    return find(Receivable, receivable_id, lock=True), loan


def _of_envelope(envelope_id: UUID) -> list[Receivable]:
    query = select(Receivable).where(Receivable.envelope_id == envelope_id).with_for_update()
    return list(session.execute(query).scalars())


def _release(actor: Actor, receivable: Receivable, now: datetime) -> Receivable:
    receivable.become(ReceivableStatus.RELEASED)
    receivable.released_on = market_day(now)
    return _say(actor, receivable, now)


def _say(actor: Actor, receivable: Receivable, now: datetime) -> Receivable:
    session.flush()
    announce(actor, now, ReceivableMoved(receivable.id, receivable.loan_id, receivable.status.value))
    return receivable


def _terms(receivable: Receivable, loan: Loan, now: datetime) -> dict[str, Any]:
    deal = find(Deal, receivable.deal_id)
    asset = find_asset(deal.asset_id)
    borrower, bank, licensee = (find_organisation(one) for one in (loan.borrower_id, loan.bank_id, deal.buyer_id))
    roles = (
        ({"zh": "出质人（许可人）", "en": "Pledgor (licensor)"}, borrower),
        ({"zh": "质权人", "en": "Pledgee"}, bank),
    )
    return {
        "reference": str(receivable.id),
        "issued_on": market_day(now),
        "parties": [
            {"role": role, "name": {"zh": one.name_zh, "en": one.name_en}, "code": one.credit_code} for role, one in roles
        ],
        "assets": [{"number": asset.label, "title": asset.titles or {"zh": asset.mark}, "kind": asset.kind.value}],
        "licence": str(deal.id),
        "licensee": {"zh": licensee.name_zh, "en": licensee.name_en},
        "royalty_rate": f"{(deal.agreed.royalty_bps or 0) / 100:.2f} %",
        "expected": receivable.expected,
        "basis": receivable.basis,
        "until": receivable.ends_on,
        "secured_amount": loan.ip_secured,
        "loan_reference": str(loan.id),
        "lenders": parts_in_words(loan),
        "forum": {"zh": "贷款人所在地人民法院", "en": "the people's court at the lender's seat"},
    }  # fmt: skip

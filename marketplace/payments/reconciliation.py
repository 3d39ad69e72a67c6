"""Nightly reconciliation: the books against the bank's statements and against Stripe, every difference named."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, session
from marketplace.core.errors import require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.identity.organisations import OrganisationKind, organisations_of_kind
from marketplace.ledger import accounts
from marketplace.ledger.journals import ENTRIES, Journal, Phase
from marketplace.ledger.proofs import prove_books
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.payments import stripe_gateway
from marketplace.payments.bank_statements import BankLine, BankStatement, LineStatus
from marketplace.payments.collections import Collection, CollectionStatus, Method
from marketplace.payments.payouts import BANK

CARDS_LOOKED_BACK = timedelta(days=120)
_POSTED = (Phase.SINGLE, Phase.CAPTURE)
_MATCHED_BY_ID = ("collection", "payout", "refund", "bank-line")
NOT_RECONCILED = "not_reconciled"

say(
    NOT_RECONCILED,
    subject=_l("The books and the bank or Stripe differ"),
    text=_l("The reconciliation found %(count)s differences. No payout should leave before they are explained."),
)


class Reconciliation(Model):
    """One comparison: the figures per currency and every difference."""

    __tablename__ = "reconciliations"

    made_at: Mapped[datetime]
    figures: Mapped[list[Any]] = mapped_column(JSONB)
    differences: Mapped[list[Any]] = mapped_column(JSONB)

    @property
    def agrees(self) -> bool:
        """Whether books, bank and Stripe say the same."""
        return not self.differences


@dataclass(frozen=True)
class BooksReconciled(Fact):
    """The books were compared with the bank and with Stripe."""

    reconciliation_id: UUID
    differences: int


def reconcile(actor: Actor, now: datetime) -> Reconciliation:
    """Compare and keep the result; operators are told of differences."""
    require(actor.may("system") or actor.may("money.confirm"))
    figures = [_bank_figures(currency) for currency in _bank_currencies()]
    differences = [
        {"where": "bank", "what": figure["currency"], "expected": figure["expected_at_bank"], "seen": figure["bank"]}
        for figure in figures
        if not figure["agrees"]
    ]
    differences += _card_differences(now)
    faults = prove_books()["faults"]
    differences += [{"where": "ledger", "what": str(fault), "expected": "", "seen": ""} for fault in faults]
    made = Reconciliation(made_at=now, figures=figures, differences=differences)
    session.add(made)
    session.flush()
    announce(actor, now, BooksReconciled(made.id, len(differences)))
    if differences:
        for operator in organisations_of_kind(OrganisationKind.PLATFORM_OPERATOR):
            tell(operator.id, NOT_RECONCILED, {"count": len(differences)}, "/payments/statements", now)
    return made


def newest_reconciliation() -> Reconciliation | None:
    """The comparison made last."""
    query = select(Reconciliation).order_by(Reconciliation.id.desc()).limit(1)
    found: Reconciliation | None = session.execute(query).scalar_one_or_none()
    return found


def _bank_currencies() -> list[str]:
    table = BankStatement.__table__.c
    return sorted(session.execute(select(table.closing_currency).distinct()).scalars())


def _bank_figures(currency: str) -> dict[str, Any]:
    """What the bank should say: our books, less what no statement shows yet, from where its first statement began."""
    books = accounts.balance(BANK, currency).posted.amount_minor
    began, bank = _statement_ends(currency)
    unseen = _not_on_a_statement(currency)
    expected = began + books - sum(movement for _reference, movement in unseen)
    words = {
        "books": books, "opening": began, "not_on_a_statement": books + began - expected,
        "expected_at_bank": expected, "bank": bank,
    }  # fmt: skip
    shown = {name: Money(minor, currency).format() for name, minor in words.items()}
    return {
        "currency": currency, **shown, "difference": Money(bank - expected, currency).format(),
        "agrees": bank == expected, "unmatched": _unmatched(currency),
        "in_transit": [[reference, Money(movement, currency).format()] for reference, movement in unseen[:50]],
    }  # fmt: skip


def _statement_ends(currency: str) -> tuple[int, int]:
    """The first opening and the last closing balances, summed over the accounts of the currency."""
    ends: dict[str, list[BankStatement]] = defaultdict(list)
    query = select(BankStatement).where(BankStatement.__table__.c.closing_currency == currency)
    for statement in session.execute(query.order_by(BankStatement.id)).scalars():
        ends[statement.account].append(statement)
    began = sum(found[0].opening.amount_minor for found in ends.values())
    return began, sum(found[-1].closing.amount_minor for found in ends.values())


def _not_on_a_statement(currency: str) -> list[tuple[str, int]]:
    """Every movement of the bank's account in our books that no statement line shows, oldest first, debit above zero."""
    signed = case((ENTRIES.c.side == "debit", ENTRIES.c.amount_minor), else_=-ENTRIES.c.amount_minor)
    matched = {str(found) for found in session.execute(select(BankLine.matched_id)).scalars() if found}
    query = (
        select(Journal.id, Journal.reference, signed)
        .join(ENTRIES, ENTRIES.c.journal_id == Journal.id)
        .join(accounts.Account, accounts.Account.id == ENTRIES.c.account_id)
        .where(
            accounts.Account.entity == accounts.PLATFORM,
            accounts.Account.code == BANK,
            accounts.Account.currency == currency,
            Journal.phase.in_(_POSTED),
        )
        .order_by(Journal.id)
    )
    rows = session.execute(query).all()
    return [(reference, int(movement)) for found, reference, movement in rows if not _seen(found, reference, matched)]


def _seen(journal_id: UUID, reference: str, matched: set[str]) -> bool:
    """Whether a statement line stands behind a journal: its own, or the one its payment or payout was matched to."""
    kind, _colon, rest = reference.partition(":")
    identity = rest.partition(":")[0]
    if kind == "bank-line" and rest.endswith((":suspense", ":known")):
        return True
    return str(journal_id) in matched or (kind in _MATCHED_BY_ID and identity in matched)


def _unmatched(currency: str) -> int:
    line = BankLine.__table__.c
    waiting = line.status.in_([LineStatus.UNMATCHED, LineStatus.PROPOSED])
    query = select(func.count()).select_from(BankLine).where(line.amount_currency == currency, waiting)
    return int(session.execute(query).scalar_one())


def _card_differences(now: datetime) -> list[dict[str, str]]:
    """Card payments whose amount or state Stripe knows differently."""
    if not stripe_gateway.cards_are_on():
        return []
    import stripe  # loads only where Stripe is asked

    query = select(Collection).where(
        Collection.method == Method.CARD, Collection.stripe_intent_id.is_not(None),
        Collection.created_at >= now - CARDS_LOOKED_BACK,
    )  # fmt: skip
    found = []
    for collection in session.execute(query.order_by(Collection.id)).scalars():
        ours = collection.amount if collection.status is CollectionStatus.COLLECTED else None
        ours_shown = str(ours) if ours else "—"
        try:
            facts = stripe_gateway.intent_facts(collection.stripe_intent_id or "")
        except stripe.StripeError as error:
            found.append(_difference(collection, ours_shown, type(error).__name__))
            continue
        theirs = facts.received if facts.status == "succeeded" else None
        if ours != theirs:
            found.append(_difference(collection, ours_shown, str(theirs) if theirs else facts.status))
    return found


def _difference(collection: Collection, expected: str, seen: str) -> dict[str, str]:
    return {"where": "stripe", "what": collection.reference, "expected": expected, "seen": seen}

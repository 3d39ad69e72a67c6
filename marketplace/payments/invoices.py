"""Invoices of the marketplace's own charges: numbered without a gap, tax set apart, never changed, only credited."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.fields import cursor_page
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.identity.organisations import find_organisation
from marketplace.ledger import accounts, entries
from marketplace.ledger.entries import Posting
from marketplace.payments.held_funds import FEES
from marketplace.payments.payouts import request_payout
from marketplace.payments.tax_rates import net_of_tax, tax_rate


class AlreadyCredited(Refused):
    """An invoice is credited once, in full."""

    message = _l("This invoice was credited already.")


class NotCreditable(Refused):
    """A credit note is itself never credited."""

    message = _l("Only an invoice can be credited, not a credit note.")


class InvoiceKind(StrEnum):
    """A charge, or its full correction."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class InvoiceSeries(Model):
    """The last number a supplier gave in a year; the row is locked while a number is taken, so none is skipped."""

    __tablename__ = "invoice_series"
    __table_args__ = (UniqueConstraint("supplier_id", "year"),)

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    year: Mapped[int]
    last_number: Mapped[int] = mapped_column(default=0)


class Invoice(Model):
    """One charge to one customer; PostgreSQL refuses to change or delete it."""

    __tablename__ = "invoices"
    __table_args__ = (
        UniqueConstraint("supplier_id", "year", "number"),
        UniqueConstraint("subject_id", "charge", "kind"),
        CheckConstraint("gross_minor = net_minor + tax_minor AND gross_minor > 0", name="adds_up"),
        CheckConstraint("gross_currency = net_currency AND gross_currency = tax_currency", name="one_currency"),
        CheckConstraint("(kind = 'credit_note') = (credits_id IS NOT NULL)", name="credit_names_invoice"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[InvoiceKind]
    year: Mapped[int]
    number: Mapped[int]
    issued_on: Mapped[date] = mapped_column(Date)
    subject_id: Mapped[UUID]
    charge: Mapped[str] = mapped_column(String(40))
    net: Mapped[Money] = money_columns("net")
    tax: Mapped[Money] = money_columns("tax")
    gross: Mapped[Money] = money_columns("gross")
    tax_code: Mapped[str] = mapped_column(String(10))
    tax_bps: Mapped[int]
    tax_source: Mapped[str] = mapped_column(String(200))
    credits_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoices.id"), unique=True)
    reason: Mapped[str] = mapped_column(String(500), default="")
    issued_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))

    @property
    def label(self) -> str:
        """The number as it is printed: INV-2026-000001, CN-2026-000002."""
        return f"{'INV' if self.kind is InvoiceKind.INVOICE else 'CN'}-{self.year}-{self.number:06d}"


@dataclass(frozen=True)
class InvoiceIssued(Fact):
    """The marketplace invoiced a charge it has taken."""

    invoice_id: UUID
    customer_id: UUID
    number: str


@dataclass(frozen=True)
class InvoiceCredited(Fact):
    """A charge was corrected in full; the money goes back to the customer."""

    invoice_id: UUID
    customer_id: UUID
    number: str


@dataclass(frozen=True)
class Charged:
    """What was taken: from whom, for which subject, how much with the tax contained."""

    customer_id: UUID
    subject_id: UUID
    charge: str
    gross: Money


def issue_invoice(actor: Actor, supplier_id: UUID, charged: Charged, now: datetime) -> Invoice:
    """Invoice a charge that was taken; the tax in it leaves the platform's income for the tax account.

    Asked again for the same subject and charge, the first invoice is answered. Raises ``TaxUnknown`` when the
    supplier's country has no recorded rate that day.
    """
    query = select(Invoice).where(
        Invoice.subject_id == charged.subject_id, Invoice.charge == charged.charge, Invoice.kind == InvoiceKind.INVOICE
    )
    known: Invoice | None = session.execute(query).scalar_one_or_none()
    if known is not None:
        return known
    on = market_day(now)
    rate = tax_rate(find_organisation(supplier_id).country, on)
    net = net_of_tax(charged.gross, rate.basis_points)
    invoice = Invoice(
        supplier_id=supplier_id, customer_id=charged.customer_id, kind=InvoiceKind.INVOICE, year=on.year,
        number=_next_number(supplier_id, on.year), issued_on=on, subject_id=charged.subject_id, charge=charged.charge,
        net=net, tax=charged.gross - net, gross=charged.gross, tax_code=rate.code, tax_bps=rate.basis_points,
        tax_source=rate.source, issued_by=actor.person_id,
    )  # fmt: skip
    session.add(invoice)
    session.flush()
    if invoice.tax:
        posting = Posting(FEES, _tax_account(invoice), invoice.tax)
        entries.post(actor, f"invoice:{invoice.id}", "tax", [posting], now)
    announce(actor, now, InvoiceIssued(invoice.id, invoice.customer_id, invoice.label))
    return invoice


def credit_invoice(actor: Actor, invoice_id: UUID, reason: str, now: datetime) -> Invoice:
    """Correct a charge in full: a credit note, the tax taken back, the money on its way to the customer.

    The payout waits for a second person like every other above the limit.
    """
    require(actor.may("money.approve") and actor.organisation_kind == "platform_operator")
    invoice = find(Invoice, invoice_id, lock=True)
    require(invoice.kind is InvoiceKind.INVOICE, NotCreditable())
    require(_credit_of(invoice) is None, AlreadyCredited())
    require(actor.person_id is not None and actor.person_id != invoice.issued_by, SecondPersonNeeded())
    on = market_day(now)
    note = Invoice(
        supplier_id=invoice.supplier_id, customer_id=invoice.customer_id, kind=InvoiceKind.CREDIT_NOTE, year=on.year,
        number=_next_number(invoice.supplier_id, on.year), issued_on=on, subject_id=invoice.subject_id,
        charge=invoice.charge, net=invoice.net, tax=invoice.tax, gross=invoice.gross, tax_code=invoice.tax_code,
        tax_bps=invoice.tax_bps, tax_source=invoice.tax_source, credits_id=invoice.id, reason=reason,
        issued_by=actor.person_id,
    )  # fmt: skip
    session.add(note)
    session.flush()
    payable = f"organisation:{note.customer_id}:payable"
    accounts.open_account(payable, note.gross.currency, "credit", owner_id=note.customer_id)
    postings = [Posting(FEES, payable, note.net)]
    if note.tax:
        postings.append(Posting(_tax_account(note), payable, note.tax))
    entries.post(actor, f"invoice:{note.id}", "credit_note", postings, now)
    request_payout(actor, note.customer_id, note.gross, payable, f"invoice:{note.id}:payout", now, note.id)
    announce(actor, now, InvoiceCredited(note.id, note.customer_id, note.label))
    return note


def invoices_of(actor: Actor, after: str | None, limit: int) -> dict[str, Any]:
    """A page of the invoices an organisation got; the operator sees all."""
    _require_reader(actor)
    query = select(Invoice)
    if actor.organisation_kind != "platform_operator":
        query = query.where(Invoice.customer_id == actor.organisation_id)
    return cursor_page(query, Invoice, after, limit)


def find_invoice(actor: Actor, invoice_id: UUID) -> Invoice:
    """An invoice, for its customer and the operator; for others it does not exist."""
    _require_reader(actor)
    invoice = find(Invoice, invoice_id)
    require(actor.organisation_id == invoice.customer_id or actor.organisation_kind == "platform_operator", NotFound())
    return invoice


def credited(invoice: Invoice) -> bool:
    """Whether the charge was corrected."""
    return _credit_of(invoice) is not None


def _require_reader(actor: Actor) -> None:
    require(actor.may("money.pay") or actor.may("money.approve") or actor.may("org.manage"))


def _credit_of(invoice: Invoice) -> Invoice | None:
    found: Invoice | None = session.execute(
        select(Invoice).where(Invoice.credits_id == invoice.id)
    ).scalar_one_or_none()
    return found


def _tax_account(invoice: Invoice) -> str:
    code = f"platform:tax:{invoice.tax_code.lower()}"
    accounts.open_account(code, invoice.gross.currency, "credit")
    return code


def _next_number(supplier_id: UUID, year: int) -> int:
    opened = insert(InvoiceSeries).values(supplier_id=supplier_id, year=year, last_number=0)
    session.execute(opened.on_conflict_do_nothing(index_elements=["supplier_id", "year"]))
    series = session.execute(
        select(InvoiceSeries)
        .where(InvoiceSeries.supplier_id == supplier_id, InvoiceSeries.year == year)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
    series.last_number += 1
    session.flush()
    return series.last_number

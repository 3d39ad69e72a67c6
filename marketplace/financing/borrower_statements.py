"""Borrower statements: the figures of a period with the accounts they come from, shown to the banks that weigh a loan.

A statement is never changed; a corrected one of the same period is given anew and the latest counts.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.clock import market_day
from marketplace.core.db import Model, money_columns, same_currency, session
from marketplace.core.errors import Malformed, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.documents.files import find_file, show_file, store_file
from marketplace.financing.applications import Application, ApplicationFiled, ApplicationStatus, Invitation
from marketplace.financing.applications import InvitationStatus as Answer
from marketplace.financing.club_places import ClubPlace, ClubPlaceStatus
from marketplace.financing.clubs import ClubPlaceMoved
from marketplace.financing.lenders import LoanShare
from marketplace.financing.loans import RUNNING, Loan, LoanStatus
from marketplace.financing.term_sheets import TermSheet
from marketplace.identity.verification import require_approved

MOST_BYTES = 20 * 1024 * 1024
PERIODS = (3, 6, 12)


class BorrowerStatement(Model):
    """The figures of one period of a borrower, as it stated them on a day."""

    __tablename__ = "borrower_statements"
    __table_args__ = (
        CheckConstraint("months IN (3, 6, 12)", name="months"),
        CheckConstraint(
            "revenue_minor >= 0 AND total_assets_minor >= 0 AND total_liabilities_minor >= 0", name="not_negative"
        ),
        same_currency("revenue", "net_profit", "total_assets", "total_liabilities"),
        Index("ix_borrower_statements_period", "organisation_id", "ends_on"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    ends_on: Mapped[date] = mapped_column(Date)
    months: Mapped[int]
    revenue: Mapped[Money] = money_columns("revenue")
    net_profit: Mapped[Money] = money_columns("net_profit")
    total_assets: Mapped[Money] = money_columns("total_assets")
    total_liabilities: Mapped[Money] = money_columns("total_liabilities")
    audited: Mapped[bool]
    file_id: Mapped[UUID] = mapped_column(ForeignKey("files.id"))
    given_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    given_at: Mapped[datetime]

    @property
    def debt_to_assets_bps(self) -> int | None:
        """Liabilities over assets in basis points; unknown where there are no assets."""
        assets = self.total_assets.amount_minor
        return self.total_liabilities.amount_minor * 10_000 // assets if assets else None


@dataclass(frozen=True)
class StatementGiven(Fact):
    """A borrower gave the figures of a period."""

    statement_id: UUID
    organisation_id: UUID


@dataclass(frozen=True, kw_only=True)
class Stated:
    """The figures of a period as the borrower enters them."""

    ends_on: date
    months: int
    revenue: Money
    net_profit: Money
    total_assets: Money
    total_liabilities: Money
    audited: bool
    file_id: UUID


def give_statement(actor: Actor, stated: Stated, now: datetime) -> BorrowerStatement:
    """State the figures of a period with the file they come from; the banks that weigh a loan may read it."""
    require(actor.may("loan.apply"))
    require_approved(actor)
    assert actor.organisation_id is not None
    find_file(actor, stated.file_id, now)
    if stated.ends_on > market_day(now):
        raise Malformed("ends_on", _l("This day has not come yet."))
    if len({stated.revenue.currency, stated.net_profit.currency, stated.total_assets.currency,
            stated.total_liabilities.currency}) > 1:  # fmt: skip
        raise Malformed("net_profit", _l("All figures are in one currency."))
    statement = BorrowerStatement(
        organisation_id=actor.organisation_id, ends_on=stated.ends_on, months=stated.months, revenue=stated.revenue,
        net_profit=stated.net_profit, total_assets=stated.total_assets, total_liabilities=stated.total_liabilities,
        audited=stated.audited, file_id=stated.file_id, given_by=actor.person_id, given_at=now,
    )  # fmt: skip
    session.add(statement)
    session.flush()
    for bank_id in banks_weighing(actor.organisation_id):
        show_file(SYSTEM, statement.file_id, bank_id, now)
    announce(actor, now, StatementGiven(statement.id, actor.organisation_id))
    return statement


def upload_statement(actor: Actor, stated: dict[str, Any], upload: Any, now: datetime) -> BorrowerStatement:
    """The same from a form, with the accounts as an uploaded file."""
    require(actor.may("loan.apply"))
    if upload is None or not upload.filename:
        raise Malformed("file", _l("Add the accounts as a file."))
    content = upload.stream.read(MOST_BYTES + 1)
    require(len(content) <= MOST_BYTES, Malformed("file", _l("The file may have at most 20 MB.")))
    file = store_file(actor, content, upload.filename, "accounts", now)
    return give_statement(actor, Stated(**stated, file_id=file.id), now)


def statements_of(organisation_id: UUID) -> list[BorrowerStatement]:
    """What counts of each period, the latest period first."""
    query = (
        select(BorrowerStatement)
        .where(BorrowerStatement.organisation_id == organisation_id)
        .distinct(BorrowerStatement.ends_on, BorrowerStatement.months)
        .order_by(
            BorrowerStatement.ends_on.desc(), BorrowerStatement.months.desc(), BorrowerStatement.given_at.desc(),
            BorrowerStatement.id.desc(),
        )
        .limit(40)
    )  # fmt: skip
    return list(session.execute(query).scalars())


def banks_weighing(borrower_id: UUID) -> set[UUID]:
    """The banks that weigh a loan to the borrower, or lend it one."""
    invited = (
        select(Invitation.bank_id)
        .join(Application, Application.id == Invitation.application_id)
        .where(
            Application.borrower_id == borrower_id,
            Application.status == ApplicationStatus.OPEN,
            Invitation.status.in_((Answer.INVITED, Answer.OFFERED)),
        )
    )
    alive = Loan.status.in_((LoanStatus.APPROVED, *RUNNING))
    agents = select(Loan.bank_id).where(Loan.borrower_id == borrower_id, alive)
    others = (
        select(LoanShare.bank_id).join(Loan, Loan.id == LoanShare.loan_id).where(Loan.borrower_id == borrower_id, alive)
    )
    asked = (
        select(ClubPlace.bank_id)
        .join(TermSheet, TermSheet.id == ClubPlace.term_sheet_id)
        .join(Application, Application.id == TermSheet.application_id)
        .where(
            Application.borrower_id == borrower_id,
            Application.status == ApplicationStatus.OPEN,
            ClubPlace.was_asked.is_(True),
            ClubPlace.status.in_((ClubPlaceStatus.ASKED, ClubPlaceStatus.RECOMMENDED, ClubPlaceStatus.JOINED)),
        )
    )
    return set(session.execute(invited.union(agents, others, asked)).scalars())


def show_to_invited(_actor: Actor, fact: ApplicationFiled, now: datetime) -> None:
    """The banks asked may read the accounts of the borrower."""
    application = session.get_one(Application, fact.application_id)
    invited = select(Invitation.bank_id).where(Invitation.application_id == application.id)
    for bank_id in session.execute(invited).scalars():
        _show_all(application.borrower_id, bank_id, now)


def show_to_asked(_actor: Actor, fact: ClubPlaceMoved, now: datetime) -> None:
    """A bank the borrower allowed to take a part may read its accounts."""
    if fact.status == ClubPlaceStatus.ASKED:
        place = session.get_one(ClubPlace, fact.place_id)
        sheet = session.get_one(TermSheet, place.term_sheet_id)
        _show_all(session.get_one(Application, sheet.application_id).borrower_id, place.bank_id, now)


def _show_all(borrower_id: UUID, bank_id: UUID, now: datetime) -> None:
    for statement in statements_of(borrower_id):
        show_file(SYSTEM, statement.file_id, bank_id, now)

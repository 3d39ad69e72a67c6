"""Covenants (承诺事项): agreed on an offer before it is accepted, printed in the loan contract, never changed afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, session
from marketplace.core.errors import Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.financing import policy
from marketplace.financing.club_places import BINDING, places_of
from marketplace.financing.covenant_rules import CovenantKind, Measure, Promise
from marketplace.financing.loans import Loan, loan_for_party
from marketplace.financing.term_sheets import LIVE, TermSheet, TermSheetStatus, find_term_sheet
from marketplace.identity.four_eyes import needs_second_person, require_second_person

MOST_OF_ONE_OFFER = 12


class CovenantsSettled(Refused):
    """What was accepted or has ended is not changed."""

    message = _l("This offer was accepted or has ended; its covenants no longer change.")


class BanksRelyOnCovenants(Refused):
    """Another bank decided on the terms as they stood."""

    message = _l("Another bank has decided on these terms; its place must be taken back first.")


class CovenantAgreedAlready(Refused):
    """One promise of a kind."""

    message = _l("The offer has a covenant of this kind already; drop it first.")


class TooManyCovenants(Refused):
    """A contract stays readable."""

    message = _l("An offer has at most %(most)s covenants.")


class CovenantsNotRead(Refused):
    """The borrower accepts what it has read, all of it and nothing else."""

    message = _l("The covenants of this offer are not those you confirmed. Read them and accept again.")


class _Promised:
    """The columns of a promise, alike in an offer and in a loan."""

    kind: Mapped[CovenantKind]
    measure: Mapped[Measure | None]
    threshold: Mapped[Decimal | None] = mapped_column(Numeric(20, 4))
    every_months: Mapped[int]
    days_after: Mapped[int]
    text: Mapped[str] = mapped_column(String(500), default="")

    @property
    def promise(self) -> Promise:
        """What is promised, as the rules read it."""
        return Promise(**_values(self))

    @property
    def words(self) -> dict[str, str]:
        """The promise in both languages."""
        return self.promise.words


PROMISE_RULE = (
    "(kind = 'financial') = (measure IS NOT NULL) AND (measure IS NULL) = (threshold IS NULL) "
    "AND (threshold IS NULL OR threshold > 0) AND (kind <> 'information' OR text <> '') "
    "AND every_months BETWEEN 1 AND 60 AND days_after BETWEEN 0 AND 180"
)


class OfferedCovenant(_Promised, Model):
    """One promise in an offer, as long as the offer is not accepted."""

    __tablename__ = "offered_covenants"
    __table_args__ = (
        CheckConstraint(PROMISE_RULE, name="promise"),
        Index(
            "uq_offered_covenants_one_a_measure", "term_sheet_id", "measure", unique=True,
            postgresql_where=text("measure IS NOT NULL"),
        ),
        Index(
            "uq_offered_covenants_one_a_kind", "term_sheet_id", "kind", unique=True,
            postgresql_where=text("kind IN ('upkeep', 'negative')"),
        ),
    )  # fmt: skip

    term_sheet_id: Mapped[UUID] = mapped_column(ForeignKey("term_sheets.id"), index=True)
    agreed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))


class Covenant(_Promised, Model):
    """One promise of a loan; the row is never changed."""

    __tablename__ = "covenants"
    __table_args__ = (CheckConstraint(PROMISE_RULE, name="promise"),)

    loan_id: Mapped[UUID] = mapped_column(ForeignKey("loans.id"), index=True)


@dataclass(frozen=True)
class CovenantAgreed(Fact):
    """A bank put a covenant into its offer."""

    covenant_id: UUID
    term_sheet_id: UUID
    promise: str


@dataclass(frozen=True)
class CovenantDropped(Fact):
    """A bank took a covenant out of its offer."""

    covenant_id: UUID
    term_sheet_id: UUID
    promise: str


def agree_covenant(actor: Actor, term_sheet_id: UUID, promise: Promise, now: datetime) -> OfferedCovenant:
    """The bank puts a covenant into its own offer; once the offer is out, by a second person above its limit."""
    sheet = _of_bank(actor, term_sheet_id)
    promise.require_sound(sheet.term_months)
    standing = covenants_of_sheet(sheet.id)
    require(len(standing) < MOST_OF_ONE_OFFER, TooManyCovenants(most=MOST_OF_ONE_OFFER))
    free = promise.kind is CovenantKind.INFORMATION
    require(free or (promise.kind, promise.measure) not in {(one.kind, one.measure) for one in standing},
            CovenantAgreedAlready())  # fmt: skip
    covenant = OfferedCovenant(term_sheet_id=sheet.id, agreed_by=actor.person_id, **_values(promise))
    session.add(covenant)
    session.flush()
    announce(actor, now, CovenantAgreed(covenant.id, sheet.id, covenant.words["zh"]))
    return covenant


def drop_covenant(actor: Actor, covenant_id: UUID, now: datetime) -> TermSheet:
    """The bank takes a covenant out of its own offer."""
    sheet = _of_bank(actor, find(OfferedCovenant, covenant_id).term_sheet_id)
    covenant = find(OfferedCovenant, covenant_id, lock=True)
    session.delete(covenant)
    session.flush()
    announce(actor, now, CovenantDropped(covenant.id, sheet.id, covenant.words["zh"]))
    return sheet


def covenants_in(actor: Actor, term_sheet_id: UUID) -> list[OfferedCovenant]:
    """The covenants of an offer, for its bank and, once it is out, for the borrower."""
    return covenants_of_sheet(find_term_sheet(actor, term_sheet_id).id)


def covenants_of_sheet(term_sheet_id: UUID) -> list[OfferedCovenant]:
    """The covenants of an offer in the order they were agreed."""
    return covenants_of_sheets([term_sheet_id]).get(term_sheet_id, [])


def covenants_of_sheets(term_sheet_ids: Iterable[UUID]) -> dict[UUID, list[OfferedCovenant]]:
    """The covenants of several offers."""
    query = select(OfferedCovenant).where(OfferedCovenant.term_sheet_id.in_(list(term_sheet_ids)))
    found: dict[UUID, list[OfferedCovenant]] = {}
    for covenant in session.execute(query.order_by(OfferedCovenant.id)).scalars():
        found.setdefault(covenant.term_sheet_id, []).append(covenant)
    return found


def covenants_for(actor: Actor, loan_id: UUID) -> list[Covenant]:
    """The covenants of a loan, for its parties."""
    return covenants_of_loan(loan_for_party(actor, loan_id).id)


def covenants_of_loan(loan_id: UUID) -> list[Covenant]:
    """The covenants of a loan in the order they were agreed."""
    query = select(Covenant).where(Covenant.loan_id == loan_id).order_by(Covenant.id)
    return list(session.execute(query).scalars())


def require_read(term_sheet_id: UUID, confirmed: Sequence[UUID]) -> None:
    """Refuse an acceptance that does not confirm exactly the covenants that stand."""
    require(set(confirmed) == {one.id for one in covenants_of_sheet(term_sheet_id)}, CovenantsNotRead())


def copy_covenants(sheet: TermSheet, loan: Loan) -> None:
    """What was accepted becomes the loan's, for good."""
    for one in covenants_of_sheet(sheet.id):
        session.add(Covenant(loan_id=loan.id, **_values(one)))
        session.flush()


def covenants_in_words(loan: Loan) -> dict[str, str] | None:
    """All covenants of a loan as one passage of its contract."""
    found = [one.words for one in covenants_of_loan(loan.id)]
    if not found:
        return None
    return {
        "zh": "；".join(f"（{nr}）{one['zh']}" for nr, one in enumerate(found, 1)),
        "en": "; ".join(f"({nr}) {one['en']}" for nr, one in enumerate(found, 1)),
    }


def _of_bank(actor: Actor, term_sheet_id: UUID) -> TermSheet:
    """The locked offer of the acting bank, while its covenants may still change."""
    sheet = find_term_sheet(actor, term_sheet_id, lock=True)
    require(policy.is_lender(actor, sheet.bank_id), policy.WrongActor())
    require(actor.may("loan.underwrite") or actor.may("loan.approve"))
    require(sheet.status in LIVE, CovenantsSettled())
    require(all(place.status not in BINDING for place in places_of(sheet.id)), BanksRelyOnCovenants())
    if sheet.status is TermSheetStatus.OFFERED and needs_second_person(sheet.bank_id, sheet.amount):
        require(actor.may("loan.approve"))
        require_second_person(actor, sheet.prepared_by, sheet.amount)
    return sheet


def _values(source: Any) -> dict[str, Any]:
    return {name: getattr(source, name) for name in Promise.__dataclass_fields__}

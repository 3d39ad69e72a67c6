"""What banks' published rules say about an owner's right, and later how close the real offers came."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, session
from marketplace.core.errors import NotFound, require
from marketplace.core.money import Money
from marketplace.financing.applications import Application, ApplicationFiled, collateral_of, invitations_of
from marketplace.financing.asset_values import known_value
from marketplace.financing.criteria import Criteria, published_criteria
from marketplace.financing.criteria_rules import Indicative, weigh_right
from marketplace.financing.term_sheets import TermSheet, TermSheetOffered
from marketplace.identity.organisations import find_organisation, names_of
from marketplace.registry.assets import find_asset
from marketplace.registry.ownership import owns

HIT_AMOUNT_BPS, HIT_RATE_BPS = 9_000, 50
"""A real offer keeps its indication when it reaches nine tenths of the amount at no more than half a point above."""


class StoredIndication(Model):
    """What one bank's rules said when it was asked for a loan, and what it then offered."""

    __tablename__ = "indicative_offers"
    __table_args__ = (
        UniqueConstraint("application_id", "bank_id"),
        CheckConstraint("(amount_minor IS NULL) = (rate_bps IS NULL)", "whole"),
    )

    application_id: Mapped[UUID] = mapped_column(ForeignKey("financing_applications.id"))
    bank_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    criteria_id: Mapped[UUID] = mapped_column(ForeignKey("lending_criteria.id"))
    amount: Mapped[Money | None] = money_columns("amount", optional=True)
    rate_bps: Mapped[int | None]
    reasons: Mapped[dict[str, Any]]
    offered: Mapped[Money | None] = money_columns("offered", optional=True)
    offered_rate_bps: Mapped[int | None]

    @property
    def kept(self) -> bool | None:
        """Whether the real offer kept what the rules promised; unknown while there is none."""
        if self.amount is None or self.offered is None or self.rate_bps is None or self.offered_rate_bps is None:
            return None
        enough = self.offered.amount_minor * 10_000 >= self.amount.amount_minor * HIT_AMOUNT_BPS
        return enough and self.offered_rate_bps <= self.rate_bps + HIT_RATE_BPS


@dataclass(frozen=True)
class BankIndication:
    """One bank's answer by its rules, for the owner of the right."""

    bank_id: UUID
    bank: str
    version: int
    indicative: Indicative


@dataclass(frozen=True)
class HitRate:
    """How many of a bank's offers kept what its rules had indicated."""

    compared: int
    kept: int


def indicate_offers(actor: Actor, asset_id: UUID, now: datetime) -> list[BankIndication]:
    """What every bank with published rules would lend on an own right; the best first, those that do not fit last."""
    asset = find_asset(asset_id)
    require(actor.may("loan.apply") and owns(actor.organisation_id, asset.id), NotFound())
    assert actor.organisation_id is not None
    region, seen = find_organisation(actor.organisation_id).region, known_value(actor, asset)
    rules = published_criteria()
    names = names_of(one.bank_id for one in rules)
    found = [
        BankIndication(
            one.bank_id,
            str(names.get(one.bank_id, "")),
            one.version,
            weigh_right(one.parsed, asset, seen, region, now.date()),
        )
        for one in rules
    ]
    return sorted(found, key=lambda one: (not one.indicative.fits, one.indicative.rate_bps or 0, one.bank))


def store_indications(actor: Actor, fact: ApplicationFiled, now: datetime) -> None:
    """When a loan is asked for, what each asked bank's rules say about the rights together is kept."""
    application = find(Application, fact.application_id)
    region = find_organisation(application.borrower_id).region
    asked = {one.bank_id for one in invitations_of(application.id)}
    rights = [asset for _one, asset in collateral_of(application.id)]
    seen = {asset.id: known_value(actor, asset) for asset in rights}
    for one in published_criteria():
        if one.bank_id in asked:
            weighed = [weigh_right(one.parsed, asset, seen[asset.id], region, now.date()) for asset in rights]
            session.add(_stored(application, one, weighed))
    session.flush()


def compare_offer(_actor: Actor, fact: TermSheetOffered, _now: datetime) -> None:
    """When a bank makes its real offer, it is put beside what its rules had indicated."""
    sheet = find(TermSheet, fact.term_sheet_id)
    query = select(StoredIndication).where(
        StoredIndication.application_id == sheet.application_id, StoredIndication.bank_id == sheet.bank_id
    )
    stored = session.execute(query.with_for_update()).scalar_one_or_none()
    if stored is not None:
        stored.offered, stored.offered_rate_bps = sheet.amount, sheet.rate_bps
        session.flush()


def hit_rate_of(bank_id: UUID) -> HitRate:
    """How often the bank's offers kept its indications."""
    query = select(StoredIndication).where(
        StoredIndication.bank_id == bank_id, StoredIndication.offered_rate_bps.is_not(None)
    )
    answers = [one.kept for one in session.execute(query).scalars() if one.kept is not None]
    return HitRate(len(answers), sum(answers))


def _stored(application: Application, criteria: Criteria, weighed: list[Indicative]) -> StoredIndication:
    """The rights together: the sum of what each carries, at the dearest rate, at most what was asked for."""
    fitting = [one for one in weighed if one.amount is not None and one.rate_bps is not None]
    rules = criteria.parsed
    minor = min(sum(one.amount.amount_minor for one in fitting if one.amount), rules.most_minor)
    minor = min(minor, application.amount.amount_minor)
    fits = bool(fitting) and minor >= rules.least_minor
    return StoredIndication(
        application_id=application.id,
        bank_id=criteria.bank_id,
        criteria_id=criteria.id,
        amount=Money(minor, "CNY") if fits else None,
        rate_bps=max(one.rate_bps or 0 for one in fitting) if fits else None,
        reasons={str(place): dict(one.reasons) for place, one in enumerate(weighed)},
    )

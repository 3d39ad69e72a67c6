"""How much a bank has lent and offered to one borrower, to its group and in one field, against its own limits.

The limits stand in the bank's published lending rules, in yuan. What counts is every running loan with what is still
owed or may still be drawn, every agreed one, and every offer that is out or waits for approval.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.financing.applications import Application, Collateral
from marketplace.financing.club_places import BINDING, ClubPlace
from marketplace.financing.clubs import ClubPlaceMoved, engaged_places
from marketplace.financing.criteria import Criteria, CriteriaStatus
from marketplace.financing.criteria_rules import CriteriaRules, classes_of
from marketplace.financing.lenders import LoanShare, shares_of_bank
from marketplace.financing.loans import RUNNING, Loan, LoanStatus, lent_by
from marketplace.financing.term_sheets import LIVE, TermSheet, TermSheetOffered, TermSheetPrepared
from marketplace.identity.organisations import are_related
from marketplace.registry.assets import Asset
from marketplace.registry.fields_of_use import covers, field_key

YUAN = "CNY"
LIMIT_WORDS: dict[str, Any] = {
    "borrower": _l("to one borrower"),
    "group": _l("to a borrower and its related parties"),
    "field": _l("on rights in the field %(field)s"),
}


class OverExposed(Refused):
    """The loan would pass a limit the bank has set for itself."""

    message = _l(
        "This would pass your bank's limit %(limit)s: %(used)s are lent or offered, %(asked)s are asked, "
        "%(most)s are allowed."
    )


@dataclass(frozen=True)
class Engaged:
    """Money a bank has lent or offered: to whom, how much, on rights of which classes."""

    borrower_id: UUID
    amount_minor: int
    classes: frozenset[str]


@dataclass(frozen=True)
class Exposure:
    """One limit with what is used of it."""

    limit: str
    field: str
    used: Money
    most: Money

    @property
    def words(self) -> str:
        """Which limit it is, in the page's language."""
        return str(LIMIT_WORDS[self.limit]) % {"field": self.field}

    def leaves(self, amount: Money) -> bool:
        """Whether so much more stays within the limit."""
        return self.used + amount <= self.most


def exposures(
    rules: CriteriaRules, engaged: Iterable[Engaged], borrower_id: UUID, group: frozenset[UUID], classes: frozenset[str]
) -> list[Exposure]:
    """Every limit that a loan to this borrower on rights of these classes meets, with what is used of it."""
    known = list(engaged)
    found = []
    for limit, most, members in (
        ("borrower", rules.borrower_minor, frozenset({borrower_id})),
        ("group", rules.group_minor, group | {borrower_id}),
    ):
        if most is not None:
            used = sum(one.amount_minor for one in known if one.borrower_id in members)
            found.append(Exposure(limit, "", Money(used, YUAN), Money(most, YUAN)))
    for field, most in rules.field_limits.items():
        if _lies_in(field, classes):
            used = sum(one.amount_minor for one in known if _lies_in(field, one.classes))
            found.append(Exposure("field", field, Money(used, YUAN), Money(most, YUAN)))
    return found


def exposures_of(bank_id: UUID, application: Application, besides: UUID | None = None) -> list[Exposure]:
    """The bank's limits that this application meets; ``besides`` is an offer that is itself being weighed."""
    published = session.execute(
        select(Criteria)
        .where(Criteria.bank_id == bank_id, Criteria.status == CriteriaStatus.PUBLISHED)
        .with_for_update()
    ).scalar_one_or_none()
    if published is None or not published.parsed.has_limits:
        return []
    engaged = _engaged(bank_id, besides)
    others = {one.borrower_id for one in engaged} - {application.borrower_id}
    group = frozenset(other for other in others if are_related(application.borrower_id, other))
    classes = _classes({application.id}).get(application.id, frozenset())
    return exposures(published.parsed, engaged, application.borrower_id, group, classes)


def require_within_exposure(_actor: Actor, fact: TermSheetPrepared | TermSheetOffered, _now: datetime) -> None:
    """No offer is prepared or sent out beyond one of the bank's limits, which say nothing of other currencies.

    An offer to be made together is weighed when it goes out, by the part the bank keeps.
    """
    sheet = find(TermSheet, fact.term_sheet_id)
    if not (sheet.together and isinstance(fact, TermSheetPrepared)):
        _require_room(sheet.bank_id, sheet, sheet.own_part, sheet.id)


def require_room_in_club(_actor: Actor, fact: ClubPlaceMoved, _now: datetime) -> None:
    """No bank recommends or joins with a part beyond one of its limits."""
    place = find(ClubPlace, fact.place_id)
    if place.status in BINDING:
        _require_room(place.bank_id, find(TermSheet, place.term_sheet_id), place.part, place.id)


def _require_room(bank_id: UUID, sheet: TermSheet, asked: Money, besides: UUID) -> None:
    if asked.currency != YUAN:
        return
    for one in exposures_of(bank_id, find(Application, sheet.application_id), besides):
        require(one.leaves(asked), OverExposed(limit=one.words, used=one.used, asked=asked, most=one.most))


def _engaged(bank_id: UUID, besides: UUID | None) -> list[Engaged]:
    loans = session.execute(
        select(Loan).where(lent_by(bank_id), Loan.status.in_((LoanStatus.APPROVED, *RUNNING)))
    ).scalars()
    parts = shares_of_bank(bank_id)
    found = [(loan.application_id, loan.borrower_id, _engaged_in(loan, parts.get(loan.id))) for loan in loans]
    sheets = session.execute(
        select(TermSheet, Application.borrower_id)
        .join(Application, Application.id == TermSheet.application_id)
        .where(TermSheet.bank_id == bank_id, TermSheet.status.in_(LIVE))
    ).all()
    found += [
        (sheet.application_id, borrower_id, sheet.own_part) for sheet, borrower_id in sheets if sheet.id != besides
    ]
    found += [
        (sheet.application_id, borrower_id, place.part)
        for place, sheet, borrower_id in engaged_places(bank_id)
        if place.id != besides
    ]
    classes = _classes({application_id for application_id, _borrower, _amount in found})
    return [
        Engaged(borrower_id, amount.amount_minor, classes.get(application_id, frozenset()))
        for application_id, borrower_id, amount in found
        if amount.currency == YUAN
    ]


def _engaged_in(loan: Loan, share: LoanShare | None) -> Money:
    """What the bank is owed and may still have to pay out; of a loan lent together, its own part."""
    if loan.status is LoanStatus.APPROVED:
        return loan.principal if share is None else share.committed
    return loan.outstanding + loan.undrawn if share is None else share.outstanding + share.undrawn


def _classes(application_ids: set[UUID]) -> dict[UUID, frozenset[str]]:
    """The classes of the rights behind each application."""
    rows = session.execute(
        select(Collateral.application_id, Asset)
        .join(Asset, Asset.id == Collateral.asset_id)
        .where(Collateral.application_id.in_(application_ids))
    ).all()
    found: dict[UUID, frozenset[str]] = {}
    for application_id, asset in rows:
        found[application_id] = found.get(application_id, frozenset()) | classes_of(asset)
    return found


def _lies_in(field: str, classes: frozenset[str]) -> bool:
    return any(covers(field_key(field), held) for held in classes)

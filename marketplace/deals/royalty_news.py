"""Whom royalties concern is told: reports due and overdue, reports made, inspections asked and found."""

from datetime import datetime
from typing import Any

from marketplace.core.actor import Actor
from marketplace.core.clock import market_day
from marketplace.core.db import find
from marketplace.core.i18n import _l
from marketplace.deals.deals import Deal
from marketplace.deals.royalties import RoyaltyPaid, RoyaltyReported, unreported_periods
from marketplace.deals.royalty_audits import RoyaltyAuditAsked, RoyaltyShortfallFound
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.registry.assets import find_asset

REPORT_DUE, REPORTED, PAID = "royalty_report_due", "royalty_reported", "royalty_paid"
BOOKS_ASKED, SHORTFALL_FOUND = "royalty_books_asked", "royalty_shortfall_found"

say(
    REPORT_DUE,
    subject=_l("Royalty report due: %(title)s"),
    text=_l("Report what the period ending %(ends_on)s brought and pay the royalty by %(due_on)s."),
)
say(REPORTED, subject=_l("Royalty reported: %(title)s"), text=_l("The licensee reported a period. See the accounts."))
say(PAID, subject=_l("Royalty paid: %(title)s"), text=_l("The licensee paid; the money is on its way to you."))
say(
    BOOKS_ASKED,
    subject=_l("The licensor asks for the books: %(title)s"),
    text=_l("An independent accountant will inspect the books that concern the licence."),
)
say(
    SHORTFALL_FOUND,
    subject=_l("The inspection is finished: %(title)s"),
    text=_l("The accountant's report is there. If something was missing, accept it and pay."),
)


def remind_licensees(now: datetime) -> int:
    """Once after each period's end, ask its licensee for the report; answers how many were asked."""
    waiting = [(period, deal) for period, deal in unreported_periods(market_day(now)) if period.reminded_at is None]
    for period, deal in waiting:
        _tell(deal, deal.buyer_id, REPORT_DUE, now, ends_on=period.ends_on, due_on=period.due_on)
        period.reminded_at = now
    return len(waiting)


def tell_reported(_actor: Actor, fact: RoyaltyReported, now: datetime) -> None:
    """The licensor learns of a report."""
    deal = find(Deal, fact.deal_id)
    _tell(deal, deal.seller_id, REPORTED, now)


def tell_paid(_actor: Actor, fact: RoyaltyPaid, now: datetime) -> None:
    """The licensor learns of a payment."""
    deal = find(Deal, fact.deal_id)
    _tell(deal, deal.seller_id, PAID, now)


def tell_inspection(_actor: Actor, fact: RoyaltyAuditAsked | RoyaltyShortfallFound, now: datetime) -> None:
    """The licensee learns of an inspection and of its result."""
    deal = find(Deal, fact.deal_id)
    kind = BOOKS_ASKED if isinstance(fact, RoyaltyAuditAsked) else SHORTFALL_FOUND
    _tell(deal, deal.buyer_id, kind, now)


def _tell(deal: Deal, organisation_id: Any, kind: str, now: datetime, **more: Any) -> None:
    title = find_asset(deal.asset_id).title
    tell(organisation_id, kind, {"title": title, **more}, f"/deals/{deal.id}/royalties", now)

"""What the worker does for negotiations and deals by itself."""

from marketplace.core.clock import database_now
from marketplace.core.jobs import every
from marketplace.deals.cross_licences import lapse_cross_licences
from marketplace.deals.enforcement_course import drop_overdue_sales
from marketplace.deals.news import tell_operators_overdue
from marketplace.deals.offers import expire_offers
from marketplace.deals.quoting import pass_deadlines
from marketplace.deals.recordal import close_overdue_deals
from marketplace.deals.royalty_news import remind_licensees


@every("*/1 * * * *", "deals.expire_offers")
def end_overdue_talks() -> None:
    """End talks whose live offer ran out, and move requests for quotation on."""
    now = database_now()
    expire_offers(now)
    pass_deadlines(now)


@every("*/10 * * * *", "deals.close_overdue_deals")
def end_overdue_deals() -> None:
    """End or escalate deals whose time is up."""
    now = database_now()
    for deal in close_overdue_deals(now):
        tell_operators_overdue(deal, now)


@every("23 * * * *", "deals.drop_overdue_sales")
def end_overdue_sales() -> None:
    """Enforcement sales never announced or over, and proposals of cross-licences nobody answered, end."""
    drop_overdue_sales(database_now())
    lapse_cross_licences(database_now())


@every("15 1 * * *", "deals.remind_licensees")
def ask_for_royalty_reports() -> None:
    """Ask licensees for the report of each period that has ended."""
    remind_licensees(database_now())

"""What the worker does for negotiations and deals by itself."""

from marketplace.core.clock import database_now
from marketplace.core.jobs import every
from marketplace.deals.news import tell_operators_overdue
from marketplace.deals.offers import expire_offers
from marketplace.deals.recordal import close_overdue_deals


@every("*/1 * * * *", "deals.expire_offers")
def end_overdue_talks() -> None:
    """End talks whose live offer ran out."""
    expire_offers(database_now())


@every("*/10 * * * *", "deals.close_overdue_deals")
def end_overdue_deals() -> None:
    """End or escalate deals whose time is up."""
    now = database_now()
    for deal in close_overdue_deals(now):
        tell_operators_overdue(deal, now)

"""What the worker does for lots: close them in time, pass on second chances."""

from uuid import UUID

from marketplace.core.clock import database_now
from marketplace.core.jobs import enqueue, every, task
from marketplace.deals.auction_closing import close_auction, due_auctions
from marketplace.deals.auction_news import tell_outbid
from marketplace.deals.auctions import AuctionStatus
from marketplace.deals.second_chances import lapse_second_chances


@task("auctions.close")
def close(auction_id: str) -> None:
    """Close one lot at its time; extended meanwhile, it is looked at again at its new time."""
    auction = close_auction(UUID(auction_id))
    if auction.status is AuctionStatus.OPEN:
        enqueue("auctions.close", at=auction.closes_at, auction_id=auction_id)


@every("* * * * * */15", "auctions.sweep")
def sweep() -> None:
    """Close what is due even if its timed job was lost, and pass on unanswered second chances."""
    instant = database_now()
    for auction_id in due_auctions(instant):
        close_auction(auction_id)
    lapse_second_chances(instant)


@every("* * * * * */10", "auctions.tell_outbid")
def tell() -> None:
    """Tell who was overtaken since the last look."""
    tell_outbid(database_now())

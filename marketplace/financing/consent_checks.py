"""What a consent demands of listings and deals: the bank's least price, and agreement given where four eyes see it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals.deals import Deal, DealOpened
from marketplace.deals.terms import DealKind
from marketplace.financing.pledges import Pledge, PledgeStatus
from marketplace.financing.sale_consents import SaleAct, SaleConsent, consents_of_pledge
from marketplace.listings.listings import ListingPublished, ListingTermsChanged, find_listing
from marketplace.listings.terms import ListingMode
from marketplace.registry.consents import ConsentRecorded

ACT_OF = {
    ListingMode.FIXED_PRICE: SaleAct.TRANSFER,
    ListingMode.AUCTION: SaleAct.TRANSFER,
    ListingMode.LICENCE: SaleAct.LICENCE,
    ListingMode.OPEN_LICENCE: SaleAct.OPEN_LICENCE,
}


class PriceBelowConsent(Refused):
    """The pledgee agreed to a sale, but not at this price."""

    message = _l("This right is pledged, and the pledgee agreed only to a higher price. The page of the loan shows it.")


class AgreeOnLoanPage(Refused):
    """The consent of a lender of this marketplace is given where its second person sees it."""

    message = _l(
        "This pledge secures a loan: agree on the page of the loan, with the price, the last day and four eyes."
    )


def check_listed_price(_actor: Actor, fact: ListingPublished | ListingTermsChanged, now: datetime) -> None:
    """What is asked, or the reserve of an auction, is not below the pledgee's least price."""
    listing = find_listing(fact.listing_id)
    act = ACT_OF.get(listing.mode)
    if act is not None:
        _require_price(listing.asset_id, act, listing.reserve or listing.price, now)


def check_deal_price(_actor: Actor, fact: DealOpened, now: datetime) -> None:
    """An agreed price is not below the pledgee's; a lot's reserve was looked at when it was published."""
    deal = find(Deal, fact.deal_id)
    if fact.origin != "auction":
        act = SaleAct.TRANSFER if deal.kind is DealKind.TRANSFER else SaleAct.LICENCE
        _require_price(deal.asset_id, act, deal.price, now)


def refuse_consent_elsewhere(_actor: Actor, fact: ConsentRecorded, _now: datetime) -> None:
    """A lender's consent enters the register only from the page of the loan."""
    pledge = session.execute(select(Pledge).where(Pledge.encumbrance_id == fact.encumbrance_id)).scalar_one_or_none()
    if fact.encumbrance_id is None or pledge is None:
        return
    being_given = select(SaleConsent.id).where(
        SaleConsent.pledge_id == pledge.id,
        SaleConsent.act == fact.act,
        SaleConsent.document_id.is_not(None),
        SaleConsent.consent_id.is_(None),
    )
    require(session.execute(being_given).first() is not None, AgreeOnLoanPage())


def _require_price(asset_id: UUID, act: SaleAct, price: Money | None, now: datetime) -> None:
    pledged = select(Pledge).where(Pledge.asset_id == asset_id, Pledge.status == PledgeStatus.REGISTERED)
    for pledge in session.execute(pledged).scalars():
        standing = [one for one in consents_of_pledge(pledge.id) if one.act is act and one.stands_on(now.date())]
        require(all(one.allows(price) for one in standing), PriceBelowConsent())

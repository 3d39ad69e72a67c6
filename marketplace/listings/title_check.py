"""Whether the register allows an asset to be offered in this way today."""

from calendar import monthrange
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.listings.due_diligence import Slot, is_filled
from marketplace.listings.terms import ListingMode
from marketplace.registry.assets import AssetKind, find_asset
from marketplace.registry.ownership import owns
from marketplace.registry.rights import Instrument, require_allowed
from marketplace.registry.rules import refuse_by_law

if TYPE_CHECKING:
    from marketplace.listings.listings import Listing


class EvaluationReportMissing(Refused):
    """An open licence of a utility model or design needs a positive evaluation report."""

    message = _l(
        "An open licence of a utility model or design needs a positive patent evaluation report "
        "(Implementing Regulations of the Patent Law): answer the validity question."
    )


def require_owner(organisation_id: UUID | None, asset_id: UUID, on: date) -> None:
    """Only an owner on the register offers an asset."""
    require(owns(organisation_id, asset_id), refuse_by_law("ANY-OWN-01", on))


def instrument_of(listing: "Listing", on: date) -> Instrument:
    """The act the listing invites, as the rights engine weighs it."""
    if listing.is_sale:
        return Instrument(kind="listing", asset_id=listing.asset_id, grantor_id=listing.organisation_id)
    ends_on = _months_later(on, listing.term_months) if listing.term_months else None
    return Instrument(
        kind="open_licence" if listing.mode is ListingMode.OPEN_LICENCE else "licence",
        asset_id=listing.asset_id,
        grantor_id=listing.organisation_id,
        territory=tuple(listing.territory),
        fields=tuple(listing.fields_of_use),
        begins_on=on,
        ends_on=ends_on,
        exclusivity=listing.exclusivity.value if listing.exclusivity else None,
    )


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def check_title(listing: "Listing", now: datetime) -> None:
    """Refuse by law what the holder may not offer: not the owner, a dead, preserved or pledged right, a conflict."""
    on = now.date()
    require_owner(listing.organisation_id, listing.asset_id, on)
    require_allowed(instrument_of(listing, on), on)
    if listing.mode is ListingMode.OPEN_LICENCE:
        asset = find_asset(listing.asset_id)
        examined = asset.kind not in (AssetKind.UTILITY_MODEL, AssetKind.DESIGN)
        require(examined or is_filled(listing.due_diligence, Slot.VALIDITY), EvaluationReportMissing())

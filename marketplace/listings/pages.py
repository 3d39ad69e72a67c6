"""The pages of listings."""

from marketplace.listings import listing_pages, listing_room_pages, search_pages
from marketplace.listings.blueprints import pages

__all__ = ["listing_pages", "listing_room_pages", "pages", "search_pages"]

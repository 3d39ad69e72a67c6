"""The pages of listings."""

from marketplace.listings import (
    comparison_pages,
    listing_pages,
    listing_room_pages,
    need_pages,
    saved_search_pages,
    search_pages,
)
from marketplace.listings.blueprints import pages

__all__ = [
    "comparison_pages", "listing_pages", "listing_room_pages", "need_pages", "pages", "saved_search_pages", "search_pages",
]  # fmt: skip

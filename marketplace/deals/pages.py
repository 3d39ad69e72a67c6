"""The pages of deals."""

from marketplace.deals import deal_pages, enforcement_pages, negotiation_pages, quotation_pages, royalty_pages
from marketplace.deals.blueprints import pages

__all__ = ["deal_pages", "enforcement_pages", "negotiation_pages", "pages", "quotation_pages", "royalty_pages"]

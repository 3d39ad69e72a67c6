"""The places on a listing's page that the deals room fills: the offer form, the bid box."""

from marketplace.core.panels import Panel, PanelSlot

listing_panels = PanelSlot()


def listing_panel(panel: Panel, order: int = 50) -> Panel:
    """Register a panel of the listing page; it is called with the actor (or nobody) and the listing."""
    return listing_panels.add(order)(panel)

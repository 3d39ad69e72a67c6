"""The places on an asset's page that higher rooms fill: valuation, listings, deals, loans."""

from marketplace.core.panels import Panel, PanelSlot

asset_panels = PanelSlot()


def asset_panel(panel: Panel, order: int = 50) -> Panel:
    """Register a panel of the asset page; it is called with the actor and the asset."""
    return asset_panels.add(order)(panel)

"""The place on a loan's page that the risk pool fills."""

from marketplace.core.panels import PanelSlot

loan_panels = PanelSlot()

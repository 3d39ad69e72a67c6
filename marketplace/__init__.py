"""An open marketplace for trading intellectual property and borrowing against it.

Rooms, each importing only those below it:
web · risk_pool · financing · deals · listings · valuation · registry · payments · ledger · documents ·
notices · audit · identity · core · settings. ``reactions`` says who answers an announced fact.
"""

from marketplace.app import create_app

__all__ = ["create_app"]

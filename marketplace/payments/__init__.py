"""Money in and out: collections, payouts, refunds, the card gateway and its webhooks."""

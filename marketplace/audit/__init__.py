"""The hash-chained record of announced facts, and receipts that a stranger can verify."""

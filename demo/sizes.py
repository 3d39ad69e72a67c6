"""How large a demo is made."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """How many of each thing, and how many loans in each state."""

    assets: int
    sales: int
    listings: int
    auctions: int
    loans: tuple[tuple[str, int], ...]


FULL = Size(
    assets=2_000, sales=8, listings=300, auctions=20,
    loans=(("applied", 8), ("offered", 8), ("agreed", 5), ("pledged", 5), ("running", 14), ("together", 2), ("late", 6), ("failed", 3),
           ("claimed", 2), ("compensated", 3), ("recovered", 2), ("paid_off", 4)),
)  # fmt: skip
SMALL = Size(
    assets=800, sales=3, listings=60, auctions=6,
    loans=(("running", 4), ("applied", 9), ("offered", 3), ("agreed", 1), ("pledged", 1), ("together", 1), ("late", 1), ("failed", 2),
           ("claimed", 1), ("compensated", 1), ("recovered", 1), ("paid_off", 1)),
)  # fmt: skip
"""Every kind of thing, made in a quarter of the time."""

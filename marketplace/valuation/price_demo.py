"""An invented market whose truth is known, to test the price machinery: not real data and never shown as such.

Log price = level of the segment + known weights on the logs of claims, family, citations and life + a slump in the
last two years + noise whose size depends on the segment. What an oracle would know is kept beside each row.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketplace.valuation.price_model import Floats, PriceTable

SEGMENTS = ("chemistry", "electronics", "machinery", "medicine", "software", "textiles")
NOISE = {"chemistry": 0.7, "electronics": 0.8, "machinery": 0.6, "medicine": 1.1, "software": 0.95, "textiles": 0.65}
LEVEL = {
    "chemistry": 11.2,
    "electronics": 11.6,
    "machinery": 10.7,
    "medicine": 12.3,
    "software": 11.5,
    "textiles": 10.4,
}
WEIGHTS = {"claims": 0.35, "family": 0.75, "citations": 0.5, "life": 0.6}
NAMES = ("claims", "family", "citations", "life", "revenue", "pledged", "inventors", "pages")
RISING = frozenset({"claims", "family", "citations", "life"})
DAYS = 6 * 365
SLUMP_FROM, SLUMP_A_YEAR = 4 * 365, -0.15
MISSING = 0.06
SEED = 20261122


@dataclass(frozen=True)
class DemoMarket:
    """Listings of the invented market; price rows are those sold."""

    listings: PriceTable
    sold: NDArray[np.bool_]
    chance: Floats
    truth: Floats  # the oracle's middle log price
    noise: Floats  # the oracle's standard deviation
    royalty_value: Floats  # log of a crude relief-from-royalty sum

    @property
    def rows(self) -> NDArray[np.int64]:
        """Which listings sold."""
        return np.flatnonzero(self.sold)


def demo_market(listings: int = 6000, seed: int = SEED) -> DemoMarket:
    """The invented market; the same seed gives the same market."""
    random = np.random.default_rng(seed)
    segment = random.choice(SEGMENTS, listings)
    day = np.sort(random.integers(0, DAYS, listings))
    counts = {
        "claims": np.log1p(random.gamma(2.5, 4.5, listings)),
        "family": np.log1p(random.gamma(1.2, 2.5, listings)),
        "citations": np.log1p(random.gamma(0.6, 9.0, listings)),
        "life": np.log1p(random.uniform(1, 19, listings)),
    }
    level = np.array([LEVEL[name] for name in segment])
    slump = np.maximum(day - SLUMP_FROM, 0) / 365 * SLUMP_A_YEAR
    truth = level + slump + sum(WEIGHTS[name] * values for name, values in counts.items())
    noise = np.array([NOISE[name] for name in segment])
    log_price = truth + random.normal(0, noise)
    revenue = truth + random.normal(0.0, 1.2, listings)
    pledged = (random.random(listings) < 0.15).astype(float)
    chance = 1 / (1 + np.exp(-(0.4 + 0.5 * (counts["citations"] - 1.5) + 0.3 * (counts["family"] - 1.0))))
    idle = random.normal(0.0, 1.0, (listings, 2))  # inventors and pages say nothing about the price
    inputs = np.column_stack([*counts.values(), revenue, pledged, idle])
    inputs[:, :5] = np.where(random.random((listings, 5)) < MISSING, np.nan, inputs[:, :5])
    owner = np.array([f"owner-{number}" for number in random.integers(0, listings // 6, listings)])
    table = PriceTable(NAMES, RISING, inputs, log_price, segment, day, owner)
    royalty = np.where(np.isnan(revenue), np.nan, revenue + np.log(0.05 * 0.75 * 4.2))
    return DemoMarket(table, random.random(listings) < chance, chance, truth, noise, royalty)

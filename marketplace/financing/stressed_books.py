"""A book put together with its parts and its outcomes under a shock, as pages and API show it."""

from dataclasses import dataclass
from datetime import date

from marketplace.core.actor import Actor
from marketplace.core.errors import require
from marketplace.financing.monitoring import LEAST_COVERAGE_BPS
from marketplace.financing.portfolio import Cut, Part, divide_book, positions_of_bank
from marketplace.financing.stress import Outcome, Shock, fail_evenly, fail_weakest_first, outcome_of


@dataclass(frozen=True, kw_only=True)
class Asked:
    """From which side a book is seen and what it is put under, in per cent."""

    cut: Cut = Cut.FIELD
    value_fall: int = 30
    default_rate: int = 10
    sale_cost: int = 20

    @property
    def shock(self) -> Shock:
        """The same in basis points."""
        return Shock(
            value_fall_bps=self.value_fall * 100,
            default_rate_bps=self.default_rate * 100,
            sale_cost_bps=self.sale_cost * 100,
        )


@dataclass(frozen=True)
class StressedBook:
    """The parts of a book and what a shock would do to it, in two readings."""

    cut: Cut
    parts: list[Part]
    evenly: Outcome
    weakest_first: Outcome


def book_of_bank(actor: Actor, asked: Asked, on: date) -> StressedBook:
    """The acting bank's own book; nobody sees another's."""
    require(actor.may("loan.underwrite") or actor.may("loan.approve"))
    assert actor.organisation_id is not None
    positions = positions_of_bank(actor.organisation_id, on)
    shock = asked.shock
    return StressedBook(
        asked.cut,
        divide_book(positions, asked.cut),
        outcome_of(fail_evenly(positions, shock), shock, LEAST_COVERAGE_BPS),
        outcome_of(fail_weakest_first(positions, shock), shock, LEAST_COVERAGE_BPS),
    )

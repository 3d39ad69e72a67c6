"""After every recorded sale: have prices moved away from our ranges? Then automatic values stop and operators hear."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.http import Waiting, dashboard_provider
from marketplace.core.i18n import _
from marketplace.valuation import policy
from marketplace.valuation.freezes import freeze, frozen_purposes, last_lifted, open_freeze
from marketplace.valuation.sales import ClosedSale, SaleRecorded
from marketplace.valuation.scorecard import DRIFT_ALARM, DRIFT_WINDOW, closed_cases, drift
from marketplace.valuation.wording import purpose_name


def watch_drift(actor: Actor, fact: SaleRecorded, now: datetime) -> None:
    """Judge the newest closed deals of the sale's purpose since the last freeze was lifted."""
    sale = find(ClosedSale, fact.sale_id)
    if sale.related_parties or open_freeze(sale.purpose) is not None:
        return
    cases = closed_cases(sale.purpose, last_lifted(sale.purpose), DRIFT_WINDOW)
    moved = drift(cases)
    if moved is not None and abs(moved) > DRIFT_ALARM:
        freeze(actor, sale.purpose, moved, now)


@dashboard_provider
def freezes_waiting(actor: Actor, _now: datetime) -> list[Waiting]:
    """Freezes an operator has to look at."""
    if not policy.may_lift_freeze(actor):
        return []
    return [
        Waiting(
            _("Automatic values are frozen: %(purpose)s", purpose=purpose_name(stop.purpose.value)),
            "/valuations/scorecard",
        )
        for stop in frozen_purposes()
    ]

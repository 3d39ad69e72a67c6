"""The page of a pool's book: from several sides, and under stress."""

from uuid import UUID

from flask import render_template

from marketplace.core.clock import now
from marketplace.core.http import current_actor, needs
from marketplace.financing.due_dates import business_date
from marketplace.financing.portfolio import Cut
from marketplace.financing.portfolio_pages import shock_asked
from marketplace.identity.organisations import names_of
from marketplace.risk_pool.pages_blueprint import pages
from marketplace.risk_pool.pools import find_pool
from marketplace.risk_pool.stress_tests import stress_pool


@pages.get("/risk-pool/pools/<uuid:pool_id>/portfolio")
@needs("pool.review")
def show_portfolio(pool_id: UUID) -> str:
    """A pool's loans by field, region, bank or year, and what a stated shock would take from it."""
    asked = shock_asked()
    stressed = stress_pool(current_actor(), pool_id, asked, business_date(now()))
    banks = [UUID(part.key) for part in stressed.book.parts] if asked.cut is Cut.BANK else []
    stopped = [*stressed.evenly.stopped, *stressed.weakest_first.stopped]
    names = names_of([*banks, *stopped])
    return render_template(
        "risk_pool/portfolio.html",
        pool=find_pool(pool_id),
        asked=asked,
        stressed=stressed,
        book=stressed.book,
        cuts=list(Cut),
        names=names,
        part_names={str(key): name for key, name in names.items()},
    )

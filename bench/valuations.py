"""Valuing a hundred thousand rights in one batch, beside bare prediction by the same model for the same rights.

Twice: before any price has closed, and with sixty closed sales of every office and kind beside which each right is compared.
"""

import os
import resource
import time
from typing import Any

from sqlalchemy import select, text

from bench.corpus import pour
from bench.lots import SECRET
from bench.server import own_database
from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.registry.assets import Asset
from marketplace.valuation.batches import STEP, BatchStatus, order_batch, step_batch
from marketplace.valuation.benchmarks import price_level
from marketplace.valuation.known_facts import renewal_record
from marketplace.valuation.renewal_files import default_model
from marketplace.valuation.sales import record_sale
from tests.makers.identity import make_actor

KNOWN = text("UPDATE assets SET kind = 'invention', claims_count = 1 + abs(hashtext(number)) % 40")
RIGHTS = int(os.environ.get("BENCH_RIGHTS", "100000"))
SALES = 60


def measure() -> dict[str, Any]:
    """Rights a second of the whole batch, values kept, and its ratio to prediction alone in the same steps."""
    with own_database(SECRET) as url:
        pour(url, RIGHTS)
        session.execute(KNOWN)
        session.commit()
        first, unsold = _bare_seconds(), _batch()
        _sell()
        again, compared = _bare_seconds(), _batch()
        bare = min(first, again)
    return {
        **_named("", unsold, bare),
        **_named("_beside_sales", compared, bare),
        "valuation_bare_predict_per_second": round(RIGHTS / bare),
        "valuation_batch_rights": RIGHTS,
        "valuation_batch_sales_of_each_office": SALES,
        "valuation_batch_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _batch() -> tuple[float, int]:
    """Seconds of one order for every right, from the order to the last value kept, and how many were refused."""
    ids = list(session.execute(select(Asset.id)).scalars())
    batch = order_batch(make_actor(), "transfer", ids, now())
    session.commit()
    begun = time.perf_counter()
    while step_batch(SYSTEM, batch.id, now()).status is not BatchStatus.FINISHED:
        session.commit()
    session.commit()
    return time.perf_counter() - begun, batch.refused


def _named(batch: str, measured: tuple[float, int], bare: float) -> dict[str, Any]:
    """The figures of one batch; the faster of two bare runs is what it is held against."""
    seconds, refused = measured
    return {
        f"valuation_batch{batch}_ratio_to_bare_predict": round(bare / seconds, 3),
        f"valuation_batch{batch}_per_second": round(RIGHTS / seconds),
        f"valuation_batch{batch}_refused": refused,
    }


def _sell() -> None:
    """Sixty closed prices for each office, so that every right of the batch is compared with sixty sales."""
    for office in session.execute(select(Asset.office).distinct().order_by(Asset.office)).scalars().all():
        currency = price_level(office, "invention", "transfer").currency
        sold = session.execute(select(Asset.id).where(Asset.office == office).order_by(Asset.number).limit(SALES))
        for turn, asset_id in enumerate(sold.scalars().all()):
            price = Money(5_000_000 + 1_000_000 * (turn * 37 % SALES), currency)
            record_sale(SYSTEM, asset_id, "transfer", price, f"bench:{office}:{turn}", now())
    session.commit()


def _bare_seconds() -> float:
    """Seconds of the model's prediction alone, for records made beforehand."""
    model, as_of, spent = default_model(), now(), 0.0
    found = session.execute(select(Asset).execution_options(yield_per=STEP)).scalars()
    for rows in found.partitions():
        records = [record for row in rows if (record := renewal_record(row, as_of)) is not None]
        begun = time.perf_counter()
        model.predict(records)
        spent += time.perf_counter() - begun
    session.rollback()
    return spent

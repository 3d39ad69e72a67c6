"""Valuing a hundred thousand rights in one batch, beside bare prediction by the same model for the same rights."""

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
from marketplace.registry.assets import Asset
from marketplace.valuation.batches import STEP, BatchStatus, order_batch, step_batch
from marketplace.valuation.known_facts import renewal_record
from marketplace.valuation.renewal_files import default_model
from tests.makers.identity import make_actor

KNOWN = text("UPDATE assets SET kind = 'invention', claims_count = 1 + abs(hashtext(number)) % 40")
RIGHTS = int(os.environ.get("BENCH_RIGHTS", "100000"))


def measure() -> dict[str, Any]:
    """Rights a second of the whole batch, values kept, and its ratio to prediction alone in the same steps."""
    with own_database(SECRET) as url:
        pour(url, RIGHTS)
        session.execute(KNOWN)
        session.commit()
        bare = _bare_seconds()
        ids = list(session.execute(select(Asset.id)).scalars())
        batch = order_batch(make_actor(), "transfer", ids, now())
        session.commit()
        begun = time.perf_counter()
        while step_batch(SYSTEM, batch.id, now()).status is not BatchStatus.FINISHED:
            session.commit()
        session.commit()
        seconds = time.perf_counter() - begun
        refused = batch.refused
    return {
        "valuation_batch_ratio_to_bare_predict": round(bare / seconds, 3),
        "valuation_batch_per_second": round(RIGHTS / seconds),
        "valuation_bare_predict_per_second": round(RIGHTS / bare),
        "valuation_batch_rights": RIGHTS,
        "valuation_batch_refused": refused,
        "valuation_batch_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


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

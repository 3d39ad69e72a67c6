"""The pages people wait for, on the demo data, at twenty requests a second."""

import re
import urllib.request
from typing import Any
from urllib.parse import quote

from bench.load import Call, send
from bench.lots import SECRET
from bench.server import own_database, running
from demo.seeding import seed_demo
from marketplace.core.clock import now
from marketplace.core.db import session

PAUSE = 0.05


def measure(seconds: float = 4) -> dict[str, Any]:
    """The p95 of each page, and its ratio to the p95 of an answer that does nothing."""
    with own_database(SECRET) as url:
        seed_demo(now(), lambda _step: None)
        session.commit()
        session.remove()
        with running(url, SECRET) as address:
            home = urllib.request.urlopen(address + "/").read().decode()
            listing = re.search(r"/listings/[0-9a-f-]{36}", home)
            results = urllib.request.urlopen(f"{address}/search?q={quote('电池')}").read().decode()
            asset = re.search(r"/assets/[0-9a-f-]{36}", results)
            assert listing and asset
            paths = {
                "bare": "/healthz", "home": "/", "search": f"/search?q={quote('电池')}", "asset": asset[0], "listing": listing[0],
            }  # fmt: skip
            p95 = {name: _p95(address, path, seconds) for name, path in paths.items()}
    ratios = {f"page_{name}_ratio_to_bare": round(ms / p95["bare"], 1) for name, ms in p95.items() if name != "bare"}
    return ratios | {f"page_{name}_p95_ms": ms for name, ms in p95.items()}


def _p95(address: str, path: str, seconds: float) -> float:
    outcome = send(address, [lambda _number: Call("GET", path, {})], seconds, pause=PAUSE)
    assert set(outcome.statuses) == {200}, (path, outcome.statuses)
    return outcome.p95_ms()

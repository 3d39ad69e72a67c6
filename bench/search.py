"""Search over generated assets: our search call and HTTP against the bare engine's query on the same index."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from sqlalchemy import make_url, text

from bench.corpus import list_some, pour
from bench.known_items import DATA, measure_against
from bench.load import Call, send
from bench.server import environment, own_database, running
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.listings.matching import matching
from marketplace.listings.query import read_query
from marketplace.listings.reading import follower, searcher
from marketplace.listings.search import search_assets
from tests.makers.registry import make_asset

SECRET = "b" * 48
TWO_CHARACTERS = ("电池", "隔膜", "稀土", "芯片", "疫苗", "雷达", "轴承", "加密", "太阳", "茶叶")
FEW_TERMS = (*TWO_CHARACTERS, "锂离电池", "battery", "lithium anode", "radar antenna filter", "电池 隔膜 负极",
             "电池 battery")  # fmt: skip
"""One to three terms: what people type."""
WORST = ("方法", "the of and", "方法 装置 系统", "方法 -装置", '"method device"', "method NEAR/5 system", "batter*",
         "方法 OR 装置 OR 系统 OR 材料", "filed:2010..2020 方法", "ipc:H 方法", "")  # fmt: skip
"""Honest queries that find very much: the words of every second abstract, alternatives, nearness, everything."""


def p95_ms(act: Callable[[], Any], rounds: int) -> float:
    """The milliseconds that 95 of 100 calls keep."""
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        act()
        spent.append((time.perf_counter() - begun) * 1000)
    return sorted(spent)[min(rounds - 1, int(rounds * 0.95))]


def processor_ms(act: Callable[[], Any], rounds: int) -> float:
    """The median milliseconds of processor time, all threads together: what load by others does not change."""
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        act()
        spent.append((time.process_time() - begun) * 1000)
    return sorted(spent)[rounds // 2]


def bare(query: str) -> Callable[[], Any]:
    """The engine alone: the compiled query, top twenty and the count."""
    view, compiled = searcher(), matching(read_query(query))
    return lambda: view.search(compiled, 20, count=True)


def plain(query: str) -> Callable[[], Any]:
    """The search call without facets."""
    return lambda: search_assets(query, {}, None, with_facets=False)


def full(query: str) -> Callable[[], Any]:
    """The search call with facets and the visibility filter."""
    return lambda: search_assets(query, {}, None)


def measure_calls(rounds: int) -> dict[str, Any]:
    """The search call with and without facets, and the bare engine, query by query."""
    ways = {"bare": bare, "call": plain, "call_with_facets": full}
    p95 = {name: {query: round(p95_ms(way(query), rounds), 2) for query in (*FEW_TERMS, *WORST)}
           for name, way in ways.items()}  # fmt: skip
    processor = {name: {query: round(processor_ms(way(query), rounds), 2) for query in (*FEW_TERMS, *WORST)}
                 for name, way in ways.items()}  # fmt: skip
    return {
        "ratio_bare_to_call": _ratio(p95, "call"),
        "ratio_bare_to_call_with_facets": _ratio(p95, "call_with_facets"),
        "ratio_bare_to_call_processor": _ratio(processor, "call"),
        "two_characters_call_p95_ms": max(p95["call_with_facets"][query] for query in TWO_CHARACTERS),
        "few_terms_call_p95_ms": max(p95["call_with_facets"][query] for query in FEW_TERMS),
        "worst_call_p95_ms": max(p95["call_with_facets"].values()),
        "grouped_by_family_p95_ms": round(p95_ms(lambda: search_assets("电池", {}, None, grouped=True), rounds), 2),
        "hits": {query: search_assets(query, {}, None, with_facets=False).total for query in (*FEW_TERMS, *WORST)},
        "p95_ms": p95,
        "processor_ms": processor,
    }


def _ratio(spent: dict[str, dict[str, float]], name: str) -> float:
    """The engine's time over ours, both summed over all queries."""
    return round(sum(spent["bare"].values()) / sum(spent[name].values()), 3)


def measure_http(address: str, seconds: float) -> dict[str, Any]:
    """Twenty searches a second through HTTP: the JSON answer and the page, both with facets."""

    def calls(path: str) -> Callable[[int], Call]:
        return lambda number: Call("GET", f"{path}?{urlencode({'q': FEW_TERMS[number % len(FEW_TERMS)]})}", {})

    found: dict[str, Any] = {}
    for name, path in (("api", "/api/v1/search"), ("page", "/search")):
        send(address, [calls(path)], 2.0)
        outcome = send(address, [calls(path), calls(path)], seconds, pause=0.1)
        found[f"http_{name}_p95_ms"] = outcome.p95_ms()
        found[f"http_{name}_statuses"] = outcome.statuses
    return found


def measure_freshness(address: str) -> float:
    """The seconds from the commit of a new asset until the API finds it, with a worker beside the web."""
    make_asset(titles={"zh": "鳌龘灪新"})
    session.commit()
    begun = time.perf_counter()
    question = f"{address}/api/v1/search?{urlencode({'q': '鳌龘灪新'})}"
    while json.load(urlopen(question, timeout=5))["total"] == 0:
        if time.perf_counter() - begun > timedelta(minutes=2).total_seconds():
            break
        time.sleep(0.02)
    return round(time.perf_counter() - begun, 2)


RENAMED = """
UPDATE assets SET titles = jsonb_build_object('zh', '杀后改名', 'en', titles->>'en')
WHERE id IN (SELECT id FROM assets ORDER BY id LIMIT 20000)
"""


def measure_killed(url: str) -> dict[str, Any]:
    """Kill -9 an indexer in the middle of its work, then compare index and database asset by asset."""
    session.execute(text(RENAMED))
    session.commit()
    note = follower().folder / follower().place().generation / "meta.json"
    before = note.stat().st_mtime_ns
    command = [sys.executable, "-m", "flask", "search", "杀后改名"]
    indexer = subprocess.Popen(command, env=environment(url, SECRET), stdout=subprocess.DEVNULL)
    while indexer.poll() is None and note.stat().st_mtime_ns == before:
        time.sleep(0.001)
    indexer.kill()
    indexer.wait()
    left = search_assets("杀后改名", {}, None, with_facets=False).total
    begun = time.perf_counter()
    found = follower().verify()
    session.commit()
    return {
        "killed_midway": 0 < left < 20_000,
        "differences_after_kill": found["missing"] + found["stale"] + found["surplus"],
        "verify_seconds": round(time.perf_counter() - begun, 1),
    }


def plain_address(url: str) -> str:
    """The database's address as the driver itself reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def run(count: int = 200_000, rounds: int = 40, seconds: float = 5.0) -> dict[str, Any]:
    """Everything on a database and index of their own, dropped afterwards."""
    with own_database(SECRET) as url:
        copied = pour(url, count)
        list_some()
        begun = time.perf_counter()
        follower().rebuild()
        session.commit()
        built = time.perf_counter() - begun
        figures = measure_calls(rounds)
        with running(url, SECRET, worker=True) as address:
            figures |= measure_http(address, seconds) | {"fresh_after_seconds": measure_freshness(address)}
        figures |= measure_killed(url)
        if DATA.exists():
            figures |= measure_against(plain_address(url))
        else:
            print(f"known items are not measured: no records at {DATA}", file=sys.stderr)
        size = sum(file.stat().st_size for file in follower().folder.rglob("*") if file.is_file())
    return {
        "assets": count, "made_at": now().isoformat(timespec="seconds"), "copy_seconds": round(copied, 1),
        "build_seconds": round(built, 1), "index_bytes": size,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    } | figures  # fmt: skip


def measure() -> dict[str, Any]:
    """The figures of the search call and of HTTP over 200,000 assets, named for the common report."""
    return {f"search_{name}": figure for name, figure in run(rounds=20).items()}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000), ensure_ascii=False, indent=2))

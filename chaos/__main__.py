"""make chaos: SECONDS of acts under faults, then the checks; prints one JSON object, exit 1 on any violation."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from chaos.checks import violations
from marketplace.audit.trail import record_fact
from marketplace.core.actor import SYSTEM
from marketplace.core.db import make_engine, session
from marketplace.core.embedded_postgres import Cluster
from marketplace.core.events import listen
from marketplace.core.migrating import migrate
from marketplace.core.money import Money
from marketplace.ledger.accounts import open_account
from marketplace.ledger.entries import Posting, post
from marketplace.registry.assets import Asset, AssetKind, LegalStatus

ACCOUNTS = [f"holder:{number}" for number in range(12)]
ASSETS = 12
WORKERS = 6


def main() -> None:
    """Run the programme in its own cluster under MARKETPLACE_HOME/chaos."""
    seconds = int(os.environ.get("SECONDS", "60"))
    home = Path(os.environ.get("MARKETPLACE_HOME", "var")).resolve() / "chaos"
    shutil.rmtree(home, ignore_errors=True)
    cluster = Cluster(home)
    url = cluster.use()
    assets = prepare(url)
    logs = home / "logs"
    logs.mkdir()
    faults = disturb(cluster, url, logs, assets, seconds)
    cluster.use()
    session.remove()
    found, counted = violations(url, logs)
    report = {"violations": len(found), "found": found[:20], **counted, **faults, "seconds": seconds}
    report["rate_upper_bound_95"] = round(3 / max(1, counted["acknowledged"]), 6)
    print(json.dumps(report, indent=2))
    cluster.leave()
    sys.exit(1 if found else 0)


def prepare(url: str) -> list[str]:
    """Migrate, open the accounts with some money in each, and make the assets everybody wants."""
    engine = make_engine(url)
    migrate(engine, url)
    session.configure(bind=engine)
    listen(record_fact, lambda kind: ())
    now = datetime.now(UTC)
    open_account("clearing:chaos", "CNY", "debit", floor_minor=None)
    for code in ACCOUNTS:
        open_account(code, "CNY", "credit", floor_minor=0)
        post(SYSTEM, f"opening:{code}", "chaos.opening", [Posting("clearing:chaos", code, Money(50_000, "CNY"))], now)
    made = [
        Asset(
            office="CN", kind=AssetKind.INVENTION, number=f"1000{number}", status=LegalStatus.IN_FORCE,
            expires_on=date(2040, 1, 1), titles={"en": f"Chaos device {number}"}, changed_at=now, demo=True,
        )
        for number in range(ASSETS)
    ]  # fmt: skip
    session.add_all(made)
    session.commit()
    identities = [str(asset.id) for asset in made]
    session.remove()
    engine.dispose()
    return identities


def start_worker(url: str, log: Path, assets: list[str]) -> subprocess.Popen[bytes]:
    """One acting process."""
    command = [sys.executable, "-m", "chaos.acts", url, str(log), ",".join(ACCOUNTS), ",".join(assets)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def disturb(cluster: Cluster, url: str, logs: Path, assets: list[str], seconds: int) -> dict[str, int]:
    """Kill workers, backends and the whole server, again and again; start them anew."""
    chance = random.Random(7)
    workers = [start_worker(url, logs / f"{number}.log", assets) for number in range(WORKERS)]
    counted = {"worker_kills": 0, "backend_kills": 0, "database_kills": 0}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.5, 2.0))
        draw = chance.random()
        if draw < 0.2:
            number = chance.randrange(WORKERS)
            workers[number].kill()
            workers[number].wait()
            workers[number] = start_worker(url, logs / f"{number}.log", assets)
            counted["worker_kills"] += 1
        elif draw < 0.85:
            counted["backend_kills"] += kill_backends(url)
        else:
            kill_server(cluster)
            cluster.use()
            counted["database_kills"] += 1
    for worker in workers:
        worker.kill()
        worker.wait()
    return counted


def kill_backends(url: str) -> int:
    """End every connection but our own."""
    with psycopg.connect(url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchone()
    return int(ended[0]) if ended else 0


def kill_server(cluster: Cluster) -> None:
    """kill -9 of the postmaster and everything it started."""
    postmaster = int((cluster.data / "postmaster.pid").read_text().split("\n")[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    for pid in [postmaster, *map(int, children)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    time.sleep(0.3)


if __name__ == "__main__":
    main()

"""The command line: one module a room, listed here by name."""

from flask import Flask

from marketplace.commands import (
    auctions,
    audit,
    doctor,
    financing,
    ledger,
    registry,
    risk_pool,
    running,
    search,
    seed,
    valuation,
)


def add_commands(app: Flask) -> None:
    """Give the application its commands."""
    for room in (audit, auctions, financing, ledger, registry, risk_pool, search, valuation):
        app.cli.add_command(room.group)
    for command in (doctor.doctor, running.serve, running.worker, running.live, running.init_db, seed.seed):
        app.cli.add_command(command)

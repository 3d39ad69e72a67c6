"""Replay published auction logs."""

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from marketplace.commands.output import refusal, refuse, say
from marketplace.core.errors import Malformed, Problem
from marketplace.deals.auction_replay import replay

group = AppGroup("auctions", help="Replay published auction logs.")


@group.command("replay")
@click.argument("log", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
def replay_log(log: Path) -> None:
    """Recompute winner and price of LOG from its rules and bids alone; a list of cases answers a list."""
    try:
        given = json.loads(sys.stdin.read() if str(log) == "-" else log.read_text(encoding="utf-8"), parse_float=str)
    except ValueError as fault:
        refuse(Malformed("", f"This is not JSON: {fault}"))
        return
    if isinstance(given, list):
        say([_answered(case) for case in given])
        return
    answer = _answered(given)
    say(answer)
    sys.exit(1 if set(answer) == {"error"} else 0)


def _answered(case: Any) -> dict[str, Any]:
    try:
        return replay(case)
    except Problem as problem:
        return refusal(problem)

"""Prove the audit trail."""

import json
import sys
from pathlib import Path
from uuid import UUID

import click
from flask.cli import AppGroup

from marketplace.audit.receipts import receipt_for
from marketplace.audit.sealing import seal_trail
from marketplace.audit.verification import trail_size, verify_trail
from marketplace.commands.output import refuse, say
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Problem

group = AppGroup("audit", help="Prove the audit trail.")


@group.command("verify")
def verify() -> None:
    """Recompute every hash of the trail; name the first row that does not fit and exit 1."""
    faults = verify_trail()
    first = faults[0].as_dict() if faults else None
    say({"valid": not faults, **trail_size(), "first_broken": first, "faults": [fault.as_dict() for fault in faults]})
    click.echo("audit chain valid" if not faults else f"audit chain broken: {first}", err=True)
    sys.exit(1 if faults else 0)


@group.command("seal")
def seal() -> None:
    """Seal the waiting events now, without waiting for the worker."""
    blocks = seal_trail(now())
    session.commit()
    say(
        {
            "blocks": [
                {"number": block.number, "events": block.event_count, "hash": block.block_hash} for block in blocks
            ]
        }
    )


@group.command("receipt")
@click.argument("event_id", type=click.UUID)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the receipt to this file.")
def receipt(event_id: UUID, out: Path | None) -> None:
    """Print the receipt of one sealed event."""
    try:
        found = receipt_for(event_id)
    except Problem as problem:
        refuse(problem)
        return
    if out is None:
        say(found)
    else:
        out.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")

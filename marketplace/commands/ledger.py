"""Prove the ledger."""

import sys

from flask.cli import AppGroup

from marketplace.commands.output import say
from marketplace.ledger.proofs import prove_books

group = AppGroup("ledger", help="Prove the ledger.")


@group.command("check")
def check() -> None:
    """Prove every invariant of the books over the whole database; name the first broken row of each."""
    proof = prove_books()
    say(proof)
    sys.exit(0 if proof["balanced"] else 1)

"""Fill an empty marketplace with fictional demo data."""

import time
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from marketplace.commands.output import say
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.listings.likeness_training import learn_likeness


@click.command("seed")
@click.option("--small", is_flag=True, help="A smaller demo with every kind of thing, in a quarter of the time.")
@with_appcontext
def seed(small: bool) -> None:
    """Make the demo: organisations, people, assets, listings, auctions, loans; a second run does nothing."""
    say(make_demo(small))


def make_demo(small: bool = False) -> dict[str, Any]:
    """The demo in one transaction, with the seconds it took."""
    from demo.seeding import seed_demo
    from demo.sizes import FULL, SMALL

    if not current_app.extensions["settings"].demo:
        raise click.UsageError("The demo is only made where DEMO=1 is set.")
    began = time.monotonic()
    made = seed_demo(now(), lambda step: click.echo(f"  making {step}", err=True), SMALL if small else FULL)
    session.commit()
    if made.get("assets"):
        click.echo("  learning which assets are alike", err=True)
        learn_likeness(now())
    return made | {"seconds": round(time.monotonic() - began, 1)}

"""Share losses and recoveries by a scheme."""

from typing import IO

import click
from flask.cli import AppGroup

from marketplace.commands.output import answer_cases, say
from marketplace.risk_pool.aid_cases import aid, premium
from marketplace.risk_pool.published_schemes import published_schemes
from marketplace.risk_pool.share_cases import share

group = AppGroup("risk-pool", help="Share losses and recoveries by a scheme.")


@group.command("share")
def share_command() -> None:
    """Read a CASE (or a list of cases) and print who bears and who gets how much."""
    answer_cases(share)


@group.command("subsidy")
@click.argument("case", type=click.File("r", encoding="utf-8"), default="-")
def subsidy_command(case: IO[str]) -> None:
    """Read a CASE (or a list of cases) from a file or standard input and print the aid for interest and fees."""
    answer_cases(aid, case)


@group.command("premium")
@click.argument("case", type=click.File("r", encoding="utf-8"), default="-")
def premium_command(case: IO[str]) -> None:
    """Read a CASE (or a list of cases) from a file or standard input and print what each party charges."""
    answer_cases(premium, case)


@group.command("schemes")
def schemes_command() -> None:
    """Print every published scheme with its dates, source and what is not known."""
    say(list(published_schemes()))

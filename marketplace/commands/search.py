"""Search from the command line, and prove that the index equals the database."""

import time
from typing import Any

import click
from flask.cli import with_appcontext

from marketplace.commands.output import refuse, say
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Problem
from marketplace.listings.likeness_training import learn_likeness
from marketplace.listings.reading import follower
from marketplace.listings.search import Sort, search_assets


class QueryFirst(click.Group):
    """A group whose first argument is a query unless it names a subcommand."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`flask search "QUERY"` means `flask search find "QUERY"`."""
        if args and args[0] not in self.commands and args[0] not in ("--help",):
            args = ["find", *args]
        return super().parse_args(ctx, args)


group = QueryFirst("search", help='Search assets: flask search "QUERY" [--filter k=v]… [--limit n] --json')


@group.command("find")
@click.argument("query", default="")
@click.option(
    "--filter", "filters", multiple=True, metavar="K=V", help="kind=invention, kind=-design, filed=2020..2023"
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@click.option("--after", default=None, help="the cursor of the page before")
@click.option("--sort", default=None, type=click.Choice([sort.value for sort in Sort]))
@click.option("--json", "_as_json", is_flag=True, help="the answer is always JSON")
@with_appcontext
def find(query: str, filters: tuple[str, ...], limit: int, after: str | None, sort: str | None, _as_json: bool) -> None:
    """Print ids, scores, facets and milliseconds."""
    try:
        follower().catch_up()
        session.commit()
        order = Sort(sort) if sort else None
        page = search_assets(query, _by_name(filters), None, limit=limit, after=after, sort=order)
    except Problem as problem:
        refuse(problem)
        return
    hits = [{"id": str(hit.asset_id), "score": hit.score} for hit in page.items]
    say(
        {"total": page.total, "hits": hits, "facets": page.facets, "next": page.next, "milliseconds": page.milliseconds}
    )


def _by_name(filters: tuple[str, ...]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for pair in filters:
        name, sign, value = pair.partition("=")
        if not sign:
            raise click.BadParameter(f"{pair}: write NAME=VALUE", param_hint="--filter")
        named.setdefault(name, []).append(value)
    return named


@group.command("verify")
@with_appcontext
def verify() -> None:
    """Compare the index with the database, asset by asset; exit 1 when anything differs."""
    found = follower().verify()
    session.commit()
    say(found)
    if found["missing"] or found["stale"] or found["surplus"]:
        raise SystemExit(1)


@group.command("learn")
@with_appcontext
def learn() -> None:
    """Learn from titles and abstracts which assets are alike; replaces what was learned before."""
    started = time.perf_counter()
    try:
        learned: dict[str, Any] = learn_likeness(now())
    except Problem as problem:
        refuse(problem)
        return
    say(learned | {"seconds": round(time.perf_counter() - started, 2)})


@group.command("rebuild")
@with_appcontext
def rebuild() -> None:
    """Build the index anew from the database."""
    started = time.perf_counter()
    written = follower().rebuild()
    session.commit()
    answer: dict[str, Any] = {"assets": written, "seconds": round(time.perf_counter() - started, 2)}
    say(answer)

"""Opening officers with their private keys, for tests of sealed bids."""

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.deals.opening import name_officer
from tests.makers.identity import make_actor


def make_officers(count: int = 3) -> list[tuple[Actor, str]]:
    """Officers of the operator, each with the private key that only the officer knows."""
    actors = [make_actor(kind="platform_operator") for _number in range(count)]
    return [(actor, name_officer(actor, now())[1]) for actor in actors]

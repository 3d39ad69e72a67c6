"""Ten thousand open lots with one admitted bidder a client, each with an API key."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.identity.api_keys import issue_key
from tests.makers.auctions import make_auction, make_bidder

SECRET = "b" * 48
START_MINOR, STEP_MINOR = 10_000_000, 1_000_000

COPIES = """
CREATE TEMP TABLE copied ON COMMIT DROP AS
SELECT n, gen_random_uuid() AS asset_id, gen_random_uuid() AS listing_id, gen_random_uuid() AS auction_id
FROM generate_series(1, :lots) n;
INSERT INTO assets SELECT (jsonb_populate_record(a, jsonb_build_object('id', c.asset_id, 'number', 'BENCH' || c.n))).*
FROM assets a, copied c WHERE a.id = :asset;
INSERT INTO listings SELECT (jsonb_populate_record(l, jsonb_build_object('id', c.listing_id, 'asset_id', c.asset_id))).*
FROM listings l, copied c WHERE l.id = :listing;
INSERT INTO auctions SELECT (jsonb_populate_record(a, jsonb_build_object('id', c.auction_id, 'listing_id', c.listing_id,
  'asset_id', c.asset_id))).* FROM auctions a, copied c WHERE a.id = :auction;
INSERT INTO auction_bidders SELECT (jsonb_populate_record(b, jsonb_build_object('id', gen_random_uuid(),
  'auction_id', c.auction_id))).* FROM auction_bidders b, copied c WHERE b.auction_id = :auction;
INSERT INTO auction_events SELECT (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(),
  'auction_id', c.auction_id, 'audit_event_id', NULL))).* FROM auction_events e, copied c WHERE e.auction_id = :auction
"""


@dataclass(frozen=True)
class Floor:
    """The lots and the bearer keys of the bidders."""

    lots: list[str]
    hot: str
    keys: list[str]


def fill_floor(lots: int, bidders: int) -> Floor:
    """One lot by the use cases, the rest as copies of its rows; the triggers that follow assets are not needed here."""
    auction = make_auction(closes_at=now() + timedelta(days=1))
    actors = [make_bidder(auction) for _number in range(bidders)]
    keys = [issue_key(actor, "bench", ["read", "deal.trade"], 1, SECRET, now())[1] for actor in actors]
    session.flush()
    session.execute(text("SET session_replication_role = replica"))
    values = {"lots": lots, "asset": auction.asset_id, "listing": auction.listing_id, "auction": auction.id}
    for statement in COPIES.split(";\n"):
        session.execute(text(statement), {name: value for name, value in values.items() if f":{name}" in statement})
    made = [str(row[0]) for row in session.execute(text("SELECT auction_id FROM copied"))]
    session.execute(text("SET session_replication_role = origin"))
    return Floor(made, str(auction.id), keys)

"""Replay a published log, attempted bids, or one question about a rule: winner, price, accepted and refused events.

The replays are written apart from the rules that decide live bids, so that a mistake in one shows against the other.
"""

from collections.abc import Callable, Mapping
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.deals.auction_questions import answer_question
from marketplace.deals.replay_ascending import replay_ascending
from marketplace.deals.replay_falling import replay_falling
from marketplace.deals.replay_portfolio import replay_portfolio
from marketplace.deals.replay_sealed import replay_sealed

Case = Mapping[str, Any]

REPLAYS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "english": replay_ascending,
    "priority_right": replay_ascending,
    "proxy": replay_ascending,
    "sealed_first_price": replay_sealed,
    "vickrey": replay_sealed,
    "dutch": replay_falling,
    "hybrid_dutch": replay_falling,
    "portfolio": replay_portfolio,
}


def replay(case: Case) -> dict[str, Any]:
    """The result of a log (``terms`` and ``events``), of attempts (``terms`` and ``bids``) or of one question."""
    if not isinstance(case, Mapping):
        raise Malformed("terms", _l("A log needs its terms and its events."))
    terms = case.get("terms")
    if not isinstance(terms, Mapping):
        return answer_question(case)
    kind = str(terms.get("format", "english"))
    if kind not in REPLAYS:
        raise Malformed("terms", _l("This auction format is not known."))
    return REPLAYS[kind](case)

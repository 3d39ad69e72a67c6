"""One question about a rule, as other houses' rule books put them: the next price, the limit, who wins the envelopes.

A question is a plain object (or one under ``inputs``); what it asks is told by the fields it carries.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals import auction_formats as formats
from marketplace.deals import auction_rules as rules
from marketplace.deals import falling_rules, hammer_prices, tender_rules

Question = Mapping[str, Any]
DAY = datetime(2026, 1, 5, tzinfo=UTC)
END = DAY + timedelta(days=1)
WITHDRAWN = "-1"


def answer_question(case: Question) -> dict[str, Any]:
    """What the rule says; a question nobody asks here is malformed."""
    asked = case.get("inputs", case)
    if isinstance(asked, Mapping):
        for fields, answer in QUESTIONS:
            if fields <= set(asked):
                try:
                    return answer(asked)
                except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as fault:
                    raise Malformed("inputs", _l("This question cannot be read.")) from fault
    raise Malformed("terms", _l("A log needs its terms and its events."))


def _money(value: object) -> Money:
    return Money.parse(str(value), "CNY")


def _next_price(asked: Question) -> dict[str, Any]:
    step = int(asked.get("step_bps", 100))
    return {"next": falling_rules.next_dutch_price(_money(asked["initial"]), _money(asked["current"]), step).format()}


def _stage(asked: Question) -> dict[str, Any]:
    named, running = int(asked["bid_stage"]), int(asked["current_stage"])
    if formats.accepts_dutch(named, running, taken=bool(asked.get("taken", False))):
        return {"accepted": True}
    return {"accepted": False, "error": "previous step has already ended" if named < running else "not open yet"}


def _sealed_round(asked: Question) -> dict[str, Any]:
    dutch = _money(asked["dutch_amount"])
    amounts = [None if str(text) == WITHDRAWN else _money(text) for text in asked["bids"]]
    return {"accepted": [formats.sealed_bid_counts(amount, dutch) for amount in amounts]}


def _envelopes(asked: Question) -> dict[str, Any]:
    rows = [(str(row.get("bidder", row.get("b"))), str(row["amount"]), bool(row.get("dutch_winner")))
            for row in asked["bids"]]  # fmt: skip
    sealed = [
        formats.SealedBid(bidder, None if amount == WITHDRAWN else _money(amount), DAY + timedelta(seconds=number))
        for number, (bidder, amount, first) in enumerate(rows)
        if not first
    ]
    dutch = next(((bidder, _money(amount)) for bidder, amount, first in rows if first), None)
    if dutch is None:
        outcome = formats.open_envelopes(sealed, END, Money.zero("CNY"))
    else:
        outcome = formats.hybrid_outcome(dutch[0], dutch[1], sealed, None, END)
    names = [bidder for bidder, _amount in outcome.ascending]
    alone = dutch is not None and len(names) == 1
    return {
        "winner": outcome.winner,
        "sealedbid_winner": outcome.winner,
        "amount": None if outcome.price is None else _short(outcome.price),
        "results_ascending": names,
        "results": [f"{bidder} {_short(amount)}" for bidder, amount in outcome.ascending],
        "live": len(names),
        "auction": "ended" if alone or dutch is None else "running",
        "next_phase": None if alone or dutch is None else "pre-bestbid",
    }


def _short(amount: Money) -> str:
    return amount.format().removesuffix(".00")


def _best_bid(asked: Question) -> dict[str, Any]:
    return {"accepted": asked.get("dutch_winner") is not None and asked["bidder"] == asked["dutch_winner"]}


def _weighted(asked: Question) -> dict[str, Any]:
    costs = Decimal(str(asked.get("non_price_cost", "0")))
    current = Decimal(str(asked.get("weighted", asked.get("current"))))
    limit = tender_rules.highest_allowed_quote(current, Decimal(str(asked["min_step"])), costs)
    return _quote(asked, limit)


def _featured(asked: Question) -> dict[str, Any]:
    numbers = [Decimal(str(asked[name])) for name in ("amount_features", "coefficient", "min_step")]
    return _quote(asked, tender_rules.highest_allowed_weighted(*numbers))


def _quote(asked: Question, limit: Decimal) -> dict[str, Any]:
    accepted = tender_rules.quote_is_allowed(Decimal(str(asked["bid"])), limit, "", "")
    return {"accepted": accepted, "max_allowed": str(limit)} | ({} if accepted else {"error": "Too high value"})


def _turn(asked: Question) -> dict[str, Any]:
    mine = asked["bidder"] == asked["stage_bidder"]
    return {"accepted": mine} | ({} if mine else {"error": "Not valid bidder"})


def _soft_close(asked: Question) -> dict[str, Any]:
    close, at = (datetime.fromisoformat(f"{DAY:%Y-%m-%d}T{asked[name]}+00:00") for name in ("close", "bid_at"))
    minutes = {name: timedelta(minutes=int(asked.get(f"{name}_minutes", 5))) for name in ("window", "extension")}
    lot = rules.LotTerms(
        start=_money("1"), increments=rules.default_increments("CNY"), opens_at=DAY - timedelta(days=1), closes_at=close,
        soft_close_window=minutes["window"], soft_close_extension=minutes["extension"],
        extend_from=rules.ExtendFrom(asked.get("extend_from", "close")),
    )  # fmt: skip
    return {"new_close": f"{rules.extended_close(lot, close, at):%H:%M:%S}"}


def _hammer(asked: Question) -> dict[str, Any]:
    if not asked.get("reserve_met", True):
        return {"sold": False, "next": "post-auction negotiation"}
    shares = [int(asked.get(name, usual)) for name, usual in (("seller_bps", 1500), ("buyer_bps", 1000))]
    split = hammer_prices.commissions(_money(asked["hammer"]), *shares)
    figures = {"buyer_pays": split.buyer_pays, "seller_receives": split.seller_receives, "house": split.house}
    return {"sold": True} | {name: _short(amount) for name, amount in figures.items()}


def _reserve(asked: Question) -> dict[str, Any]:
    met = bool(asked["reserve_met"])
    return {"sold": met, "next": None if met else "post-auction negotiation"}


def _timeline(asked: Question) -> dict[str, Any]:
    spans = formats.HybridTimes().timeline(DAY)
    names = {"dutch": formats.HybridPhase.DUTCH, "sealed": formats.HybridPhase.SEALED,
             "best": formats.HybridPhase.BEST_BID}  # fmt: skip
    return {
        f"{name}_{edge}": int((spans[phase][place] - DAY).total_seconds())
        for name, phase in names.items()
        for place, edge in enumerate(("start", "end"))
    } | {"unit": "seconds after the start"}


QUESTIONS: tuple[tuple[set[str], Callable[[Question], dict[str, Any]]], ...] = (
    ({"initial", "current"}, _next_price),
    ({"bid_stage", "current_stage"}, _stage),
    ({"dutch_amount", "bids"}, _sealed_round),
    ({"bids"}, _envelopes),
    ({"phase", "bidder"}, _best_bid),
    ({"amount_features", "coefficient", "min_step", "bid"}, _featured),
    ({"weighted", "min_step", "bid"}, _weighted),
    ({"current", "min_step", "bid"}, _weighted),
    ({"stage_bidder", "bidder"}, _turn),
    ({"close", "bid_at"}, _soft_close),
    ({"hammer"}, _hammer),
    ({"closing_bid", "reserve_met"}, _reserve),
    ({"start"}, _timeline),
)
"""Which fields make which question; the first that fits is asked."""

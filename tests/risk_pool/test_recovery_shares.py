"""Loss and recovery shares as properties: exact sums, no negative increment, nobody above what was borne."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.money import Money
from marketplace.risk_pool.losses import Loss, Usage, share_loss
from marketplace.risk_pool.recovery_shares import RecoveryPosition, exact_shares, increments, one_off
from marketplace.risk_pool.terms_reading import read_terms

PARTIES = ("fund", "bank", "insurer", "appraiser", "guarantor")
splits = st.lists(st.integers(1, 9_999), min_size=1, max_size=4, unique=True).map(
    lambda cuts: dict(
        zip(PARTIES, (b - a for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), 10_000], strict=True)), strict=False)
    )
)
fen = st.integers(0, 10**13)


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def fen_by_fen(amount, weights, limits, paid, residue_to):
    """The rule itself, one unit at a time."""
    target = exact_shares(amount + sum(paid.values()), weights, limits)
    given_now = dict.fromkeys(limits, 0)
    order = sorted(limits, key=lambda party: (party != residue_to, list(limits).index(party)))
    for _unit in range(amount):
        given_now[max(order, key=lambda p: target[p] - paid.get(p, 0) - given_now[p])] += 1
    return given_now


@given(splits, fen, st.integers(0, 10_000), st.none() | fen, st.none() | fen)
def test_the_shares_of_a_loss_sum_to_it_exactly(split, lost, ip_parts, cover, balance):
    terms = read_terms({"shares": split})
    loss = Loss(principal=cny(lost), loan=cny(lost), ip_share=Fraction(ip_parts, 10_000))
    usage = Usage(cover=None if cover is None else cny(cover), pool_balance=None if balance is None else cny(balance))
    shares = share_loss(terms, loss, usage)
    assert shares.total == cny(lost)
    assert all(money.amount_minor >= 0 for money in shares.parties.values())
    assert shares.counted <= cny(lost)


@settings(deadline=None)
@given(splits, st.lists(st.integers(0, 300), max_size=5), st.integers(0, 500))
def test_many_recoveries_equal_the_rule_applied_fen_by_fen(split, amounts, borne_each):
    weights = {party: Fraction(share) for party, share in split.items()}
    limits = {party: borne_each + share for party, share in split.items()}
    paid = dict.fromkeys(split, 0)
    for amount in amounts:
        amount = min(amount, sum(limits.values()) - sum(paid.values()))
        step = increments(amount, weights, limits, paid, "fund")
        assert step == fen_by_fen(amount, weights, limits, paid, "fund")
        assert sum(step.values()) == amount
        assert min(step.values()) >= 0
        paid = {party: paid[party] + step[party] for party in paid}
        target = exact_shares(sum(paid.values()), weights, limits)
        assert all(abs(paid[party] - target[party]) < 1 for party in paid)
        assert all(paid[party] <= limits[party] for party in paid)


@given(
    splits,
    fen,
    st.lists(st.tuples(fen, st.integers(0, 10**9)), max_size=12),
    fen,
    st.sampled_from(["nominal", "borne"]),
)
def test_recoveries_conserve_every_fen(split, lost, received, other, basis):
    terms = read_terms({"shares": split})
    shares = share_loss(terms, Loss(principal=cny(lost), loan=cny(lost)), Usage())
    weights = (
        dict(shares.rates)
        if basis == "nominal"
        else {party: Fraction(money.amount_minor) for party, money in shares.parties.items()}
    )
    position = RecoveryPosition.after_loss(shares.parties, weights, terms.residue_to, cny(other))
    for amount, cost in received:
        step, position = position.share(cny(amount), cny(cost))
        assert step.net + step.cost_reimbursed + step.other_loss_reimbursed + step.surplus == cny(amount)
        assert all(money.amount_minor >= 0 for money in step.parties.values())
        assert all(left.amount_minor >= 0 for left in position.still_borne.values())
        assert not step.surplus or not any(position.still_borne.values())
        assert position.cost_open.amount_minor >= 0


def test_three_thousand_small_recoveries_at_54_26_16_4_never_take_anything_back():
    weights = {"fund": Fraction(54), "bank": Fraction(26), "insurer": Fraction(16), "appraiser": Fraction(4)}
    limits = dict.fromkeys(weights, 10**12)
    paid = dict.fromkeys(weights, 0)
    worst = Fraction(0)
    for number in range(3_000):
        step = increments(1 + number * 7919 % 97, weights, limits, paid, "bank")
        assert min(step.values()) >= 0
        paid = {party: paid[party] + step[party] for party in paid}
        target = exact_shares(sum(paid.values()), weights, limits)
        worst = max(worst, *(abs(paid[party] - target[party]) for party in paid))
    assert worst <= Fraction(68, 100)


@given(splits, st.integers(0, 10**12))
def test_a_single_recovery_leaves_its_residue_to_the_named_bearer(split, amount):
    weights = {party: Fraction(share) for party, share in split.items()}
    given_once = one_off(amount, weights, dict.fromkeys(split, 10**13), "fund")
    assert sum(given_once.values()) == amount
    for party in set(split) - {"fund"}:
        assert given_once[party] == amount * split[party] // 10_000

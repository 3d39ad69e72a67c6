"""Negotiation and closing on paper: the very rules of the product on rows that no database holds, tried a thousand ways.

Invariants of product A5.4 that belong to auctions (I1–I7) are checked in test_format_machines, those of envelopes (I8)
in test_sealed_bids. Here: I9 (every state has an exit by time or by the operator) for talks and closings, and what the
closing promises. I10 (no closing without the pledgee's recorded consent) is checked with the register in test_closing.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, ClassVar
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from marketplace.core.errors import Problem
from marketplace.core.money import Money
from marketplace.deals.closing_rules import TimedExit, require_refund_by_second, require_releasable, timed_exit
from marketplace.deals.deals import DEAL_LIFECYCLE, OVER, TERM_OF, Deal, DealStatus
from marketplace.deals.negotiations import Negotiation, NegotiationStatus, Offer, OfferStatus
from marketplace.deals.waterfall import Payoff, release_waterfall

NOW = datetime(2026, 11, 23, tzinfo=UTC)
S = DealStatus
THOUSAND = settings(max_examples=1_000, stateful_step_count=6, deadline=None, database=None)


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


class TalksOnPaper(RuleBasedStateMachine):
    """Exactly one live offer while the talks are open and none after; versions count up without a gap; only the other
    side decides, only the maker takes back; nobody decides on a version he did not see or that ran out; an end is
    final; at most one offer is ever accepted; time ends every open talk."""

    @initialize()
    def begin(self) -> None:
        self.at = NOW
        self.sides = (uuid4(), uuid4())
        self.talks = Negotiation(
            seller_id=self.sides[0], buyer_id=self.sides[1], status=NegotiationStatus.OPEN, offers=[]
        )
        self.ended: NegotiationStatus | None = None
        self._offer(1, 100, 7)

    def _offer(self, side: int, amount: int, days: int) -> None:
        self.talks.clear_table(self.at)
        self.talks.put(
            Offer(by_organisation_id=self.sides[side], price=yuan(amount), status=OfferStatus.LIVE, made_at=self.at,
                  expires_at=self.at + timedelta(days=days))
        )  # fmt: skip

    @rule(side=st.integers(0, 1), behind=st.integers(-1, 2), amount=st.integers(1, 10**6), days=st.integers(1, 9))
    def counter(self, side: int, behind: int, amount: int, days: int) -> None:
        version, count = len(self.talks.offers) - behind, len(self.talks.offers)
        try:
            self.talks.require_live(version, self.at)
        except Problem:
            return
        assert version == count and self.ended is None
        self._offer(side, amount, days)
        assert self.talks.offers[count - 1].status is OfferStatus.SUPERSEDED

    @rule(side=st.integers(0, 1), behind=st.integers(0, 1), act=st.sampled_from(["accept", "reject", "withdraw"]))
    def decide(self, side: int, behind: int, act: str) -> None:
        version, me = len(self.talks.offers) - behind, self.sides[side]
        find = self.talks.offer_to_take_back if act == "withdraw" else self.talks.offer_to_decide
        try:
            offer = find(me, version, self.at)
        except Problem:
            return
        assert behind == 0 and self.at < offer.expires_at and self.ended is None
        assert (offer.by_organisation_id == me) == (act == "withdraw")
        ends = {"accept": "ACCEPTED", "reject": "REJECTED", "withdraw": "WITHDRAWN"}[act]
        self.talks.end(OfferStatus[ends], NegotiationStatus[ends], self.at)

    @rule(days=st.integers(0, 12))
    def time_passes(self, days: int) -> None:
        self.at += timedelta(days=days)
        live = self.talks.live_offer
        if live is not None and live.expires_at <= self.at:
            self.talks.end(OfferStatus.EXPIRED, NegotiationStatus.EXPIRED, self.at)

    @invariant()
    def one_live_offer_or_a_final_end(self) -> None:
        if not hasattr(self, "talks"):
            return
        statuses = [offer.status for offer in self.talks.offers]
        assert statuses.count(OfferStatus.LIVE) == (1 if self.talks.status is NegotiationStatus.OPEN else 0)
        assert statuses.count(OfferStatus.ACCEPTED) == (1 if self.talks.status is NegotiationStatus.ACCEPTED else 0)
        assert [offer.version for offer in self.talks.offers] == list(range(1, len(statuses) + 1))
        assert self.ended in (None, self.talks.status)
        if self.talks.status is not NegotiationStatus.OPEN:
            self.ended = self.talks.status
            assert self.talks.ended_at is not None


class ClosingOnPaper(RuleBasedStateMachine):
    """Money leaves the held account for the seller's side only after the proof, by two people, and then to the cent by
    the waterfall (pledgee, fee, inventors, seller); whenever a closing fails, the office's refusal included, the buyer
    has everything back and nobody else has anything; nothing is created or lost at any moment; an end is final; every
    state but an end has a term, and what time does to it is a move the lifecycle knows (I9)."""

    ends: ClassVar[set[DealStatus]] = set()

    @initialize(price=st.integers(1, 10**9), owed=st.integers(0, 10**9), inventors=st.integers(0, 10_000),
                fee_bps=st.integers(0, 1_000), reached=st.integers(0, 7))  # fmt: skip
    def begin(self, price: int, owed: int, inventors: int, fee_bps: int, reached: int) -> None:
        deposit = price // 10
        self.at, self.people = NOW, [uuid4(), uuid4()]
        self.deal = Deal(
            seller_id=uuid4(), buyer_id=uuid4(), price=Money(price, "CNY"), deposit=Money(deposit, "CNY"),
            fee=Money(price * fee_bps // 10_000, "CNY"), deposit_lodged=False, status=S.SIGNING, inventor_bps=inventors,
            due_at=NOW + TERM_OF[S.SIGNING],
        )  # fmt: skip
        self.owed, self.parts = owed, [part for part in (deposit, price - deposit) if part]
        self.held, self.paid_in, self.back = 0, 0, 0
        self.out: dict[str, int] = {}
        self.steps_done, self.seen = False, [S.SIGNING]
        by_the_book = (self.sign, self.pay_the_next_part, self.pay_the_next_part, self.do_every_step, self.file,
                       self.prove, lambda: self.propose(0))  # fmt: skip
        for act in by_the_book[:reached]:
            act()

    def tries(self, act: Any) -> bool:
        """Whether the rules allowed it."""
        try:
            act()
        except Problem:
            return False
        return True

    def give_back(self) -> None:
        self.deal.become(S.REFUNDED, self.at)
        self.back, self.held = self.back + self.held, 0

    @rule()
    def sign(self) -> None:
        if self.deal.status is S.SIGNING:
            self.deal.become(S.AWAITING_FUNDS, self.at)

    @rule()
    def pay_the_next_part(self) -> None:
        if not self.parts or self.deal.status is S.SIGNING:
            return
        part = self.parts.pop(0)
        self.paid_in += part
        if self.deal.status is not S.AWAITING_FUNDS:
            self.back += part
            return
        self.held += part
        if self.held == self.deal.to_collect.amount_minor:
            self.deal.become(S.FUNDS_HELD, self.at)

    @rule()
    def do_every_step(self) -> None:
        self.steps_done = self.steps_done or self.deal.status is S.FUNDS_HELD

    @rule()
    def file(self) -> None:
        if self.steps_done:
            self.tries(lambda: self.deal.become(S.RECORDAL_FILED, self.at))

    @rule()
    def prove(self) -> None:
        if self.tries(lambda: self.deal.become(S.RECORDAL_PROVEN, self.at)):
            self.deal.recordal_proven_at = self.at

    @rule(who=st.integers(0, 1))
    def propose(self, who: int) -> None:
        if self.deal.status is S.RECORDAL_PROVEN:
            self.deal.release_proposed_by = self.people[who]

    @rule(who=st.integers(0, 1))
    def approve(self, who: int) -> None:
        held, person = Money(self.held, "CNY"), self.people[who]
        if not self.tries(lambda: require_releasable(self.deal, held, person)):
            return
        assert self.deal.recordal_proven_at is not None and person != self.deal.release_proposed_by
        payoffs = (Payoff(uuid4(), Money(self.owed, "CNY"), "loan"),) if self.owed else ()
        for line in release_waterfall(
            held, payoffs, self.deal.fee, self.deal.inventor_bps, {self.deal.seller_id: Fraction(1)}
        ).lines:
            self.out[line.step] = self.out.get(line.step, 0) + line.amount.amount_minor
            self.held -= line.amount.amount_minor
        self.deal.become(S.RELEASED, self.at)

    @rule(who=st.integers(0, 1))
    def the_office_refuses(self, who: int) -> None:
        if self.deal.status is S.RECORDAL_FILED:
            self.deal.become(S.REFUNDING, self.at, "refused")
            self.deal.refund_started_by = self.people[who]

    @rule(who=st.integers(0, 1))
    def the_operator_ends_it(self, who: int) -> None:
        status = S.CANCELLED if not self.held else S.REFUNDING
        if self.tries(lambda: self.deal.become(status, self.at, "ended")):
            self.deal.refund_started_by = self.people[who]

    @rule(who=st.integers(0, 1))
    def approve_the_refund(self, who: int) -> None:
        person = self.people[who]
        if self.deal.status is S.REFUNDING and self.tries(lambda: require_refund_by_second(self.deal, person)):
            assert person != self.deal.refund_started_by
            self.give_back()

    @rule(days=st.integers(0, 200))
    def time_passes(self, days: int) -> None:
        self.at += timedelta(days=days)
        if self.deal.due_at is None or self.deal.due_at > self.at:
            return
        match timed_exit(self.deal.status, Money(self.held, "CNY")):
            case TimedExit.CANCEL:
                self.deal.become(S.CANCELLED, self.at)
            case TimedExit.RETURN_EVERYTHING:
                self.deal.become(S.REFUNDING, self.at)
                self.give_back()
            case TimedExit.CALL_OPERATOR:
                assert self.deal.status in (S.RECORDAL_FILED, S.RECORDAL_PROVEN, S.REFUNDING)
                self.deal.due_at = None

    @invariant()
    def nobody_gains_and_nobody_loses(self) -> None:
        if not hasattr(self, "deal"):
            return
        status, price = self.deal.status, self.deal.price.amount_minor
        assert self.paid_in == self.held + self.back + sum(self.out.values())
        assert min([self.held, self.back, *self.out.values()], default=0) >= 0
        if status is S.RELEASED:
            assert (self.held, sum(self.out.values())) == (0, price)
            assert self.out.get("pledgee", 0) == min(self.owed, price)
            assert self.deal.recordal_proven_at is not None
        else:
            assert self.out == {}
        if status in (S.REFUNDED, S.CANCELLED):
            assert (self.held, self.back) == (0, self.paid_in)
        if self.seen[-1] in OVER:
            assert status is self.seen[-1]
        self.ends |= {status} & OVER
        if status not in OVER:
            assert status in TERM_OF and DEAL_LIFECYCLE.moves[status]
        self.seen.append(status)


def test_talks_keep_their_promises_in_a_thousand_courses() -> None:
    run_state_machine_as_test(TalksOnPaper, settings=THOUSAND)


def test_a_closing_keeps_its_promises_in_a_thousand_courses() -> None:
    run_state_machine_as_test(ClosingOnPaper, settings=THOUSAND)
    assert ClosingOnPaper.ends == OVER, "the courses reach every end"


def test_the_right_person_is_asked_for_by_identity() -> None:
    deal, person = Deal(status=S.REFUNDING, refund_started_by=UUID(int=1)), UUID(int=1)
    for approver in (None, person):
        try:
            require_refund_by_second(deal, approver)
        except Problem as refused:
            assert refused.code == "second_person_needed"
        else:
            raise AssertionError(approver)

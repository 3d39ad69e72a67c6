"""A pledged loan that runs, fails or was compensated, and the sale of its right, for tests."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine

from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.money import Money
from marketplace.deals.closing import state_payoff
from marketplace.deals.deals import Deal, DealStatus
from marketplace.financing.ageing import age_to
from marketplace.financing.disbursement import disburse_loan
from marketplace.financing.due_dates import business_date
from marketplace.financing.loans import Loan, find_loan
from marketplace.financing.pledges import Pledge, pledges_of_loan
from marketplace.financing.proceeds import debt_on
from marketplace.financing.sale_consents import (
    ConsentTerms,
    SaleAct,
    SaleConsent,
    agree_to_sale,
    approve_consent,
)
from marketplace.registry.assets import find_asset
from marketplace.risk_pool import claims, compensation, enrolling
from marketplace.risk_pool.claims import Claim
from tests.makers import deals
from tests.makers.financing import Parties, make_parties, make_pledged_loan
from tests.makers.listings import make_listing
from tests.makers.risk_pool import World, full_file, make_scheme, make_world

LONG_AGO = timedelta(days=130)


@dataclass
class PledgedSale:
    """A loan on one right, and everybody its sale needs."""

    parties: Parties
    sale: deals.Parties
    loan: Loan
    claim: Claim | None = None
    world: World | None = None

    @property
    def pledge(self) -> Pledge:
        """The loan's one pledge."""
        return pledges_of_loan(self.loan.id)[0]

    def debt(self) -> Money:
        """What ends the loan today."""
        return debt_on(find_loan(self.loan.id), business_date(now()))

    def offer_for_sale(self, mode: str = "fixed_price") -> None:
        """The holder lists the right, the bank having agreed."""
        self.agree(SaleAct.TRANSFER if mode == "fixed_price" else SaleAct.LICENCE)
        asset: Any = find_asset(self.parties.asset_id)
        self.sale.listing = make_listing(self.parties.holder, mode, asset=asset)

    def agree(self, act: SaleAct = SaleAct.TRANSFER, **terms: Any) -> SaleConsent:
        """The bank consents, one person preparing, another approving."""
        fields = {"act": act, "expires_on": self.sale.now.date() + timedelta(days=90)} | terms
        prepared = agree_to_sale(self.parties.officer, self.pledge.id, ConsentTerms(**fields), now())
        return approve_consent(self.parties.approver, prepared.id, now())

    def pay(self, price: Money) -> Deal:
        """A buyer takes the right and its money is held."""
        return self.sale.bring_to(DealStatus.FUNDS_HELD, self.sale.agree(price))

    def state(self, deal: Deal, owed: Money) -> None:
        """The bank states what is paid to it first."""
        encumbrance_id = self.pledge.encumbrance_id
        assert encumbrance_id is not None
        state_payoff(self.parties.officer, deal.id, encumbrance_id, owed, "loan", self.sale.now)

    def sell(self, price: Money, owed: Money, mode: str = "fixed_price") -> Deal:
        """The right is sold and the money released."""
        self.offer_for_sale(mode)
        deal = self.pay(price)
        self.state(deal, owed)
        self.sale.bring_to(DealStatus.RELEASED, deal)
        session.expire_all()
        return deal


def make_pledged_sale(failed: bool, compensated: bool = False) -> PledgedSale:
    """A loan paid out 130 days ago: served until today, or never paid (and compensated by a 55 pool)."""
    with time_machine.travel(datetime.now(UTC) - (LONG_AGO if failed else timedelta(days=20)), tick=True):
        parties = make_parties()
        loan = make_pledged_loan(parties)
        world = make_world({}) if compensated else None
        enrolment = _enrol(world, parties, loan) if world else None
        disburse_loan(parties.approver, loan.id, now())
    today = datetime.now(UTC)
    age_to(business_date(today), today)
    session.expire_all()
    for person in ("holder", "officer", "approver"):
        setattr(parties, person, replace(getattr(parties, person), authenticated_at=today))
    sale = deals.Parties()
    sale.seller = parties.holder
    claim = _compensate(world, parties, enrolment, loan) if world else None
    return PledgedSale(parties, sale, find_loan(loan.id), claim, world)


def _enrol(world: World, parties: Parties, loan: Loan) -> Any:
    at = now()
    enrolment = enrolling.propose_enrolment(parties.officer, make_scheme(world, "55").id, loan.id, {}, at)
    enrolling.submit_enrolment(parties.officer, enrolment.id, at)
    enrolling.review_enrolment(world.reviewer, enrolment.id, at)
    return enrolling.enrol(replace(world.approver, authenticated_at=at), enrolment.id, at)


def _compensate(world: World, parties: Parties, enrolment: Any, loan: Loan) -> Claim:
    at = now()
    session.refresh(enrolment)
    loss = (find_loan(loan.id).outstanding, Money(0, "CNY"))
    claim = claims.file_claim(parties.officer, enrolment.id, loss, full_file(parties.officer), at)
    claims.review_claim(world.reviewer, claim.id, at)
    claims.recommend_claim(world.reviewer, claim.id, "complete", at)
    return compensation.compensate_claim(replace(world.approver, authenticated_at=at), claim.id, at)

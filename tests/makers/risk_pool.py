"""Pools, schemes and loans that pools see, for tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import new_id
from marketplace.core.money import Money
from marketplace.documents.files import store_file
from marketplace.identity.roles import Role
from marketplace.risk_pool import (
    claims,
    compensation,
    enrolling,
    loans_seen,
    monitoring,
    pools,
    replenishments,
    schemes,
)
from marketplace.risk_pool.claims import Claim, ClaimDocumentKind
from marketplace.risk_pool.enrolments import Enrolment
from marketplace.risk_pool.loans_seen import LoanSeen
from marketplace.risk_pool.published_schemes import published_scheme
from marketplace.risk_pool.replenishments import Reason, Replenishment, SponsorKind, Told
from tests.makers.identity import make_actor, make_organisation

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
TODAY = NOW.date()
KINDS = {"insurer_or_guarantor": "guarantor", "guarantor": "guarantor", "insurer": "insurer", "appraiser": "appraiser"}


def cny(yuan: int | str) -> Money:
    return Money.parse(str(yuan), "CNY")


@contextmanager
def loans_known(loans: dict[UUID, LoanSeen]) -> Iterator[None]:
    """Let pools see exactly these loans."""
    before = loans_seen._readers[:]
    loans_seen.read_loans_with(lambda loan_id, _on: loans.get(loan_id))
    yield
    loans_seen._readers[:] = before


@dataclass
class World:
    """One pool with its people, one bank with its people, and the loans they know."""

    loans: dict[UUID, LoanSeen]
    reviewer: Actor
    approver: Actor
    officer: Actor
    second: Actor
    pool: pools.Pool
    others: dict[str, Actor] = field(default_factory=dict)

    def loan(self, principal: str = "3000000", **changes: Any) -> LoanSeen:
        """A loan of the bank on a registered pledge."""
        fields: dict[str, Any] = {
            "loan_id": new_id(), "bank_id": self.officer.organisation_id, "borrower_id": make_organisation().id,
            "principal": cny(principal), "outstanding": cny(principal), "ip_share": Fraction(1), "term_months": 12,
            "asset_kinds": frozenset({"invention"}), "pledge_registered": True, "disbursed_on": None,
            "overdue_days": 0, "loan_class": "normal",
        }  # fmt: skip
        seen = LoanSeen(**(fields | changes))
        self.loans[seen.loan_id] = seen
        return seen

    def change(self, enrolment: Enrolment, **changes: Any) -> None:
        """Let the loan change, and let the enrolment follow it."""
        self.loans[enrolment.loan_id] = replace(self.loans[enrolment.loan_id], **changes)
        monitoring.follow_loan(enrolment.loan_id, NOW)

    def party(self, name: str) -> Actor:
        """Somebody of the organisation that stands for a party."""
        return self.others.setdefault(name, make_actor(kind=KINDS[name]))

    def proposed(self, scheme: schemes.Scheme, loan: LoanSeen) -> Enrolment:
        wanted = set(scheme.terms.known_shares()) - {scheme.terms.pool_party, "bank"}
        parties = {name: self.party(name).organisation_id for name in wanted}
        return enrolling.propose_enrolment(self.officer, scheme.id, loan.loan_id, parties, NOW)  # type: ignore[arg-type]

    def enrolled(self, scheme: schemes.Scheme, loan: LoanSeen, disbursed_on: date = TODAY) -> Enrolment:
        """The loan enrolled by everybody concerned and paid out."""
        enrolment = self.proposed(scheme, loan)
        for party in enrolment.parties:
            enrolling.agree_to_share(self.party(party.party), enrolment.id, NOW)
        enrolling.submit_enrolment(self.officer, enrolment.id, NOW)
        enrolling.review_enrolment(self.reviewer, enrolment.id, NOW)
        enrolling.enrol(self.approver, enrolment.id, NOW)
        self.loans[loan.loan_id] = replace(loan, disbursed_on=disbursed_on)
        enrolling.activate_enrolment(loan.loan_id, NOW)
        return enrolment

    def filed(self, enrolment: Enrolment, loss: str = "3000000", other: str = "0") -> Claim:
        """A complete claim for a loan 120 days overdue."""
        self.change(enrolment, overdue_days=120, loan_class="substandard")
        return claims.file_claim(self.officer, enrolment.id, (cny(loss), cny(other)), full_file(self.officer), NOW)

    def compensated(self, enrolment: Enrolment, loss: str = "3000000", other: str = "0") -> Claim:
        """The claim reviewed by one person and approved by another."""
        claim = self.filed(enrolment, loss, other)
        claims.review_claim(self.reviewer, claim.id, NOW)
        claims.recommend_claim(self.reviewer, claim.id, "complete", NOW)
        return compensation.compensate_claim(self.approver, claim.id, NOW)


def full_file(actor: Actor) -> list[tuple[ClaimDocumentKind, UUID]]:
    """One stored document of every kind a claim needs."""
    return [
        (kind, store_file(actor, kind.value.encode(), f"{kind.value}.txt", "claim", NOW).id)
        for kind in ClaimDocumentKind
    ]


def told(amount: str = "100", bank_reference: str = "BUDGET-2026", **changes: Any) -> Told:
    """A transfer of the city's yearly budget, as the account statement tells it."""
    fields: dict[str, Any] = {
        "amount": cny(amount), "bank_reference": bank_reference, "received_on": TODAY, "reason": Reason.YEARLY_BUDGET,
        "sponsor_kind": SponsorKind.CITY_BUDGET,
    }  # fmt: skip
    return Told(**(fields | changes))


def replenished(recorder: Actor, confirmer: Actor, pool_id: UUID, transfer: Told) -> Replenishment:
    """Money that one person recorded and another confirmed."""
    made = replenishments.record_replenishment(recorder, pool_id, transfer, NOW)
    return replenishments.confirm_replenishment(confirmer, made.id, NOW)


def make_world(loans: dict[UUID, LoanSeen], balance: str = "40000000") -> World:
    """A pool of this balance (tenfold) and a bank."""
    administrator, bank = make_organisation("pool_administrator"), make_organisation("bank")
    fresh = {"authenticated_at": NOW}
    reviewer = make_actor(administrator, Role.OFFICER, **fresh)
    approver = make_actor(administrator, Role.APPROVER, **fresh)
    pool = pools.open_pool(approver, {"zh": "示范资金池", "en": "Demo pool"}, "CNY", Fraction(10), NOW)
    replenished(reviewer, approver, pool.id, told(balance))
    officer, second = make_actor(bank, Role.OFFICER, **fresh), make_actor(bank, Role.APPROVER, **fresh)
    return World(loans, reviewer, approver, officer, second, pool)


def make_scheme(world: World, name: str = "5311", **changes: Any) -> schemes.Scheme:
    """A published scheme (or one with changed terms) adopted by the world's pool for this year."""
    document = published_scheme(name) | changes
    return schemes.adopt_scheme(world.approver, world.pool.id, document, (date(2026, 1, 1), None), NOW)

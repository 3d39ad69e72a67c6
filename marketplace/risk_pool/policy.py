"""Who may do what in a risk pool; the holder of a role acts only for its own organisation's things."""

from typing import TYPE_CHECKING

from marketplace.core.actor import Actor

if TYPE_CHECKING:
    from marketplace.risk_pool.enrolments import Enrolment
    from marketplace.risk_pool.pools import Pool

SHARING_KINDS = {"guarantor", "insurer", "appraiser"}


def may_open_pool(actor: Actor) -> bool:
    """An approver of a pool administrator opens pools."""
    return actor.organisation_kind == "pool_administrator" and actor.may("pool.approve")


def administers(actor: Actor, pool: "Pool") -> bool:
    """Whether the actor acts for the pool's own administrator."""
    return actor.organisation_kind == "pool_administrator" and actor.organisation_id == pool.administrator_id


def may_review(actor: Actor, pool: "Pool") -> bool:
    """Whether the actor may examine what was handed in to this pool."""
    return administers(actor, pool) and actor.may("pool.review")


def may_decide(actor: Actor, pool: "Pool") -> bool:
    """Whether the actor may decide for this pool as the second person."""
    return administers(actor, pool) and actor.may("pool.approve")


def may_enrol(actor: Actor, bank_id: object) -> bool:
    """Whether the actor may hand in this bank's loans and claims."""
    return actor.organisation_id == bank_id and actor.may("loan.underwrite")


def shares(actor: Actor) -> bool:
    """Whether the actor's organisation shares losses as guarantor, insurer or appraiser."""
    return actor.organisation_kind in SHARING_KINDS and (actor.may("pool.review") or actor.may("appraise"))


def sees(actor: Actor, enrolment: "Enrolment", pool: "Pool") -> bool:
    """Its bank, borrower, pool administrator, sharing parties and an auditor see an enrolment; nobody else."""
    if actor.may("audit.read") or administers(actor, pool):
        return True
    if actor.organisation_id is None:
        return False
    return actor.organisation_id in (enrolment.bank_id, enrolment.borrower_id) or actor.organisation_id in {
        party.organisation_id for party in enrolment.parties
    }

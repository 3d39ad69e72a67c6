"""Who may ask for values, read and review them."""

from typing import TYPE_CHECKING

from marketplace.core.actor import Actor

if TYPE_CHECKING:
    from marketplace.valuation.reports import Indication
    from marketplace.valuation.reviews import ValuationReview


def may_read(actor: Actor, indication: "Indication") -> bool:
    """Whether the indication is the actor's organisation's own, or the platform's."""
    return indication.organisation_id is None or indication.organisation_id == actor.organisation_id


def may_review(actor: Actor) -> bool:
    """Whether the actor gives opinions on values: appraisers, and the platform's operators."""
    return actor.organisation_id is not None and (actor.may("appraise") or actor.may("platform.operate"))


def may_see_review(actor: Actor, review: "ValuationReview") -> bool:
    """The asker; any reviewer while it waits; afterwards only the one who took it."""
    if actor.organisation_id is None:
        return False
    if actor.organisation_id in (review.organisation_id, review.reviewer_organisation_id):
        return True
    return review.status == "asked" and may_review(actor)


def may_lift_freeze(actor: Actor | None) -> bool:
    """Operators of the platform."""
    return actor is not None and actor.may("platform.operate")


def may_enter_indicators(actor: Actor | None) -> bool:
    """Operators of the platform."""
    return actor is not None and actor.may("platform.operate")

"""What askers and reviewers are told about reviews of values, and what waits on their dashboards."""

from datetime import datetime

from marketplace.core.actor import Actor
from marketplace.core.http import Waiting, dashboard_provider
from marketplace.core.i18n import _, _l
from marketplace.identity.organisations import OrganisationKind, organisations_of_kind
from marketplace.notices.inbox import tell
from marketplace.notices.wording import say
from marketplace.valuation import policy
from marketplace.valuation.reviews import ReviewMoved, ReviewStatus, review_board

say(
    "review_asked",
    subject=_l("A value waits for a reviewer"),
    text=_l("An organisation asks for a person's look at a value indication. Take it, or leave it to another."),
)
say("review_taken", subject=_l("A reviewer took your value"), text=_l("You will be told when the opinion is there."))
say("review_answered", subject=_l("The review of your value is there"), text=_l("Read the reviewer's opinion."))
say(
    "review_lapsed",
    subject=_l("Nobody reviewed your value in time"),
    text=_l("The request has ended. You may ask again."),
)
_TOLD = {
    ReviewStatus.TAKEN: "review_taken",
    ReviewStatus.ANSWERED: "review_answered",
    ReviewStatus.LAPSED: "review_lapsed",
}


def tell_review(_actor: Actor, fact: ReviewMoved, now: datetime) -> None:
    """Tell appraisers of a new request, and the asker of every later step of somebody else."""
    link = f"/valuations/reviews/{fact.review_id}"
    if fact.status is ReviewStatus.ASKED:
        for appraiser in organisations_of_kind(OrganisationKind.APPRAISER):
            tell(appraiser.id, "review_asked", {}, link, now)
    elif fact.status in _TOLD:
        tell(fact.organisation_id, _TOLD[fact.status], {}, link, now)


@dashboard_provider
def reviews_waiting(actor: Actor, _now: datetime) -> list[Waiting]:
    """Reviews a reviewer may take or has taken."""
    if not policy.may_review(actor):
        return []
    return [
        Waiting(
            _("A value waits for your opinion")
            if review.status is ReviewStatus.TAKEN
            else _("A value waits for a reviewer"),
            f"/valuations/reviews/{review.id}",
            review.due_at,
        )
        for review in review_board(actor)
        if review.status in (ReviewStatus.ASKED, ReviewStatus.TAKEN) and review.organisation_id != actor.organisation_id
    ]

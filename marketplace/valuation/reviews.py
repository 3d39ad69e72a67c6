"""A person's look at an indication: asked for by its organisation, given by an unrelated appraiser or the platform.

The reviewer may set other figures beside the model's, with reasons; both stay. A review is an opinion on an
indication and no appraisal report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.actor import Actor
from marketplace.core.db import Model, find, money_columns, same_currency, session
from marketplace.core.errors import Malformed, NotAllowed, NotFound, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.lifecycle import Lifecycle
from marketplace.core.money import Money
from marketplace.identity.organisations import are_related
from marketplace.identity.verification import require_approved
from marketplace.registry.ownership import owns
from marketplace.valuation import policy
from marketplace.valuation.reports import Indication, find_indication

DAYS_TO_ANSWER = 14


class ReviewStatus(StrEnum):
    """Where a review stands."""

    ASKED = "asked"
    TAKEN = "taken"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


REVIEW_LIFECYCLE = Lifecycle(
    "valuation review",
    {
        ReviewStatus.ASKED: {ReviewStatus.TAKEN, ReviewStatus.WITHDRAWN, ReviewStatus.LAPSED},
        ReviewStatus.TAKEN: {
            ReviewStatus.ANSWERED,
            ReviewStatus.ASKED,
            ReviewStatus.WITHDRAWN,
            ReviewStatus.LAPSED,
        },
        ReviewStatus.ANSWERED: set(),
        ReviewStatus.WITHDRAWN: set(),
        ReviewStatus.LAPSED: set(),
    },
)
OPEN = (ReviewStatus.ASKED, ReviewStatus.TAKEN)


class ReviewAlreadyAsked(Refused):
    """One review at a time."""

    message = _l("A review of this indication is already under way.")


class ReviewerNotIndependent(Refused):
    """Nobody reviews a value in which they have an interest."""

    message = _l("You are related to the asker or own the right, so somebody else must review this value.")


class ValuationReview(Model):
    """One request for a person's look at an indication, and the answer; both figures are kept."""

    __tablename__ = "valuation_reviews"
    __table_args__ = (
        same_currency("low", "middle", "high"),
        CheckConstraint(
            "low_minor IS NULL OR (low_minor >= 0 AND low_minor <= middle_minor AND middle_minor <= high_minor)",
            name="ordered",
        ),
        CheckConstraint(
            "(status = 'answered') = (opinion IS NOT NULL) AND (status <> 'answered' OR reviewer_id IS NOT NULL)",
            name="answered_with_opinion",
        ),
        Index(
            "uq_valuation_reviews_open",
            "indication_id",
            unique=True,
            postgresql_where=text("status IN ('asked', 'taken')"),
        ),
    )

    indication_id: Mapped[UUID] = mapped_column(ForeignKey("indications.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"), index=True)
    question: Mapped[str] = mapped_column(String(2000))
    status: Mapped[ReviewStatus] = mapped_column(default=ReviewStatus.ASKED)
    due_at: Mapped[datetime]
    reviewer_organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    reviewer_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    opinion: Mapped[str | None] = mapped_column(String(4000))
    answered_at: Mapped[datetime | None]
    low: Mapped[Money | None] = money_columns("low", optional=True)
    middle: Mapped[Money | None] = money_columns("middle", optional=True)
    high: Mapped[Money | None] = money_columns("high", optional=True)

    def move(self, status: ReviewStatus) -> None:
        """Go to a next status by the lifecycle."""
        self.status = REVIEW_LIFECYCLE.check(self.status, status)


@dataclass(frozen=True)
class ReviewMoved(Fact):
    """A review was asked for, taken, given back, answered, withdrawn, or ran out of time."""

    review_id: UUID
    indication_id: UUID
    organisation_id: UUID
    status: ReviewStatus


def ask_review(actor: Actor, indication_id: UUID, question: str, now: datetime) -> ValuationReview:
    """Ask a person to look at an indication of one's own organisation."""
    require_approved(actor)
    indication = find_indication(actor, indication_id)
    require(indication.organisation_id is not None and indication.organisation_id == actor.organisation_id, NotFound())
    session.execute(select(Indication.id).where(Indication.id == indication.id).with_for_update())
    query = select(ValuationReview.id).where(
        ValuationReview.indication_id == indication.id, ValuationReview.status.in_(OPEN)
    )
    require(session.execute(query).first() is None, ReviewAlreadyAsked())
    assert actor.organisation_id is not None
    review = ValuationReview(
        indication_id=indication.id,
        organisation_id=actor.organisation_id,
        question=question,
        due_at=now + timedelta(days=DAYS_TO_ANSWER),
    )
    session.add(review)
    session.flush()
    return _announced(actor, review, now)


def take_review(actor: Actor, review_id: UUID, now: datetime) -> ValuationReview:
    """A reviewer takes it up; nobody related to the asker, and no owner of the right."""
    require(policy.may_review(actor), NotAllowed())
    review = find(ValuationReview, review_id, lock=True)
    assert actor.organisation_id is not None
    asset_id = find(Indication, review.indication_id).asset_id
    interested = are_related(actor.organisation_id, review.organisation_id) or owns(actor.organisation_id, asset_id)
    require(not interested, ReviewerNotIndependent())
    review.move(ReviewStatus.TAKEN)
    review.reviewer_organisation_id, review.reviewer_id = actor.organisation_id, actor.person_id
    return _announced(actor, review, now)


def give_back_review(actor: Actor, review_id: UUID, now: datetime) -> ValuationReview:
    """The reviewer gives it back for somebody else to take."""
    review = _taken_by(actor, review_id)
    review.move(ReviewStatus.ASKED)
    review.reviewer_organisation_id = review.reviewer_id = None
    return _announced(actor, review, now)


def answer_review(actor: Actor, review_id: UUID, answer: dict[str, Any], now: datetime) -> ValuationReview:
    """The reviewer's opinion, with figures of their own where they differ from the model's."""
    review = _taken_by(actor, review_id)
    figures = _figures(answer, find(Indication, review.indication_id).middle.currency)
    review.move(ReviewStatus.ANSWERED)
    if figures:
        review.low, review.middle, review.high = figures
    review.opinion, review.answered_at = answer["opinion"], now
    return _announced(actor, review, now)


def _figures(answer: dict[str, Any], currency: str) -> tuple[Money, ...]:
    """All three figures in order, or none."""
    given = [answer.get(name) for name in ("low", "middle", "high")]
    if all(one is None for one in given):
        return ()
    amounts = tuple(Money.parse(str(one), currency) for one in given if one is not None)
    right = len(amounts) == len(given) and amounts[0] <= amounts[1] <= amounts[2]
    require(right, Malformed("middle", _l("Give all three figures from low to high, or none.")))
    return amounts


def withdraw_review(actor: Actor, review_id: UUID, now: datetime) -> ValuationReview:
    """The asker no longer wants it."""
    review = find(ValuationReview, review_id, lock=True)
    require(review.organisation_id == actor.organisation_id, NotFound())
    review.move(ReviewStatus.WITHDRAWN)
    return _announced(actor, review, now)


def lapse_reviews(actor: Actor, now: datetime) -> int:
    """Reviews nobody answered in time end, and their askers are told."""
    query = select(ValuationReview).where(ValuationReview.status.in_(OPEN), ValuationReview.due_at < now)
    late = session.execute(query.with_for_update(skip_locked=True)).scalars().all()
    for review in late:
        review.move(ReviewStatus.LAPSED)
        _announced(actor, review, now)
    return len(late)


def _taken_by(actor: Actor, review_id: UUID) -> ValuationReview:
    review = find(ValuationReview, review_id, lock=True)
    mine = review.reviewer_organisation_id is not None and review.reviewer_organisation_id == actor.organisation_id
    require(policy.may_review(actor) and mine, NotFound())
    return review


def _announced(actor: Actor, review: ValuationReview, now: datetime) -> ValuationReview:
    session.flush()
    fact = ReviewMoved(review.id, review.indication_id, review.organisation_id, review.status)
    announce(actor, now, fact, after={"status": review.status.value, "middle": str(review.middle or "")})
    return review


def find_review(actor: Actor, review_id: UUID) -> ValuationReview:
    """A review its asker or a reviewer may see."""
    review = find(ValuationReview, review_id)
    require(policy.may_see_review(actor, review), NotFound())
    return review


def reviewed_indication(actor: Actor, review: ValuationReview) -> Indication:
    """The indication under review, for those who may see the review."""
    require(policy.may_see_review(actor, review), NotFound())
    return find(Indication, review.indication_id)


def reviews_of(indication: Indication) -> Sequence[ValuationReview]:
    """Every review of an indication, newest first."""
    query = select(ValuationReview).where(ValuationReview.indication_id == indication.id)
    return session.execute(query.order_by(ValuationReview.id.desc())).scalars().all()


def review_board(actor: Actor, limit: int = 50) -> Sequence[ValuationReview]:
    """For a reviewer what waits and what they took; for others what their organisation asked for."""
    own = ValuationReview.organisation_id == actor.organisation_id
    if policy.may_review(actor):
        own = own | (ValuationReview.status == ReviewStatus.ASKED)
        own = own | (ValuationReview.reviewer_organisation_id == actor.organisation_id)
    query = select(ValuationReview).where(own).order_by(ValuationReview.due_at, ValuationReview.id).limit(limit)
    return session.execute(query).scalars().all()

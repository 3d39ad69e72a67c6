"""The first steps of a new organisation, per goal, shown on the dashboard until one goal is reached."""

from dataclasses import dataclass

from flask import url_for
from sqlalchemy import exists, select
from sqlalchemy.sql.elements import ColumnElement

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.i18n import _
from marketplace.deals.bidders import Bidder
from marketplace.deals.negotiations import Negotiation
from marketplace.financing.applications import Application, Invitation, InvitationStatus
from marketplace.identity.organisations import OrganisationKind
from marketplace.listings.listings import Listing
from marketplace.listings.saved_searches import SavedSearch
from marketplace.registry.ownership import OwnershipShare
from marketplace.risk_pool.enrolments import EnrolmentParty
from marketplace.risk_pool.pools import Pool


@dataclass(frozen=True)
class Step:
    """One step towards a goal; progress is read from what the organisation has done, so it is never lost."""

    text: str
    link: str
    done: bool


@dataclass(frozen=True)
class Goal:
    """What somebody comes for, and the three steps to it."""

    title: str
    steps: list[Step]

    @property
    def reached(self) -> bool:
        """Whether every step is done."""
        return all(step.done for step in self.steps)

    @property
    def next_step(self) -> int:
        """The place of the first step that is not done."""
        return next((place for place, step in enumerate(self.steps) if not step.done), len(self.steps))


def first_steps(actor: Actor) -> list[Goal]:
    """The goals of this actor's kind of organisation; none once one of them is reached."""
    if actor.organisation_id is None:
        return []
    goals = _GOALS.get(OrganisationKind(actor.organisation_kind), lambda _actor: [])(actor)
    return [] if any(goal.reached for goal in goals) else goals


def _holds(condition: ColumnElement[bool]) -> bool:
    return bool(session.execute(select(exists().where(condition))).scalar_one())


def _verified(actor: Actor) -> Step:
    return Step(_("Have your organisation verified"), url_for("identity.organisation"), actor.approved)


def _protected(actor: Actor) -> Step:
    text = _("Protect your sign-in with a second factor")
    return Step(text, url_for("identity.second_factor"), actor.second_factor)


def _company(actor: Actor) -> list[Goal]:
    own = actor.organisation_id
    offered = _holds(Listing.organisation_id == own) or _holds(Application.borrower_id == own)
    interested = _holds(Negotiation.buyer_id == own) or _holds(Bidder.organisation_id == own)
    return [
        Goal(
            _("Sell, license or borrow against your rights"),
            [
                _verified(actor),
                Step(
                    _("Import a right from the office's records, or claim your name on one"),
                    url_for("registry.new_import"),
                    _holds(OwnershipShare.organisation_id == own),
                ),
                Step(
                    _("Read its value and burdens, then list it or ask banks"), url_for("registry.my_assets"), offered
                ),
            ],
        ),
        Goal(
            _("Find and acquire rights"),
            [
                _verified(actor),
                Step(
                    _("Search and save a search: new matches come to your inbox"),
                    url_for("listings.search_page"),
                    _holds(SavedSearch.organisation_id == own),
                ),
                Step(_("Make an offer or register for an auction"), url_for("auctions.list_auctions"), interested),
            ],
        ),
    ]


def _bank(actor: Actor) -> list[Goal]:
    own = Invitation.bank_id == actor.organisation_id
    answered = _holds(own & (Invitation.status != InvitationStatus.INVITED))
    steps = [
        _verified(actor),
        _protected(actor),
        Step(_("Answer an application with a term sheet"), url_for("financing.bank_desk"), answered),
    ]
    return [Goal(_("Lend against intellectual property"), steps)]


def _pool(actor: Actor) -> list[Goal]:
    opened = _holds(Pool.administrator_id == actor.organisation_id)
    steps = [
        _verified(actor),
        _protected(actor),
        Step(_("Open your pool and adopt a scheme"), url_for("risk_pool.board"), opened),
    ]
    return [Goal(_("Share the risk of pledged loans"), steps)]


def _party(actor: Actor) -> list[Goal]:
    own = EnrolmentParty.organisation_id == actor.organisation_id
    agreed = _holds(own & EnrolmentParty.agreed_at.is_not(None))
    steps = [
        _verified(actor),
        _protected(actor),
        Step(_("Agree to an enrolment that names you"), url_for("risk_pool.board"), agreed),
    ]
    return [Goal(_("Stand beside a pool's loans"), steps)]


_GOALS = {
    OrganisationKind.COMPANY: _company,
    OrganisationKind.BANK: _bank,
    OrganisationKind.POOL_ADMINISTRATOR: _pool,
    OrganisationKind.GUARANTOR: _party,
    OrganisationKind.INSURER: _party,
    OrganisationKind.APPRAISER: _party,
}

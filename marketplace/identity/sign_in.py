"""Signing in, and proving again who one is before a sensitive act."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.errors import NotAllowed, NotFound, Problem, require
from marketplace.core.events import announce
from marketplace.core.i18n import _l
from marketplace.identity import throttle
from marketplace.identity.passwords import confirm_password, person_with_password
from marketplace.identity.people import Person, canonical_email, membership_of, organisations_of
from marketplace.identity.second_factor import WrongCode, code_is_right
from marketplace.identity.sessions import ContextSwitched, SignInSession

FRESH_FOR = timedelta(minutes=15)


class ReauthenticationRequired(NotAllowed):
    """The last proof of identity is too old for this act."""

    message = _l("Confirm your password again before you do this.")


class CodeNeeded(Problem):
    """The password is right; this person signs in with a one-time code as well."""

    status = 401
    message = _l("Enter the one-time code of your authenticator app as well.")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try to sign in, and where it comes from."""

    email: str
    password: str
    address: str
    known_browser: bool = False

    def tries(self) -> throttle.Tries:
        """How this try is counted."""
        account = canonical_email(self.email)[:254]
        known = self.known_browser
        return throttle.Tries(purpose="password", account=account, address=self.address, known_browser=known)


def require_fresh(actor: Actor, now: datetime) -> None:
    """Go on only when the person proved who they are within the last 15 minutes."""
    proven = actor.authenticated_at
    require(proven is not None and now - proven <= FRESH_FOR, ReauthenticationRequired())


def prove_password(attempt: Attempt) -> Person:
    """Who tries to sign in; too many wrong tries are refused before the password is looked at."""
    tries = attempt.tries()
    throttle.refuse_too_many(tries)
    try:
        person = person_with_password(attempt.email, attempt.password)
    except Problem:
        throttle.count_wrong(tries)
        raise
    throttle.forgive(tries)
    return person


def prove_code(person_id: UUID, code: str, address: str, now: datetime) -> None:
    """The second proof: a one-time or recovery code, each good once."""
    tries = throttle.Tries(purpose="code", account=str(person_id), address=address)
    throttle.refuse_too_many(tries)
    if not code_is_right(person_id, code, now):
        throttle.count_wrong(tries)
        raise WrongCode()
    throttle.forgive(tries)


def prove_again(actor: Actor, opened: SignInSession, password: str, code: str, address: str, now: datetime) -> None:
    """Renew the proof of who one is, with the code too if the person uses one."""
    tries = throttle.Tries(purpose="again", account=str(actor.person_id), address=address)
    throttle.refuse_too_many(tries)
    try:
        person = confirm_password(actor, password)
    except Problem:
        throttle.count_wrong(tries)
        raise
    if person.has_second_factor:
        prove_code(person.id, code, address, now)
        opened.second_factor = True
    throttle.forgive(tries)
    opened.authenticated_at = now


def first_organisation(person: Person) -> UUID | None:
    """The organisation a person acts for after signing in: the one used last, or the first they joined."""
    mine = [organisation.id for _membership, organisation in organisations_of(person.id)]
    last = session.scalars(
        select(SignInSession.organisation_id)
        .where(SignInSession.person_id == person.id, SignInSession.organisation_id.in_(mine))
        .order_by(SignInSession.id.desc())
        .limit(1)
    ).first()
    return last or (mine[0] if mine else None)


def switch_organisation(actor: Actor, opened: SignInSession, organisation_id: UUID, now: datetime) -> None:
    """Act for another of one's own organisations from now on."""
    require(actor.person_id is not None, NotFound())
    assert actor.person_id is not None
    require(membership_of(actor.person_id, organisation_id) is not None, NotFound())
    opened.organisation_id = organisation_id
    session.flush()
    announce(actor, now, ContextSwitched(actor.person_id, organisation_id))

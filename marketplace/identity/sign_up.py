"""Signing up: the address first, proven by a letter; then a name and a password; then an organisation."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.core.errors import Gone, NotFound, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.core.jobs import enqueue
from marketplace.identity.organisations import Organisation, Registration, found_organisation
from marketplace.identity.passwords import set_password
from marketplace.identity.people import Person, canonical_email, join_organisation, person_with_email
from marketplace.identity.roles import Role

LINK_LASTS = timedelta(days=1)


class SignUpLinkUsed(Gone):
    """The link was used already or is older than a day."""

    message = _l("This link was used already or is older than one day. Sign in, or start again.")


@dataclass(frozen=True)
class PersonSignedUp(Fact):
    """A person proved their address and chose a password."""

    person_id: UUID


def begin_sign_up(email: str, language: str) -> None:
    """Have a letter sent: a link to go on, or, to an address we know, the hint to sign in; the answer never differs."""
    enqueue("notices.mail_sign_up", email=canonical_email(email), language=language)


def sign_up_token(email: str, secret_key: str) -> str:
    """The secret of the link in the letter."""
    token = _signer(secret_key).dumps(email)
    return token if isinstance(token, str) else token.decode()


def email_of(token: str, secret_key: str) -> str:
    """The proven address behind a link; a wrong link is 404, a used or old one 410."""
    try:
        email = str(_signer(secret_key).loads(token, max_age=int(LINK_LASTS.total_seconds())))
    except SignatureExpired as error:
        raise SignUpLinkUsed() from error
    except BadSignature as error:
        raise NotFound() from error
    require(person_with_email(email) is None, SignUpLinkUsed())
    return email


def _signer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="sign-up")


def finish_sign_up(token: str, name: str, password: str, language: str, secret_key: str, now: datetime) -> Person:
    """Become a person of the marketplace; only who reads the address's mail can choose its password."""
    return add_person(email_of(token, secret_key), name, password, language, now)


def add_person(email: str, name: str, password: str, language: str, now: datetime) -> Person:
    """A new person with a proven address."""
    person = Person(email=canonical_email(email), name=name.strip(), language=language)
    set_password(person, password)
    session.add(person)
    session.flush()
    announce(Actor(person_id=person.id, organisation_id=None), now, PersonSignedUp(person.id))
    return person


def register_organisation(actor: Actor, person: Person, registration: Registration, now: datetime) -> Organisation:
    """Register an organisation as a draft; who registers it is its first administrator."""
    organisation = found_organisation(actor, registration, now)
    join_organisation(actor, person, organisation, Role.ADMINISTRATOR, now)
    return organisation

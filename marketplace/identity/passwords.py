"""Passwords: chosen freely above a minimum, never a common one, hashed with argon2, changed with proof."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID, uuid4

from flask_security.proxies import _security
from flask_security.recoverable import generate_reset_password_token
from flask_security.utils import check_and_get_token_status, hash_password, verify_and_update_password, verify_hash
from sqlalchemy import select

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import Gone, Malformed, Problem, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.api_keys import revoke_keys_for
from marketplace.identity.people import Person, person_with_email
from marketplace.identity.sessions import end_other_sessions

SHORTEST, LONGEST = 10, 200
RESET_WITHIN = timedelta(hours=1)

COMMON_STEMS = (
    "password", "passw0rd", "p@ssw0rd", "qwerty", "qwertz", "azerty", "asdfgh", "zxcvbn", "1q2w3e", "1qaz2wsx", "abc123",
    "123456", "654321", "111111", "000000", "888888", "666666", "123123", "112233", "5201314", "woaini", "iloveyou",
    "letmein", "welcome", "admin", "monkey", "dragon", "sunshine", "princess", "football", "trustno1", "changeme",
    "default", "secret", "master", "login", "hello", "marketplace",
)  # fmt: skip
"""What guessers try first, with digits and signs around it."""


class WrongCredentials(Problem):
    """The address is unknown or the password is wrong; nobody learns which."""

    status = 401
    message = _l("The e-mail address or the password is not right.")


class ResetLinkUsed(Gone):
    """The link to set a new password was used, is too old, or was replaced."""

    message = _l("This link was used already or is older than one hour. Ask for a new one.")


@dataclass(frozen=True)
class PasswordChanged(Fact):
    """A person set a new password; their other sessions and their API keys have ended."""

    person_id: UUID


@dataclass(frozen=True)
class PasswordResetAsked(Fact):
    """Somebody asked for a link to set a person's password anew."""

    person_id: UUID


def check_new_password(password: str, email: str, field: str = "password") -> str:
    """The password in the form it is hashed, or a refusal that says what is wrong with it."""
    normal: str = _security._password_util.normalize(password)
    if not SHORTEST <= len(normal) <= LONGEST:
        raise Malformed(field, _l("Choose a password of 10 to 200 characters."))
    if _is_easy(normal.lower(), email.partition("@")[0]):
        raise Malformed(field, _l("This password is among the first that guessers try. Choose another."))
    return normal


def _is_easy(password: str, mailbox: str) -> bool:
    if len(set(password)) < 5:
        return True
    rest = password
    for stem in (mailbox, *COMMON_STEMS):
        if len(stem) >= 4:
            rest = rest.replace(stem, "")
    return sum(character.isalnum() for character in rest) < 6


def set_password(person: Person, password: str, field: str = "password") -> None:
    """Store the hash of a new password after checking it."""
    person.password = hash_password(check_new_password(password, person.email, field))


def person_with_password(email: str, password: str) -> Person:
    """Who signs in with these; an unknown address takes as long and says the same as a wrong password."""
    person = person_with_email(email)
    normal: str = _security._password_util.normalize(password[:LONGEST])
    if person is None or person.password is None or not person.active:
        _security.pwd_context.verify(normal, _nobodys_hash())
        raise WrongCredentials()
    if not verify_and_update_password(normal, person):
        raise WrongCredentials()
    return person


@cache
def _nobodys_hash() -> str:
    hashed: str = hash_password(uuid4().hex)
    return hashed


def confirm_password(actor: Actor, password: str) -> Person:
    """The actor proves again who they are."""
    require(actor.person_id is not None)
    assert actor.person_id is not None
    return person_with_password(find(Person, actor.person_id).email, password)


def change_password(
    actor: Actor, current: str, following: str, session_id: UUID | None, end_keys: bool, now: datetime
) -> Person:
    """Set one's own new password; all other sessions end, and the API keys too if wished."""
    person = confirm_password(actor, current)
    set_password(person, following, field="new_password")
    end_other_sessions(person.id, session_id, now)
    if end_keys:
        revoke_keys_for(person.id, None, now)
    session.flush()
    announce(actor, now, PasswordChanged(person.id))
    return person


def ask_password_reset(email: str, now: datetime) -> None:
    """Have a link sent if the address is known; the answer is the same if it is not."""
    person = person_with_email(email)
    if person is not None and person.active:
        announce(Actor(person_id=person.id, organisation_id=None), now, PasswordResetAsked(person.id))


def reset_token(person: Person) -> str:
    """The secret of a link to set a new password: it dies with the password it replaces."""
    token: str = generate_reset_password_token(person)  # type: ignore[no-untyped-call]  # the library has no types here
    return token


def person_resetting(token: str) -> Person:
    """Who may set a new password with this link: signed by us, an hour old at most, the old password still in force."""
    expired, invalid, data = check_and_get_token_status(token, "reset", RESET_WITHIN)
    key, fingerprint = data if not (expired or invalid) else ("", None)
    person: Person | None = session.scalars(select(Person).where(Person.fs_uniquifier == key)).first()
    if person is None or not person.active:
        raise ResetLinkUsed()
    fits = verify_hash(fingerprint, person.password) if person.password and fingerprint else not person.password
    require(bool(fits), ResetLinkUsed())
    return person


def reset_password(token: str, password: str, now: datetime) -> Person:
    """Set a new password through a link: every session and key of the person ends; the second factor stays."""
    person = find(Person, person_resetting(token).id, lock=True)
    person_resetting(token)
    set_password(person, password)
    person.fs_uniquifier = uuid4().hex
    end_other_sessions(person.id, None, now)
    revoke_keys_for(person.id, None, now)
    session.flush()
    announce(Actor(person_id=person.id, organisation_id=None), now, PasswordChanged(person.id))
    return person

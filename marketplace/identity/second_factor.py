"""The second factor: one-time codes of an authenticator app (RFC 6238), each used once, and single-use recovery codes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_security import Totp
from flask_security.proxies import _security

from marketplace.core.actor import Actor
from marketplace.core.db import find, session
from marketplace.core.errors import NotAllowed, Problem, Refused, require
from marketplace.core.events import Fact, announce
from marketplace.core.i18n import _l
from marketplace.identity.people import Person

WINDOW_SECONDS = 30


class SecondFactorRequired(NotAllowed):
    """Members of this kind of organisation act only after a one-time code."""

    message = _l("Your organisation requires a one-time code. Set up an authenticator app first.")


class WrongCode(Problem):
    """The one-time or recovery code is wrong, too old, or was used before."""

    status = 401
    message = _l("This code is not right, is too old, or was used before. Wait for the next one.")


class SecondFactorExists(Refused):
    """An authenticator app is set up already."""

    message = _l("An authenticator app is set up already.")


class ReplaySafeTotp(Totp):
    """Remembers the last used code of each person, so that a code works once."""

    def get_last_counter(self, user: Any) -> int | None:
        """The time step of the code used last."""
        counter: int | None = user.totp_last_counter
        return counter

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        """Remember the time step of the code used now."""
        user.totp_last_counter = tmatch.counter


@dataclass(frozen=True)
class SecondFactorSetUp(Fact):
    """A person set up an authenticator app."""

    person_id: UUID


@dataclass(frozen=True)
class RecoveryCodeUsed(Fact):
    """A person signed in with one of the recovery codes."""

    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What an authenticator app needs: the picture to scan, or the key to type."""

    image: str
    key: str


def offer_second_factor(actor: Actor) -> Offer:
    """Show a new secret to set up; it counts only once a code made with it was entered."""
    person = find(Person, _person_id(actor), lock=True)
    require(not person.has_second_factor, SecondFactorExists())
    person.totp_offered_secret = person.totp_offered_secret or _totp().generate_totp_secret()
    session.flush()
    values = _totp().fetch_setup_values(person.totp_offered_secret, person)
    return Offer(image=values["image"], key=values["key"])


def set_up_second_factor(actor: Actor, code: str, now: datetime) -> list[str]:
    """Confirm the offered secret with a code; returns the recovery codes, which are shown this once."""
    person = find(Person, _person_id(actor), lock=True)
    require(not person.has_second_factor, SecondFactorExists())
    offered = person.totp_offered_secret
    require(offered is not None and _verify(person, offered, code), WrongCode())
    person.tf_totp_secret, person.totp_offered_secret = offered, None
    codes: list[str] = _security.mf_recovery_codes_util.create_recovery_codes(person)
    session.flush()
    announce(actor, now, SecondFactorSetUp(person.id))
    return codes


def code_is_right(person_id: UUID, code: str, now: datetime) -> bool:
    """Whether this one-time or recovery code is the person's; a right one is used up by asking."""
    person = find(Person, person_id, lock=True)
    if person.tf_totp_secret is None:
        return False
    cleaned = "".join(code.split())
    if _verify(person, person.tf_totp_secret, cleaned):
        session.flush()
        return True
    return _use_recovery_code(person, cleaned.lower(), now)


def _verify(person: Person, secret: str, code: str) -> bool:
    cleaned = "".join(code.split())
    if not (cleaned.isascii() and cleaned.isdigit() and len(cleaned) == 6):
        return False
    return bool(_totp().verify_totp(cleaned, secret, person, window=WINDOW_SECONDS))


def _use_recovery_code(person: Person, code: str, now: datetime) -> bool:
    codes = _security.mf_recovery_codes_util
    if not codes.check_recovery_code(person, code):
        return False
    codes.delete_recovery_code(person, code)
    session.flush()
    announce(Actor(person_id=person.id, organisation_id=None), now, RecoveryCodeUsed(person.id))
    return True


def _totp() -> Totp:
    return _security.totp_factory


def _person_id(actor: Actor) -> UUID:
    require(actor.person_id is not None)
    assert actor.person_id is not None
    return actor.person_id

"""Telling people what happened to their organisation, their membership and their secrets."""

from datetime import datetime
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.identity.api_keys import ApiKeyIssued
from marketplace.identity.credit_flags import CreditFlagMoved
from marketplace.identity.organisations import Organisation, OrganisationKind, find_organisation, organisations_of_kind
from marketplace.identity.passwords import PasswordChanged
from marketplace.identity.people import MemberJoined, MemberRemoved, Person
from marketplace.identity.verification import (
    OrganisationApproved,
    OrganisationReinstated,
    OrganisationReturned,
    OrganisationSubmitted,
    OrganisationSuspended,
)
from marketplace.notices.inbox import tell, tell_person


def _names(organisation: Organisation) -> dict[str, str | None]:
    return {"zh": organisation.name_zh, "en": organisation.name_en}


def _tell(organisation_id: UUID, kind: str, link: str, now: datetime, **more: str) -> None:
    organisation = find_organisation(organisation_id)
    tell(organisation_id, kind, {"organisation": _names(organisation), **more}, link, now)


def tell_operators(_actor: Actor, fact: OrganisationSubmitted, now: datetime) -> None:
    """The operators learn that somebody waits for verification."""
    names = _names(find_organisation(fact.organisation_id))
    link = f"/verifications/{fact.organisation_id}"
    for operator in organisations_of_kind(OrganisationKind.PLATFORM_OPERATOR):
        tell(operator.id, "organisation_submitted", {"organisation": names}, link, now)


def tell_approved(_actor: Actor, fact: OrganisationApproved | OrganisationReinstated, now: datetime) -> None:
    """The organisation learns that it may act."""
    _tell(fact.organisation_id, "organisation_approved", "/organisation", now)


def tell_returned(_actor: Actor, fact: OrganisationReturned, now: datetime) -> None:
    """The organisation learns what to correct."""
    _tell(fact.organisation_id, "organisation_returned", "/organisation", now, reason=fact.reason)


def tell_suspended(_actor: Actor, fact: OrganisationSuspended, now: datetime) -> None:
    """The organisation learns that it was stopped, and why."""
    _tell(fact.organisation_id, "organisation_suspended", "/organisation", now, reason=fact.reason)


def tell_flagged(_actor: Actor, fact: CreditFlagMoved, now: datetime) -> None:
    """The organisation learns when a flag begins or ceases to count against it."""
    if fact.status in ("in_force", "repaired"):
        _tell(fact.organisation_id, f"credit_flag_{fact.status}", "/organisation", now)


def tell_joined(actor: Actor, fact: MemberJoined, now: datetime) -> None:
    """The others learn who joined; founding an organisation is no news to its founder."""
    person = find(Person, fact.person_id)
    told = tell(
        fact.organisation_id,
        "member_joined",
        {"person": person.name, "organisation": _names(find_organisation(fact.organisation_id))},
        "/organisation/members",
        now,
    )
    for notice in told:
        if notice.person_id == actor.person_id:
            notice.read_at = now


def tell_removed(_actor: Actor, fact: MemberRemoved, now: datetime) -> None:
    """The person learns that they are no longer a member."""
    names = _names(find_organisation(fact.organisation_id))
    tell_person(fact.person_id, None, "member_removed", {"organisation": names}, "/account", now)


def tell_key_issued(_actor: Actor, fact: ApiKeyIssued, now: datetime) -> None:
    """Every member learns that a program can now act for the organisation."""
    _tell(fact.organisation_id, "api_key_issued", "/organisation/keys", now, name=fact.name)


def tell_password_changed(_actor: Actor, fact: PasswordChanged, now: datetime) -> None:
    """The person learns that their password was changed, in case it was somebody else."""
    tell_person(fact.person_id, None, "password_changed", {}, "/account/security", now)

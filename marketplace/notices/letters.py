"""Letters that carry a secret link; the link is made when the letter is written and is stored nowhere."""

from datetime import datetime
from uuid import UUID

from flask import current_app

from marketplace.core.actor import Actor
from marketplace.core.db import find
from marketplace.core.i18n import _
from marketplace.core.jobs import enqueue
from marketplace.identity.invitations import Invitation, MemberInvited, invitation_token
from marketplace.identity.organisations import find_organisation
from marketplace.identity.passwords import PasswordResetAsked, reset_token
from marketplace.identity.people import Person, person_with_email
from marketplace.identity.sign_up import sign_up_token
from marketplace.notices.email import absolute_link, mail_in
from marketplace.settings import Settings


def _secret() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.secret_key


def send_invitation_later(_actor: Actor, fact: MemberInvited, _now: datetime) -> None:
    """Have the invitation's letter sent once the invitation stands."""
    enqueue("notices.mail_invitation", invitation_id=str(fact.invitation_id))


def send_reset_later(_actor: Actor, fact: PasswordResetAsked, _now: datetime) -> None:
    """Have the letter with the link for a new password sent."""
    enqueue("notices.mail_reset", person_id=str(fact.person_id))


def mail_invitation(invitation_id: UUID, now: datetime) -> None:
    """Invite somebody by letter, unless the invitation was withdrawn meanwhile."""
    invitation = find(Invitation, invitation_id)
    if not invitation.is_open(now):
        return
    link = absolute_link(f"/invitations/{invitation_token(invitation.id, _secret())}")

    def write() -> tuple[str, str]:
        name = find_organisation(invitation.organisation_id).name
        subject = _("%(organisation)s invites you to the IP marketplace", organisation=name)
        text = _(
            "You are invited to act for %(organisation)s. The link below works once and for seven days.",
            organisation=name,
        )
        return subject, f"{text}\n\n{link}"

    mail_in(invitation.language, invitation.email, write, now)


def mail_sign_up(email: str, language: str, now: datetime) -> None:
    """Send the link to go on, or to somebody we know the hint to sign in; nobody else learns which it was."""
    known = person_with_email(email)

    def write_link() -> tuple[str, str]:
        link = absolute_link(f"/sign-up/{sign_up_token(email, _secret())}")
        text = _("Go on with the link below; it works once and for one day. If you did not ask, do nothing.")
        return _("Your registration at the IP marketplace"), f"{text}\n\n{link}"

    def write_hint() -> tuple[str, str]:
        text = _("Somebody, perhaps you, wanted to register with this address. You have an account already: sign in.")
        return _("You have an account at the IP marketplace"), f"{text}\n\n{absolute_link('/sign-in')}"

    mail_in(known.language if known else language, email, write_hint if known else write_link, now)


def mail_reset(person_id: UUID, now: datetime) -> None:
    """Send the link for a new password."""
    person = find(Person, person_id)
    link = absolute_link(f"/password/new/{reset_token(person)}")

    def write() -> tuple[str, str]:
        text = _(
            "Set a new password with the link below; it works once and for one hour. If you did not ask, do nothing."
        )
        return _("A new password for the IP marketplace"), f"{text}\n\n{link}"

    mail_in(person.language, person.email, write, now)

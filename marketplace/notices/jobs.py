"""Letters are sent by the worker, never inside a request."""

from uuid import UUID

from marketplace.core.clock import now
from marketplace.core.jobs import task
from marketplace.notices import email, letters


@task("notices.mail_notice")
def mail_notice(notice_id: str) -> None:
    """Send one notice."""
    email.mail_notice(UUID(notice_id), now())


@task("notices.mail_invitation")
def mail_invitation(invitation_id: str) -> None:
    """Send one invitation."""
    letters.mail_invitation(UUID(invitation_id), now())


@task("notices.mail_sign_up")
def mail_sign_up(email: str, language: str) -> None:
    """Answer one wish to register."""
    letters.mail_sign_up(email, language, now())


@task("notices.mail_reset")
def mail_reset(person_id: str) -> None:
    """Send one link for a new password."""
    letters.mail_reset(UUID(person_id), now())

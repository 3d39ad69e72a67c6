"""The JSON API of notices."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, signed_in
from marketplace.notices import inbox, jobs
from marketplace.notices.schemas import InboxIn, InboxOut, MailIn, MailOut, NoticeOut

api = APIBlueprint("notices_api", __name__, url_prefix="/api/v1", tag="notices")


@api.get("/notices")
@signed_in
@api.input(InboxIn, location="query", arg_name="page")
@api.output(InboxOut)
def list_notices(page: dict[str, Any]) -> dict[str, Any]:
    """What I was told, newest first."""
    return inbox.inbox_page(current_actor(), page["limit"], page["after"])


@api.post("/notices/<uuid:notice_id>/read")
@signed_in
@idempotent
@api.output(NoticeOut)
def read_notice(notice_id: UUID) -> Any:
    """Mark one notice read."""
    return inbox.read_notice(current_actor(), notice_id, now())


@api.put("/notices/mail")
@signed_in
@api.input(MailIn, arg_name="wish")
@api.output(MailOut)
def choose_mail(wish: dict[str, Any]) -> Any:
    """Turn notices by e-mail on or off."""
    return inbox.choose_mail(current_actor(), wish["wants_mail"])


__all__ = ["api", "jobs"]

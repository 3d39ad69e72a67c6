"""The pages of notices."""

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for

from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.http import current_actor, page_form, signed_in
from marketplace.core.i18n import _, _l
from marketplace.notices import inbox
from marketplace.notices.schemas import MailForm

pages = Blueprint("notices", __name__, template_folder="templates")


def _cursor() -> UUID | None:
    try:
        return UUID(request.args["after"]) if request.args.get("after") else None
    except ValueError as error:
        raise Malformed("after", _l("This is not a cursor.")) from error


@pages.get("/inbox")
@signed_in
def inbox_page() -> str:
    """What the reader was told."""
    actor = current_actor()
    page = inbox.inbox_page(actor, 50, _cursor())
    wants_mail = actor.person_id is not None and inbox.wants_mail(actor.person_id)
    return render_template("notices/inbox.html", page=page, wants_mail=wants_mail)


@pages.post("/inbox/<uuid:notice_id>")
@signed_in
def open_notice(notice_id: UUID) -> Any:
    """Mark a notice read and go to what it is about."""
    return redirect(inbox.read_notice(current_actor(), notice_id, now()).link, code=303)


@pages.post("/inbox/read")
@signed_in
def read_everything() -> Any:
    """Mark everything read."""
    inbox.read_everything(current_actor(), now())
    return redirect(url_for("notices.inbox_page"), code=303)


@pages.post("/inbox/mail")
@signed_in
def choose_mail() -> Any:
    """Turn letters on or off."""
    inbox.choose_mail(current_actor(), page_form(MailForm)["wants_mail"] == "yes")
    flash(_("Saved."), "good")
    return redirect(url_for("notices.inbox_page"), code=303)

"""The pages of audit."""

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request
from marshmallow import ValidationError

from marketplace.audit import sealing, trail
from marketplace.audit.acts import act_in_words, way_in_words
from marketplace.audit.receipts import issue_receipt
from marketplace.audit.schemas import TrailIn, listed
from marketplace.audit.time_stamping import stamps_of
from marketplace.core.clock import now
from marketplace.core.errors import Malformed
from marketplace.core.fields import flat_errors
from marketplace.core.http import current_actor, public, signed_in
from marketplace.identity.organisations import names_of

pages = Blueprint("audit", __name__, template_folder="templates")
pages.add_app_template_filter(act_in_words, "act")
pages.add_app_template_filter(way_in_words, "way")


def _filters() -> dict[str, Any]:
    given = {name: value for name, value in request.args.items() if value and name != "lang"}
    try:
        loaded: dict[str, Any] = TrailIn().load(given)
    except ValidationError as error:
        raise Malformed(errors=flat_errors(error.messages_dict)) from error
    return loaded


@pages.get("/audit")
@signed_in
def trail_page() -> str:
    """The trail: one's own organisation's acts, or all of them for auditors and operators."""
    chosen, actor = _filters(), current_actor()
    page = trail.trail_page(actor, listed(chosen), chosen["limit"], chosen["after"], now())
    names = names_of({event.organisation_id for event in page["items"] if event.organisation_id})
    return render_template("audit/trail.html", page=page, names=names, chosen=chosen, kinds=trail.known_kinds())


@pages.get("/audit/events/<uuid:event_id>")
@signed_in
def event_page(event_id: UUID) -> str:
    """One event, what was recorded, and its place in the chain."""
    event = trail.find_event(current_actor(), event_id)
    names = names_of([event.organisation_id] if event.organisation_id else [])
    return render_template("audit/event.html", event=event, names=names, leaf=sealing.leaf_of(event_id))


@pages.get("/audit/events/<uuid:event_id>/receipt.json")
@signed_in
def receipt_file(event_id: UUID) -> Response:
    """The receipt as a file."""
    receipt = issue_receipt(current_actor(), event_id, now())
    content = json.dumps(receipt, ensure_ascii=False, indent=1)
    headers = {"Content-Disposition": f'attachment; filename="receipt-{event_id}.json"'}
    return Response(content, content_type="application/json; charset=utf-8", headers=headers)


@pages.get("/audit/blocks")
@public
def blocks_page() -> str:
    """The published hashes of the sealed blocks, and how to check a receipt."""
    blocks = sealing.newest_blocks(50)
    return render_template("audit/blocks.html", blocks=blocks, stamps=stamps_of(block.number for block in blocks))

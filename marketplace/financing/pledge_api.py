"""The JSON API of what the register is shown of a pledge, and what it entered later."""

from typing import Any
from uuid import UUID

from flask import Response

from marketplace.core.clock import now
from marketplace.core.errors import NotFound
from marketplace.core.http import current_actor, idempotent, signed_in
from marketplace.financing import office_entries, pledge_packs, pledges
from marketplace.financing import schemas as s
from marketplace.financing.api_blueprint import api
from marketplace.financing.filing_papers import FilingAct


@api.get("/pledges/<uuid:pledge_id>/filing-packs/<act>")
@signed_in
def filing_pack(pledge_id: UUID, act: str) -> Response:
    """The archive for one act before the register: registration, extension or cancellation."""
    if act not in list(FilingAct):
        raise NotFound()
    content = pledge_packs.filing_pack(current_actor(), pledge_id, FilingAct(act), now())
    headers = {"Content-Disposition": f'attachment; filename="pledge-{act}.zip"'}
    return Response(content, content_type="application/zip", headers=headers)


@api.get("/pledges/<uuid:pledge_id>/entries")
@signed_in
@api.output(s.OfficeEntriesOut)
def show_entries(pledge_id: UUID) -> Any:
    """What the register entered about a pledge after its registration."""
    return {"items": office_entries.entries_of(pledges.pledge_for_party(current_actor(), pledge_id).id)}


@api.post("/pledges/<uuid:pledge_id>/entries")
@signed_in
@idempotent
@api.input(s.OfficeEntryIn, arg_name="given")
@api.output(s.OfficeEntryOut, status_code=201)
def record_entry(pledge_id: UUID, given: dict[str, Any]) -> Any:
    """Record an amendment, a longer term or the cancellation with the register's number and day."""
    return office_entries.record_entry(
        current_actor(), pledge_id, given["kind"], given["number"], given["entered_on"], now()
    )

"""The JSON API of web."""

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import UUID, DateTime, String

from marketplace.core.clock import now
from marketplace.core.http import current_actor, idempotent, needs
from marketplace.web.licences import LicenceIn, upload_licence

api = APIBlueprint("web_api", __name__, url_prefix="/api/v1", tag="web")


class LicenceOut(Schema):
    """A licence document as it was noted."""

    file_id = UUID()
    file_name = String()
    kind = String()
    added_at = DateTime()


@api.post("/organisation/documents")
@needs("org.manage")
@idempotent
@api.input(LicenceIn, location="form_and_files", arg_name="given")
@api.output(LicenceOut, status_code=201)
def add_licence_document(given: dict[str, Any]) -> Any:
    """Add a licence document for the verification of one's organisation."""
    return upload_licence(current_actor(), given["file"], given["kind"], now())

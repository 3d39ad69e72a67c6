"""Uploading a licence: the documents room keeps the file, identity notes it for the verification."""

from datetime import datetime

from apiflask.fields import Enum, Raw
from werkzeug.datastructures import FileStorage

from marketplace.core.actor import Actor
from marketplace.core.errors import Malformed, require
from marketplace.core.fields import StrictSchema
from marketplace.core.i18n import _l
from marketplace.documents.files import store_file
from marketplace.identity.verification import LicenceDocument, LicenceKind, add_licence_document

LICENCE_PURPOSE = "licence"


class LicenceIn(StrictSchema):
    """A licence document."""

    file = Raw(required=True, metadata={"type": "string", "format": "binary"})
    kind = Enum(LicenceKind, by_value=True, load_default=LicenceKind.BUSINESS_LICENCE)


class LicenceForm(StrictSchema):
    """The fields beside the file on the page."""

    kind = Enum(LicenceKind, by_value=True, load_default=LicenceKind.BUSINESS_LICENCE)


def upload_licence(actor: Actor, upload: FileStorage | None, kind: LicenceKind, now: datetime) -> LicenceDocument:
    """Keep the uploaded file and give it as proof for one's own organisation's verification."""
    require(actor.may("org.manage"))
    content = upload.read() if upload is not None else b""
    require(upload is not None and bool(content), Malformed("file", _l("Choose a file.")))
    assert upload is not None
    file = store_file(actor, content, upload.filename or "file", LICENCE_PURPOSE, now)
    return add_licence_document(actor, file.id, file.name, kind, now)

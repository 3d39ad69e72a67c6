"""What the data-room routes take and answer."""

from apiflask.fields import UUID, Boolean, DateTime, Integer, List, Nested, Raw, String
from apiflask.validators import OneOf

from marketplace.core.fields import StrictSchema
from marketplace.documents.data_rooms import RoomLevel

LEVELS = OneOf([level.value for level in RoomLevel])


class DocumentIn(StrictSchema):
    """A document for the room."""

    file = Raw(required=True, metadata={"type": "string", "format": "binary"})
    level = String(load_default=RoomLevel.VIEW.value, validate=LEVELS)


class DocumentForm(StrictSchema):
    """A document's level as typed; the file comes beside it."""

    level = String(required=True, validate=LEVELS)


class PermissionIn(StrictSchema):
    """What one organisation, or every reader, may do with a document, and until when."""

    level = String(required=True, validate=LEVELS)
    organisation_id = UUID(load_default=None)
    expires_at = DateTime(load_default=None, format="iso")


class AccessIn(StrictSchema):
    """Whether an organisation may enter, and until when."""

    open = Boolean(required=True)
    expires_at = DateTime(load_default=None, format="iso")


class AccessForm(StrictSchema):
    """Open or closed, as the button says."""

    open = String(required=True, validate=OneOf(["yes", "no"]))


class DocumentOut(StrictSchema):
    """One document as its reader sees it."""

    id = UUID()
    name = String()
    pages = Integer()
    level = String()


class RoomOut(StrictSchema):
    """A data room as its reader sees it."""

    id = UUID()
    subject_id = UUID()
    owner_id = UUID()
    documents = List(Nested(DocumentOut))


class AccessOut(StrictSchema):
    """An organisation's way into a room."""

    room_id = UUID()
    organisation_id = UUID()
    envelope_id = UUID()
    admitted_at = DateTime(allow_none=True)
    expires_at = DateTime(allow_none=True)
    revoked_at = DateTime(allow_none=True)


class ReadingOut(StrictSchema):
    """One page or copy somebody was given."""

    document_id = UUID()
    organisation_id = UUID()
    person_id = UUID(allow_none=True)
    act = String()
    page = Integer(allow_none=True)
    mark = String()
    read_at = DateTime()


class ReadingsOut(StrictSchema):
    """The log of a room, newest first."""

    items = List(Nested(ReadingOut))

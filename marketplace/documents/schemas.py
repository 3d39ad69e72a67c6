"""What comes in and goes out for files and signatures."""

from apiflask.fields import UUID, DateTime, Integer, List, Nested, Raw, String
from apiflask.validators import Length

from marketplace.core.fields import StrictSchema


class FileIn(StrictSchema):
    """An upload."""

    file = Raw(required=True, metadata={"type": "string", "format": "binary"})
    purpose = String(load_default="document", validate=Length(1, 60))


class FileOut(StrictSchema):
    """What is known about a stored file."""

    id = UUID()
    name = String()
    media_type = String()
    size = Integer()
    sha256 = String()
    purpose = String()
    stored_at = DateTime()


class SignatoryOut(StrictSchema):
    """One signatory's place and act."""

    organisation_id = UUID()
    position = Integer()
    signed_at = DateTime(allow_none=True)
    declined_at = DateTime(allow_none=True)
    hash_before = String(allow_none=True)
    hash_after = String(allow_none=True)
    receipt_event_id = UUID(allow_none=True)


class EnvelopeOut(StrictSchema):
    """A file laid out for signing."""

    id = UUID()
    file_id = UUID()
    status = String()
    opened_at = DateTime()
    expires_at = DateTime()
    sealed_file_id = UUID(allow_none=True)
    certificate_file_id = UUID(allow_none=True)
    stamped_file_id = UUID(allow_none=True)
    signatories = List(Nested(SignatoryOut))


class DeclineIn(StrictSchema):
    """Why somebody does not sign."""

    reason = String(required=True, validate=Length(3, 1000))


class SignIn(StrictSchema):
    """The signatory's word that they have read the file."""

    agreed = String(required=True, validate=Length(2, 5))

"""What goes into and out of the inbox."""

from apiflask import Schema
from apiflask.fields import UUID, Boolean, DateTime, Integer, List, Nested, String
from apiflask.validators import OneOf, Range

from marketplace.core.fields import StrictSchema


class InboxIn(StrictSchema):
    """Where the list goes on."""

    after = UUID(load_default=None)
    limit = Integer(load_default=50, validate=Range(1, 200))


class MailIn(StrictSchema):
    """Whether notices also come by e-mail."""

    wants_mail = Boolean(required=True)


class MailForm(StrictSchema):
    """The same as a checkbox."""

    wants_mail = String(load_default="", validate=OneOf(["", "yes"]))


class MailOut(Schema):
    """The wish as it stands."""

    wants_mail = Boolean()


class NoticeOut(Schema):
    """One notice in the caller's language."""

    id = UUID()
    kind = String()
    subject = String(attribute="words.subject")
    text = String(attribute="words.text")
    link = String()
    told_at = DateTime()
    read_at = DateTime()


class InboxOut(Schema):
    """Notices, newest first, and how many are unread."""

    items = List(Nested(NoticeOut))
    unread = Integer()
    next = UUID()

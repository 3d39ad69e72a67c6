"""What goes into and out of identity."""

from typing import Any

from apiflask import Schema
from apiflask.fields import UUID, Boolean, Date, DateTime, Email, Enum, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range
from marshmallow import post_load

from marketplace.core.fields import AmountField, MoneyField, StrictSchema
from marketplace.core.i18n import LANGUAGES
from marketplace.identity.credit_flags import DishonestAct
from marketplace.identity.identifiers import IdentifierKind
from marketplace.identity.organisations import OrganisationKind, OrganisationStatus, Registration
from marketplace.identity.roles import Role

ADDRESS = Length(max=254)
SECRET = Length(min=1, max=1000)
OPEN_KINDS = [kind for kind in OrganisationKind if kind is not OrganisationKind.PLATFORM_OPERATOR]


class SignInIn(StrictSchema):
    """Who signs in; the code only if the person uses an authenticator app."""

    email = String(required=True, validate=ADDRESS)
    password = String(required=True, validate=SECRET)
    code = String(load_default="", validate=Length(max=40))


class SignInForm(StrictSchema):
    """The sign-in form."""

    email = String(required=True, validate=ADDRESS)
    password = String(required=True, validate=SECRET)
    next = String(load_default="", validate=Length(max=2000))


class CodeForm(StrictSchema):
    """A one-time or recovery code."""

    code = String(required=True, validate=Length(min=1, max=40))


class AgainForm(StrictSchema):
    """The password again, and the code if the person uses one."""

    password = String(required=True, validate=SECRET)
    code = String(load_default="", validate=Length(max=40))
    next = String(load_default="", validate=Length(max=2000))


class EmailIn(StrictSchema):
    """One e-mail address."""

    email = Email(required=True, validate=ADDRESS)


class NewPersonIn(StrictSchema):
    """A person who proved their address."""

    name = String(required=True, validate=Length(min=1, max=200))
    password = String(required=True, validate=SECRET)


class NewPersonWithLinkIn(NewPersonIn):
    """A person who proved their address by the letter's link."""

    token = String(required=True, validate=Length(max=1000))


class NewPasswordForm(StrictSchema):
    """A new password."""

    password = String(required=True, validate=SECRET)


class ChangePasswordIn(StrictSchema):
    """The password in force and the one to come."""

    password = String(required=True, validate=SECRET)
    new_password = String(required=True, validate=SECRET)
    end_keys = String(load_default="", validate=OneOf(["", "yes"]))


class ProfileIn(StrictSchema):
    """How the person is called and spoken to."""

    name = String(required=True, validate=Length(min=1, max=200))
    language = String(required=True, validate=OneOf(LANGUAGES))


class RegistrationIn(StrictSchema):
    """What an organisation says of itself."""

    kind = Enum(OrganisationKind, by_value=True, required=True, validate=OneOf(OPEN_KINDS))
    identifier_kind = Enum(IdentifierKind, by_value=True, load_default=IdentifierKind.CREDIT_CODE)
    credit_code = String(required=True, validate=Length(min=1, max=80))
    name_zh = String(load_default=None, validate=Length(max=300), allow_none=True)
    name_en = String(load_default=None, validate=Length(max=300), allow_none=True)
    country = String(load_default="CN", validate=Length(equal=2))
    region = String(load_default=None, validate=Length(max=80), allow_none=True)
    controller_code = String(load_default=None, validate=Length(max=80), allow_none=True)

    @post_load
    def as_registration(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """One object for the use case."""
        return {"registration": Registration(number=data.pop("credit_code"), **data)}


class OrganisationOut(Schema):
    """An organisation as its members and the operator see it."""

    id = UUID()
    kind = Enum(OrganisationKind, by_value=True)
    status = Enum(OrganisationStatus, by_value=True)
    status_reason = String()
    identifier_kind = Enum(IdentifierKind, by_value=True)
    credit_code = String()
    name_zh = String()
    name_en = String()
    country = String()
    region = String()
    submitted_at = DateTime()
    decided_at = DateTime()
    four_eyes_limit = MoneyField()


class OrganisationsOut(Schema):
    """A list of organisations."""

    items = List(Nested(OrganisationOut))


class QueueIn(StrictSchema):
    """Which part of the operator's queue."""

    status = Enum(OrganisationStatus, by_value=True, load_default=OrganisationStatus.SUBMITTED)


class ReasonIn(StrictSchema):
    """Why something is returned or stopped."""

    reason = String(required=True, validate=Length(min=3, max=1000))


class DecisionIn(StrictSchema):
    """An authority's decision against an organisation."""

    credit_code = String(required=True, validate=Length(min=5, max=40))
    act = Enum(DishonestAct, by_value=True, required=True)
    authority = String(required=True, validate=Length(min=2, max=200))
    decision_number = String(required=True, validate=Length(min=1, max=100))
    decided_on = Date(required=True)
    ends_on = Date(load_default=None)
    source = String(required=True, validate=Length(min=4, max=500))


class FlagOut(Schema):
    """One credit flag."""

    id = UUID()
    organisation_id = UUID()
    act = Enum(DishonestAct, by_value=True)
    status = String()
    authority = String()
    decision_number = String()
    decided_on = Date()
    ends_on = Date()
    source = String()
    ended_reason = String()


class FlagsOut(Schema):
    """Credit flags, newest first."""

    items = List(Nested(FlagOut))


class EmptyIn(StrictSchema):
    """An act without particulars."""


class LimitIn(StrictSchema):
    """Above which amount a second person must agree; nothing means every amount."""

    limit = MoneyField(load_default=None, allow_none=True)


class LimitForm(StrictSchema):
    """The same as typed into the page, in yuan."""

    limit = AmountField(load_default=None, allow_none=True, allow_zero=True)


class InvitationIn(StrictSchema):
    """Who is invited, and as what."""

    email = Email(required=True, validate=ADDRESS)
    role = Enum(Role, by_value=True, required=True)


class InvitationOut(Schema):
    """An open invitation."""

    id = UUID()
    email = String()
    role = Enum(Role, by_value=True)
    sent_at = DateTime()
    expires_at = DateTime()


class RoleIn(StrictSchema):
    """A member's role."""

    role = Enum(Role, by_value=True, required=True)


class MemberOut(Schema):
    """A member as the others of the organisation see them."""

    person_id = UUID()
    name = String()
    email = String()
    role = Enum(Role, by_value=True)
    second_factor = Boolean()


class MembersOut(Schema):
    """The members and the open invitations of an organisation."""

    items = List(Nested(MemberOut))
    invitations = List(Nested(InvitationOut))


class ContextIn(StrictSchema):
    """Which organisation to act for."""

    organisation_id = UUID(required=True)


class KeyIn(StrictSchema):
    """What a key is for and how long it lasts."""

    scopes = List(String(validate=Length(max=40)), required=True, validate=Length(min=1, max=40))
    days = Integer(load_default=90, validate=Range(1, 365))


class KeyForm(KeyIn):
    """The same with the key's name, as the page sends it."""

    name = String(required=True, validate=Length(min=1, max=80))


class KeyOut(Schema):
    """A key as it is listed: never its secret."""

    id = UUID()
    name = String()
    prefix = String()
    scopes = List(String())
    issued_at = DateTime()
    expires_at = DateTime()
    used_at = DateTime()


class NewKeyOut(KeyOut):
    """A key with its secret, shown this once."""

    key = String()


class KeysOut(Schema):
    """The keys of an organisation."""

    items = List(Nested(KeyOut))


class SessionOut(Schema):
    """One place where the person is signed in."""

    id = UUID()
    browser = String()
    address = String()
    started_at = DateTime()
    seen_at = DateTime()
    organisation_id = UUID()
    current = Boolean()


class SessionsOut(Schema):
    """Everywhere the person is signed in."""

    items = List(Nested(SessionOut))


class MeOut(Schema):
    """Who is asking, as the marketplace sees them."""

    person_id = UUID()
    organisation_id = UUID()
    organisation_kind = String()
    permissions = List(String())
    approved = Boolean()
    second_factor = Boolean()
    via = String()
    csrf_token = String(
        metadata={"description": "Send it as X-CSRFToken with every change made by the session cookie."}
    )

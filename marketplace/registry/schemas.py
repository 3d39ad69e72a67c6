"""What goes into and comes out of the register's API."""

from datetime import UTC
from typing import Any

from apiflask import Schema
from apiflask.fields import UUID, AwareDateTime, Boolean, Date, DateTime, Dict, File, Function, Integer, List, String
from apiflask.validators import Length, OneOf
from marshmallow import post_load

from marketplace.core.fields import StrictSchema
from marketplace.registry.consents import CONSENT_ACTS
from marketplace.registry.offices.reading import FORMATS
from marketplace.registry.owner_names import NameVerdict
from marketplace.registry.rules import OFFICES, RIGHTS
from marketplace.registry.weighing import INSTRUMENT_KINDS


class ImportIn(StrictSchema):
    """A file of rights."""

    file = File(required=True)  # type: ignore[no-untyped-call]  # the field is untyped in APIFlask
    format = String(load_default="auto", validate=OneOf(FORMATS))


class ImportOut(Schema):
    """An import and its report."""

    id = UUID()
    file_name = String()
    status = Function(lambda run: run.status.value)
    rows_read = Integer()
    rows_total = Integer()
    claimed = Integer()
    report = Dict()
    started_at = DateTime()


class AssetOut(Schema):
    """One right of the register, in short."""

    id = UUID()
    office = String()
    number = String()
    kind_code = String()
    kind = Function(lambda asset: asset.kind.value)
    status = Function(lambda asset: asset.status.value)
    status_on = Date()
    status_source = String()
    titles = Dict()
    application_date = Date()
    grant_date = Date()
    expires_on = Date()
    ipc = List(String())
    cpc = List(String())


class AsOfIn(StrictSchema):
    """The day whose knowledge is asked for."""

    as_of = Date(load_default=None)
    known_at = AwareDateTime(load_default=None, default_timezone=UTC)


class InstrumentIn(StrictSchema):
    """A proposed act on a right."""

    kind = String(required=True, validate=OneOf(INSTRUMENT_KINDS))
    exclusivity = String(load_default=None, validate=OneOf(("exclusive", "sole", "non_exclusive")))
    territory = List(String(validate=Length(max=8)), load_default=list, validate=Length(max=300))
    fields_of_use = List(String(validate=Length(max=300)), load_default=list, validate=Length(max=50))
    begins_on = Date(load_default=None)
    ends_on = Date(load_default=None)
    subject_to_earlier = Boolean(load_default=False)
    under = String(load_default="", validate=Length(max=300))


class RulesIn(StrictSchema):
    """Which rules of law are asked for."""

    on = Date(load_default=None)
    office = String(load_default="", validate=OneOf(("", *OFFICES)))
    right = String(load_default="", validate=OneOf(("", *sorted(set(RIGHTS.values())))))
    q = String(load_default="", validate=Length(max=80))


class ClaimIn(StrictSchema):
    """Why the office's owner name is the organisation's own."""

    reason = String(load_default="", validate=Length(max=1000))
    document_id = UUID(load_default=None, allow_none=True)


class ClaimOut(Schema):
    """A claim to an office's owner name."""

    id = UUID()
    asset_id = UUID()
    organisation_id = UUID()
    office_name = String()
    reason = String()
    document_id = UUID(allow_none=True)
    status = Function(lambda claim: claim.status.value)


class DecisionIn(StrictSchema):
    """The operator's decision."""

    accept = Boolean(required=True)


class ConsentIn(StrictSchema):
    """What a pledgee or co-owner agrees to."""

    act = String(required=True, validate=OneOf(CONSENT_ACTS))


class ConsentOut(Schema):
    """A recorded consent."""

    id = UUID()
    asset_id = UUID()
    encumbrance_id = UUID(allow_none=True)
    kind = String()
    act = String()
    given_at = DateTime()


class EncumbranceIn(StrictSchema):
    """A burden that an office has recorded."""

    kind = String(
        required=True, validate=OneOf(("pledge", "preservation", "ownership_dispute", "invalidation_proceedings"))
    )
    holder_name = String(load_default="", validate=Length(max=500))
    begins_on = Date(required=True)
    ends_on = Date(load_default=None)
    reference = String(required=True, validate=Length(min=1, max=300))


class EncumbranceChangeIn(StrictSchema):
    """What an office recorded of a burden that stands."""

    act = String(required=True, validate=OneOf(("transfer", "amendment", "renewal", "release", "annulment")))
    on = Date(required=True)
    reference = String(required=True, validate=Length(min=1, max=300))
    holder_name = String(load_default="", validate=Length(max=500))
    ends_on = Date(load_default=None)


class EncumbranceOut(Schema):
    """A burden on a right."""

    id = UUID()
    asset_id = UUID()
    kind = Function(lambda burden: burden.kind.value)
    holder_name = String()
    begins_on = Date()
    ends_on = Date(allow_none=True)
    rank = Integer(allow_none=True)
    reference = String()
    follows_id = UUID(allow_none=True)
    lifted_on = Date(allow_none=True)
    annulled_at = DateTime(allow_none=True)


class NothingIn(StrictSchema):
    """No fields."""


class UploadForm(StrictSchema):
    """The import form; the file itself travels beside it."""

    format = String(load_default="auto", validate=OneOf(FORMATS))


class ClaimForm(StrictSchema):
    """The claim form."""

    reason = String(load_default="", validate=Length(max=1000))


class DecisionForm(StrictSchema):
    """The operator's button."""

    decision = String(required=True, validate=OneOf(("accept", "reject")))


class NameDecisionIn(StrictSchema):
    """What was decided of two owner names; «open» takes an earlier decision back."""

    verdict = String(required=True, validate=OneOf(("same", "different", "open")))
    reason = String(required=True, validate=Length(3, 1000))

    @post_load
    def _read_verdict(self, data: dict[str, Any], **_given: Any) -> dict[str, Any]:
        verdict = None if data["verdict"] == "open" else NameVerdict(data["verdict"])
        return {"verdict": verdict, "reason": data["reason"]}


class NamePairsIn(StrictSchema):
    """Which pairs of owner names are asked for."""

    decided = Boolean(load_default=False)


class NamePairOut(Schema):
    """Two owner names that are probably one party, and what was decided."""

    id = UUID(attribute="pair.id")
    name_one = String(attribute="pair.name_one")
    name_two = String(attribute="pair.name_two")
    score = Integer(attribute="pair.score")
    reasons = List(String(), attribute="pair.reasons")
    rights_one = Integer()
    rights_two = Integer()
    verdict = Function(lambda row: row.decision.verdict.value if row.decision else None)
    reason = Function(lambda row: row.decision.reason if row.decision else None)
    decided_at = Function(lambda row: row.decision.known_from.isoformat() if row.decision else None)


class ConsentForm(StrictSchema):
    """The pledgee's button."""

    act = String(required=True, validate=OneOf(CONSENT_ACTS))


def short(asset: Any) -> dict[str, Any]:
    """An asset in short form."""
    shown: dict[str, Any] = AssetOut().dump(asset)
    return shown


def deadline_json(item: Any) -> dict[str, Any]:
    """A fee with its window, surcharge and way back."""
    return {
        "year": item.fee.year,
        "opens_on": item.opens_on.isoformat() if item.opens_on else None,
        "due_on": item.fee.due_on.isoformat(),
        "grace_until": item.fee.grace_until.isoformat(),
        "amount": _money(item.fee.amount),
        "surcharge": _money(item.surcharge),
        "restoration": item.restoration.value,
        "state": item.fee.state.value,
    }


def _money(amount: Any) -> dict[str, str] | None:
    return {"amount": amount.format(), "currency": amount.currency} if amount else None

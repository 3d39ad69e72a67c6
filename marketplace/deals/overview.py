"""What a reader sees of a deal: the checklist with who, what, by when and which document, and the next step."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from marketplace.core.actor import Actor
from marketplace.core.i18n import _
from marketplace.deals import policy
from marketplace.deals.closing import ClosingStep, recordal_due_on, steps_of
from marketplace.deals.deals import OVER, Deal, DealStatus, deals_of, find_deal, open_deals
from marketplace.deals.filing_packs import as_json, filing_pack
from marketplace.deals.recordal import FILED, PROVEN
from marketplace.deals.settlement import DEPOSIT, collections_of, held, planned_release
from marketplace.deals.step_words import STEP_NAMES, STEP_REASONS
from marketplace.documents.evidence import evidence_for
from marketplace.documents.signatures import Envelope, find_envelope
from marketplace.payments.collections import Collection, CollectionStatus
from marketplace.registry.assets import find_asset

S = DealStatus
ORDER = (S.SIGNING, S.AWAITING_FUNDS, S.FUNDS_HELD, S.RECORDAL_FILED, S.RECORDAL_PROVEN, S.RELEASED)


@dataclass(frozen=True)
class Line:
    """One line of the checklist."""

    code: str
    title: str
    who: str
    state: str
    due: date | datetime | None = None
    reason: str = ""
    file_ids: tuple[UUID, ...] = ()
    subject_id: UUID | None = None
    needs_document: bool = False
    mine: bool = False


def deal_view(actor: Actor, deal_id: UUID) -> dict[str, Any]:
    """A deal with its steps, payments, held money and planned release, for its sides and the platform."""
    deal = find_deal(actor, deal_id)
    asset = find_asset(deal.asset_id)
    pack = filing_pack(deal.kind, asset.kind, asset.office)
    return {
        "deal": deal,
        "filing_pack": as_json(pack) if pack else None,
        "steps": steps_of(deal.id),
        "payments": collections_of(deal),
        "held": held(deal),
        "release": planned_release(deal).lines,
    }


def checklist(actor: Actor, deal: Deal, names: dict[UUID, str]) -> list[Line]:
    """Every step from signing to release, done, due now, or later."""
    envelope = find_envelope(actor, deal.envelope_id) if deal.envelope_id else None
    lines = _signing_lines(actor, deal, envelope, names)
    lines += [_payment_line(actor, deal, one, names) for one in collections_of(deal)]
    lines += [_step_line(actor, deal, step, names) for step in steps_of(deal.id)]
    return lines + _office_lines(actor, deal)


def _state(deal: Deal, at: DealStatus, done: bool = False) -> str:
    if deal.status in (S.CANCELLED, S.REFUNDED, S.REFUNDING) and not done:
        return "off"
    if done or deal.status not in ORDER:
        return "done"
    place, wanted = ORDER.index(deal.status), ORDER.index(at)
    return "done" if place > wanted else "now" if place == wanted else "later"


def _signing_lines(actor: Actor, deal: Deal, envelope: Envelope | None, names: dict[UUID, str]) -> list[Line]:
    if envelope is None:
        return []
    lines = []
    for place in envelope.signatories:
        mine = place.organisation_id == actor.organisation_id and place is envelope.next_signatory
        state = "done" if place.signed_at else _state(deal, S.SIGNING)
        if state == "now" and place is not envelope.next_signatory:
            state = "later"
        who = names.get(place.organisation_id, "")
        files = (envelope.sealed_file_id or envelope.file_id,)
        lines.append(Line("sign", _("Sign the contract"), who, state, envelope.expires_at, "", files, mine=mine))
    return lines


def _payment_line(actor: Actor, deal: Deal, payment: Collection, names: dict[UUID, str]) -> Line:
    paid = payment.status is CollectionStatus.COLLECTED
    title = _("Pay the earnest money") if payment.purpose == DEPOSIT else _("Pay the balance")
    mine = actor.organisation_id == deal.buyer_id
    due = deal.due_at if deal.status is S.AWAITING_FUNDS else None
    state = _state(deal, S.AWAITING_FUNDS, paid)
    return Line("pay", title, names.get(deal.buyer_id, ""), state, due, "", (), payment.id, mine=mine)


def _step_line(actor: Actor, deal: Deal, step: ClosingStep, names: dict[UUID, str]) -> Line:
    return Line(
        code=step.code.value,
        title=str(STEP_NAMES[step.code.value]),
        who=names.get(step.responsible_id, "") if step.responsible_id else "",
        state=_state(deal, S.FUNDS_HELD, step.done_at is not None),
        due=step.due_on,
        reason=str(STEP_REASONS[step.code.value]),
        file_ids=(step.file_id,) if step.file_id else (),
        subject_id=step.id,
        needs_document=step.needs_document,
        mine=actor.organisation_id == step.responsible_id,
    )


def _office_lines(actor: Actor, deal: Deal) -> list[Line]:
    documents = evidence_for(deal.id)
    filed = tuple(one.file_id for one in documents if one.kind == FILED)
    proven = tuple(one.file_id for one in documents if one.kind == PROVEN)
    ready = all(step.done_at for step in steps_of(deal.id))
    filing = _state(deal, S.FUNDS_HELD)
    side = actor.organisation_id in (deal.seller_id, deal.buyer_id)
    platform = policy.is_platform(actor)
    due = recordal_due_on(deal, deal.opened_at.date())
    both, operator = _("Both sides"), _("Platform operator")
    return [
        Line("file", _("File the recordal with the office"), both, filing if ready or filing != "now" else "later",
             due, "", filed, mine=side),
        Line("prove", _("Upload the office's proof of recordal"), both,
             _state(deal, S.RECORDAL_FILED, bool(proven)), None, "", proven, mine=side),
        Line("confirm", _("Check the proof against the register"), operator,
             _state(deal, S.RECORDAL_FILED) if proven else _later(deal), None, "", (), mine=platform),
        Line("release", _("Release the money and enter the change in the register"), operator,
             _state(deal, S.RECORDAL_PROVEN), deal.due_at if deal.status is S.RECORDAL_PROVEN else None, "", (),
             mine=platform),
    ]  # fmt: skip


def _later(deal: Deal) -> str:
    return "later" if _state(deal, S.RECORDAL_FILED) == "now" else _state(deal, S.RECORDAL_FILED)


def next_step(actor: Actor, deal: Deal, names: dict[UUID, str]) -> Line | None:
    """The first line that is due now, the reader's own before another's."""
    if deal.status in OVER:
        return None
    due = [line for line in checklist(actor, deal, names) if line.state == "now"]
    return next((line for line in due if line.mine), due[0] if due else None)


def board(actor: Actor) -> list[Deal]:
    """The reader's deals; the operator sees every deal under way."""
    return open_deals() if policy.is_platform(actor) else deals_of(actor.organisation_id)

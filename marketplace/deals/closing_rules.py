"""Which steps a closing needs, decided from the facts of the right and the parties; pure, without a database."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from marketplace.core.errors import Refused, require
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.deals.deals import Deal, DealStatus
from marketplace.deals.terms import DealKind
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.registry.assets import PATENT_KINDS, AssetKind

INSTITUTION_WORDS = ("大学", "学院", "研究所", "研究院", "科学院")
TECHNICAL_KINDS = (AssetKind.INVENTION, AssetKind.UTILITY_MODEL)


class StepCode(StrEnum):
    """The steps a closing may need."""

    PLEDGEE_PAYOFF = "pledgee_payoff"
    CO_OWNER_CONSENT = "co_owner_consent"
    EXPORT_CERTIFICATE = "export_certificate"
    LICENCES_DISCLOSED = "licences_disclosed"
    FEES_PAID = "fees_paid"
    TITLE_EXTRACT = "title_extract"
    SIMILAR_MARKS = "similar_marks"
    INVENTOR_REWARD = "inventor_reward"
    PRICE_PUBLICITY = "price_publicity"
    INVENTOR_PREEMPTION = "inventor_preemption"


class StepParty(StrEnum):
    """Who does a step."""

    SELLER = "seller"
    BUYER = "buyer"
    PLEDGEE = "pledgee"


@dataclass(frozen=True)
class ClosingFacts:
    """What decides which steps a closing needs; pure, so that the rules are tested without a database."""

    kind: DealKind
    asset_kind: AssetKind
    office: str
    foreign_buyer: bool = False
    co_owned: bool = False
    plain_licence: bool = False
    pledge_ids: tuple[UUID, ...] = ()
    live_licences: int = 0
    institution: bool = False
    by_agreement: bool = True
    inventors_named: bool = False


@dataclass(frozen=True)
class StepPlan:
    """One step as the rules demand it."""

    code: StepCode
    party: StepParty
    needs_document: bool
    subject_id: UUID | None = None


def closing_steps(facts: ClosingFacts) -> list[StepPlan]:
    """The steps this closing needs before the recordal can be filed, in the order of the checklist."""
    transfer = facts.kind is DealKind.TRANSFER
    patent = facts.asset_kind in PATENT_KINDS
    exported = facts.asset_kind in (*TECHNICAL_KINDS, AssetKind.SOFTWARE)
    seller = StepParty.SELLER
    plans = [StepPlan(StepCode.PLEDGEE_PAYOFF, StepParty.PLEDGEE, False, one) for one in facts.pledge_ids]
    if facts.co_owned and not facts.plain_licence:
        plans.append(StepPlan(StepCode.CO_OWNER_CONSENT, seller, True))
    if facts.foreign_buyer and exported and facts.office == "CN":
        plans.append(StepPlan(StepCode.EXPORT_CERTIFICATE, seller, True))
    if transfer and facts.live_licences:
        plans.append(StepPlan(StepCode.LICENCES_DISCLOSED, seller, False))
    if patent:
        plans.append(StepPlan(StepCode.FEES_PAID, seller, True))
    if transfer and patent:
        plans.append(StepPlan(StepCode.TITLE_EXTRACT, seller, True))
    if transfer and facts.asset_kind is AssetKind.TRADEMARK:
        plans.append(StepPlan(StepCode.SIMILAR_MARKS, seller, False))
    if transfer and facts.inventors_named and facts.asset_kind in TECHNICAL_KINDS:
        plans.append(StepPlan(StepCode.INVENTOR_PREEMPTION, seller, True))
    if facts.institution and facts.by_agreement:
        plans.append(StepPlan(StepCode.PRICE_PUBLICITY, seller, True))
    if facts.institution:
        plans.append(StepPlan(StepCode.INVENTOR_REWARD, seller, False))
    return plans


def is_institution(name_zh: str | None) -> bool:
    """Whether a name is that of a university or public institute, which owes its inventors their share."""
    return any(word in (name_zh or "") for word in INSTITUTION_WORDS)


class PaymentNotOpen(Refused):
    """Nothing is to be paid in this status."""

    message = _l("Nothing is to be paid now.")


class ReleaseNotProposed(Refused):
    """Somebody must propose the release before another approves it."""

    message = _l("One person proposes the release, another approves it.")


class HeldMoneyDiffers(Refused):
    """What is held is not what the contract says."""

    message = _l("The held money (%(held)s) is not the price (%(price)s).")


def require_releasable(deal: Deal, held: Money, approver_id: UUID | None) -> None:
    """Money moves only after the proof, by two people, and when exactly the price is held."""
    require(deal.status is DealStatus.RECORDAL_PROVEN, PaymentNotOpen())
    require(deal.release_proposed_by is not None, ReleaseNotProposed())
    require(approver_id is not None and approver_id != deal.release_proposed_by, SecondPersonNeeded())
    require(held == deal.price, HeldMoneyDiffers(held=held, price=deal.price))


def require_refund_by_second(deal: Deal, approver_id: UUID | None) -> None:
    """Who started a refund does not also approve it."""
    require(approver_id is not None and approver_id != deal.refund_started_by, SecondPersonNeeded())


class TimedExit(StrEnum):
    """What happens to a deal whose time in a status is over."""

    CANCEL = "cancel"
    RETURN_EVERYTHING = "return_everything"
    CALL_OPERATOR = "call_operator"


def timed_exit(status: DealStatus, held: Money) -> TimedExit:
    """Unsigned and unpaid deals end, paid ones that were never filed are returned, the rest wait for a person."""
    if status is DealStatus.SIGNING or (status is DealStatus.AWAITING_FUNDS and not held):
        return TimedExit.CANCEL
    if status in (DealStatus.AWAITING_FUNDS, DealStatus.FUNDS_HELD):
        return TimedExit.RETURN_EVERYTHING
    return TimedExit.CALL_OPERATOR

"""The twelve grounds on which a patent pledge is refused registration, each its own rule."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from marketplace.core.db import session
from marketplace.registry.assets import DEAD_STATUSES, Asset, AssetKind, LegalStatus, find_asset
from marketplace.registry.consents import co_owner_consents, consented_acts
from marketplace.registry.encumbrances import Encumbrance, EncumbranceKind, live_encumbrances
from marketplace.registry.fees import FeeState, fee_state_of
from marketplace.registry.ownership import Owner, owners_of
from marketplace.registry.rules import LegalRule, find_rule

REQUIRED_CONTENT = ("parties", "secured_debt", "performance_term", "patents", "scope_of_security")
"""What article 8 of the measures asks a pledge contract to say."""


@dataclass(frozen=True)
class PledgeFinding:
    """One ground that stands against the registration; a waivable one yields to the parties' informed statement."""

    rule: LegalRule
    waivable: bool
    detail: str = ""

    @property
    def code(self) -> str:
        """The rule's id, as outside callers read it."""
        return self.rule.id


@dataclass(frozen=True)
class PledgeProposal:
    """Everything the twelve grounds look at; pure, so that each ground is tested by itself."""

    asset: Asset
    owners: tuple[Owner, ...]
    burdens: tuple[Encumbrance, ...]
    pledgor_id: UUID | None
    debt_ends_on: date | None
    on: date
    fees: FeeState = FeeState.UNKNOWN
    consenting: frozenset[UUID] = frozenset()
    agreed_without_consent: bool = False
    contract_content: frozenset[str] = frozenset(REQUIRED_CONTENT)
    same_day_twin: str = ""
    waived: frozenset[str] = frozenset()
    pledgee_agrees: frozenset[UUID] = field(default_factory=frozenset)


def pledgor_is_not_the_patentee(proposal: PledgeProposal) -> str | None:
    """Ground 1."""
    return None if any(owner.organisation_id == proposal.pledgor_id for owner in proposal.owners) else "pledgor"


def patent_has_ended(proposal: PledgeProposal) -> str | None:
    """Ground 2."""
    status = proposal.asset.status_at(proposal.on)
    return status.value if status in DEAD_STATUSES else None


def patent_is_not_granted(proposal: PledgeProposal) -> str | None:
    """Ground 3."""
    return "pending" if proposal.asset.status_at(proposal.on) is LegalStatus.PENDING else None


def annual_fee_is_late(proposal: PledgeProposal) -> str | None:
    """Ground 4; only evidence of a late fee counts, unknown is not late."""
    return "late" if proposal.fees is FeeState.LATE else None


def right_is_disputed_or_preserved(proposal: PledgeProposal) -> str | None:
    """Ground 5."""
    stops = (EncumbranceKind.PRESERVATION, EncumbranceKind.OWNERSHIP_DISPUTE)
    return next((b.reference or b.kind.value for b in _standing(proposal) if b.kind in stops), None)


def debt_outlives_the_patent(proposal: PledgeProposal) -> str | None:
    """Ground 6."""
    last = proposal.asset.expires_on
    late = last is not None and proposal.debt_ends_on is not None and proposal.debt_ends_on > last
    return str(last) if late else None


def contract_lacks_content(proposal: PledgeProposal) -> str | None:
    """Ground 7."""
    missing = [name for name in REQUIRED_CONTENT if name not in proposal.contract_content]
    return ", ".join(missing) or None


def co_owner_has_not_agreed(proposal: PledgeProposal) -> str | None:
    """Ground 8."""
    silent = [
        owner.name
        for owner in proposal.owners
        if owner.organisation_id != proposal.pledgor_id and owner.organisation_id not in proposal.consenting
    ]
    return None if proposal.agreed_without_consent or not silent else ", ".join(silent)


def already_pledged(proposal: PledgeProposal) -> str | None:
    """Ground 9."""
    pledges = (b for b in _standing(proposal) if b.kind is EncumbranceKind.PLEDGE and b.single_pledge)
    return next((b.reference or "pledge" for b in pledges), None)


def same_day_pair_exists(proposal: PledgeProposal) -> str | None:
    """Ground 10."""
    return proposal.same_day_twin or None


def invalidation_was_started(proposal: PledgeProposal) -> str | None:
    """Ground 11."""
    kind = EncumbranceKind.INVALIDATION_PROCEEDINGS
    return next((b.reference or kind.value for b in _standing(proposal) if b.kind is kind), None)


def other_obstacle(proposal: PledgeProposal) -> str | None:
    """Ground 12: here, a patent of which no record tells whether it stands."""
    status = proposal.asset.status_at(proposal.on)
    return status.value if status is LegalStatus.UNKNOWN else None


GROUNDS: tuple[Callable[[PledgeProposal], str | None], ...] = (
    pledgor_is_not_the_patentee,
    patent_has_ended,
    patent_is_not_granted,
    annual_fee_is_late,
    right_is_disputed_or_preserved,
    debt_outlives_the_patent,
    contract_lacks_content,
    co_owner_has_not_agreed,
    already_pledged,
    same_day_pair_exists,
    invalidation_was_started,
    other_obstacle,
)


def weigh_pledge(proposal: PledgeProposal) -> list[PledgeFinding]:
    """Every ground that stands against the registration, in the order of the measures.

    For other rights and earlier days the general rule that stands in is named; a ground without one does not apply.
    """
    findings = []
    for number, ground in enumerate(GROUNDS, start=1):
        detail = ground(proposal)
        rule = find_rule(f"CN-REF-{number:02d}", proposal.on, proposal.asset.scope)
        if detail is None or rule is None or (rule.severity == "waivable" and rule.id in proposal.waived):
            continue
        findings.append(PledgeFinding(rule, rule.severity == "waivable", detail))
    return findings


def check_pledge_registration(
    asset_id: UUID,
    pledgor_id: UUID | None,
    debt_ends_on: date | None,
    on: date,
    contract_content: frozenset[str] = frozenset(REQUIRED_CONTENT),
    waived: frozenset[str] = frozenset(),
    **details: Any,
) -> list[PledgeFinding]:
    """What would stop a pledge of this asset from being registered; an empty list means nothing known would."""
    asset = find_asset(asset_id)
    burdens = tuple(live_encumbrances(asset_id, on))
    agreeing = consented_acts([burden.id for burden in burdens], on)
    proposal = PledgeProposal(
        asset=asset,
        owners=tuple(owners_of(asset_id)),
        burdens=burdens,
        pledgor_id=pledgor_id,
        debt_ends_on=debt_ends_on,
        on=on,
        fees=fee_state_of(asset, on),
        consenting=frozenset(co_owner_consents(asset_id, "pledge")),
        contract_content=contract_content,
        same_day_twin=_same_day_twin(asset),
        waived=waived,
        pledgee_agrees=frozenset(id_ for id_, acts in agreeing.items() if "pledge" in acts),
        **details,
    )
    return weigh_pledge(proposal)


def _standing(proposal: PledgeProposal) -> list[Encumbrance]:
    return [burden for burden in proposal.burdens if burden.stands_on(proposal.on)]


def _same_day_twin(asset: Asset) -> str:
    """A utility model filed on the day of an invention, or the reverse, by the same applicants under one title."""
    twins = {AssetKind.INVENTION: AssetKind.UTILITY_MODEL, AssetKind.UTILITY_MODEL: AssetKind.INVENTION}
    other = twins.get(asset.kind)
    if not asset.is_chinese_patent or other is None or asset.application_date is None:
        return ""
    candidates = session.execute(
        select(Asset).where(Asset.office == "CN", Asset.kind == other, Asset.application_date == asset.application_date)
    ).scalars()
    title = asset.titles.get("zh")
    return next((item.label for item in candidates if title and item.titles.get("zh") == title), "")


__all__ = [
    "GROUNDS", "REQUIRED_CONTENT", "PledgeFinding", "PledgeProposal", "check_pledge_registration",
    "weigh_pledge",
]  # fmt: skip

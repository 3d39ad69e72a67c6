"""Whether an office would register the pledge, looked at before anybody signs; waivable grounds pass only informed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from marketplace.core.errors import Refused
from marketplace.core.i18n import _l
from marketplace.registry.assets import Asset
from marketplace.registry.pledge_grounds import check_pledge_registration
from marketplace.registry.rules import LegalRefusal, LegalRule


class WaiverNeeded(Refused):
    """The parties may insist, but only informed and on record."""

    message = _l("%(text)s The parties may insist: both must be informed of it first.")


@dataclass(frozen=True)
class Ground:
    """One ground of refusal that holds for a right."""

    asset_id: UUID
    asset: str
    rule: LegalRule
    waivable: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class ProposedPledge:
    """What is to be pledged: which right, by whom, for a debt until when."""

    asset: Asset
    pledgor_id: UUID
    ends_on: date


def grounds_of(pledge: ProposedPledge, on: date) -> list[Ground]:
    """Every ground of refusal that holds on the day."""
    findings = check_pledge_registration(pledge.asset.id, pledge.pledgor_id, pledge.ends_on, on)
    return [Ground(pledge.asset.id, pledge.asset.label, one.rule, one.waivable, one.detail) for one in findings]


def require_registrable(pledges: Sequence[ProposedPledge], informed: Iterable[str], on: date) -> list[Ground]:
    """Refuse by the first ground that blocks; a waivable one passes only when the parties were informed of it."""
    insisted = set(informed)
    found = [ground for pledge in pledges for ground in grounds_of(pledge, on)]
    for ground in found:
        if not ground.waivable:
            raise LegalRefusal(ground.rule, asset=ground.asset)
    for ground in found:
        if ground.rule.id not in insisted:
            raise WaiverNeeded(text=ground.rule.text, rule=ground.rule.id, asset=ground.asset)
    return found

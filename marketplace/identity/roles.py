"""What a member may do: one table of the roles of each kind of organisation, and who needs a second factor."""

from enum import StrEnum
from typing import Any

from marketplace.core.i18n import _l
from marketplace.identity.organisations import OrganisationKind


class Role(StrEnum):
    """What a member does in the organisation."""

    ADMINISTRATOR = "administrator"
    OFFICER = "officer"
    APPROVER = "approver"
    VIEWER = "viewer"


KIND_LABELS: dict[OrganisationKind, Any] = {
    OrganisationKind.COMPANY: _l("Rights holder or buyer"),
    OrganisationKind.BANK: _l("Bank"),
    OrganisationKind.POOL_ADMINISTRATOR: _l("Risk-pool administrator"),
    OrganisationKind.GUARANTOR: _l("Guarantor"),
    OrganisationKind.INSURER: _l("Insurer"),
    OrganisationKind.APPRAISER: _l("Appraiser"),
    OrganisationKind.SERVICE_PROVIDER: _l("Service provider"),
    OrganisationKind.PLATFORM_OPERATOR: _l("Platform operator"),
    OrganisationKind.AUDITOR: _l("Auditor"),
}

ROLE_LABELS: dict[Role, Any] = {
    Role.ADMINISTRATOR: _l("Administrator"),
    Role.OFFICER: _l("Officer"),
    Role.APPROVER: _l("Approver"),
    Role.VIEWER: _l("Viewer"),
}

ROLE_MEANINGS: dict[Role, Any] = {
    Role.ADMINISTRATOR: _l("Does everything an approver does, and manages members, keys and limits."),
    Role.OFFICER: _l("Does the daily work: trades, examines, signs, asks for payments."),
    Role.APPROVER: _l("Does the daily work and agrees as the second person to large amounts and decisions."),
    Role.VIEWER: _l("Looks, and changes nothing."),
}

_TRADING = {"asset.manage", "deal.trade", "deal.sign", "money.pay", "loan.apply"}
_LENDING = {"loan.underwrite", "deal.trade", "deal.sign", "money.pay"}
_POOL = {"pool.review", "deal.sign", "money.pay"}
_COVER = {"pool.review", "deal.sign", "money.pay"}
_OPERATING = {"platform.verify", "platform.operate", "money.confirm", "audit.read"}


def _four_roles(daily: set[str], approval: set[str]) -> dict[Role, frozenset[str]]:
    return {
        Role.ADMINISTRATOR: frozenset(daily | approval | {"org.manage"}),
        Role.OFFICER: frozenset(daily),
        Role.APPROVER: frozenset(daily | approval),
        Role.VIEWER: frozenset(),
    }


ROLE_PERMISSIONS: dict[OrganisationKind, dict[Role, frozenset[str]]] = {
    OrganisationKind.COMPANY: _four_roles(_TRADING, {"money.approve"}),
    OrganisationKind.BANK: _four_roles(_LENDING, {"loan.approve", "money.approve"}),
    OrganisationKind.POOL_ADMINISTRATOR: _four_roles(_POOL, {"pool.approve", "money.approve"}),
    OrganisationKind.GUARANTOR: _four_roles(_COVER, {"money.approve"}),
    OrganisationKind.INSURER: _four_roles(_COVER, {"money.approve"}),
    OrganisationKind.APPRAISER: _four_roles({"appraise", "deal.sign"}, set()),
    OrganisationKind.SERVICE_PROVIDER: _four_roles({"deal.sign"}, set()),
    OrganisationKind.PLATFORM_OPERATOR: _four_roles(_OPERATING, {"money.approve"}),
    OrganisationKind.AUDITOR: {
        Role.ADMINISTRATOR: frozenset({"org.manage", "audit.read"}),
        Role.OFFICER: frozenset({"audit.read"}),
        Role.APPROVER: frozenset({"audit.read"}),
        Role.VIEWER: frozenset({"audit.read"}),
    },
}
"""The one table of who may do what."""

SECOND_FACTOR_KINDS = frozenset(
    {
        OrganisationKind.BANK,
        OrganisationKind.POOL_ADMINISTRATOR,
        OrganisationKind.GUARANTOR,
        OrganisationKind.INSURER,
        OrganisationKind.PLATFORM_OPERATOR,
    }
)
"""Members of these act only after a one-time code: they move other people's money or decide about them."""


def permissions_of(kind: OrganisationKind, role: Role) -> frozenset[str]:
    """Everything this role of this kind of organisation may do."""
    return ROLE_PERMISSIONS[kind][role]


def needs_second_factor(kind: OrganisationKind | str) -> bool:
    """Whether members of this kind of organisation must use a one-time code."""
    return kind in SECOND_FACTOR_KINDS


def all_permissions() -> list[str]:
    """Every permission that some role carries."""
    return sorted({name for roles in ROLE_PERMISSIONS.values() for names in roles.values() for name in names})

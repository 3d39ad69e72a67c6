"""Which role of which kind of organisation may do what: one table."""

from enum import StrEnum

from marketplace.identity.organisations import OrganisationKind


class Role(StrEnum):
    """What a member does in the organisation."""

    ADMINISTRATOR = "administrator"
    OFFICER = "officer"
    APPROVER = "approver"
    VIEWER = "viewer"


_ADMINISTRATION = {"org.manage"}
_TRADING = {"asset.manage", "deal.trade", "deal.sign", "money.pay", "loan.apply"}
_LENDING = {"loan.underwrite", "deal.sign", "money.pay"}
_POOL = {"pool.review", "money.pay", "deal.sign"}
_OPERATING = {"platform.verify", "platform.operate", "money.confirm", "audit.read"}

OFFICER_PERMISSIONS: dict[OrganisationKind, set[str]] = {
    OrganisationKind.COMPANY: _TRADING,
    OrganisationKind.BANK: _LENDING,
    OrganisationKind.POOL_ADMINISTRATOR: _POOL,
    OrganisationKind.GUARANTOR: {"pool.review", "money.pay"},
    OrganisationKind.INSURER: {"pool.review", "money.pay"},
    OrganisationKind.APPRAISER: {"appraise"},
    OrganisationKind.SERVICE_PROVIDER: set(),
    OrganisationKind.PLATFORM_OPERATOR: _OPERATING,
    OrganisationKind.AUDITOR: {"audit.read"},
}
"""What an officer of each kind of organisation may do."""

APPROVER_PERMISSIONS: dict[OrganisationKind, set[str]] = {
    OrganisationKind.COMPANY: {"money.approve"},
    OrganisationKind.BANK: {"loan.approve", "money.approve"},
    OrganisationKind.POOL_ADMINISTRATOR: {"pool.approve", "money.approve"},
    OrganisationKind.PLATFORM_OPERATOR: {"money.approve"},
}
"""What an approver may do besides an officer's acts: agree as the second person."""


def permissions_of(kind: OrganisationKind, role: Role) -> frozenset[str]:
    """Everything this role of this kind of organisation may do."""
    if role is Role.VIEWER:
        return frozenset({"audit.read"}) if kind is OrganisationKind.AUDITOR else frozenset()
    granted = set(OFFICER_PERMISSIONS[kind])
    if role in (Role.APPROVER, Role.ADMINISTRATOR):
        granted |= APPROVER_PERMISSIONS.get(kind, set())
    if role is Role.ADMINISTRATOR:
        granted |= _ADMINISTRATION
    return frozenset(granted)

"""The underwriting file: what a bank checks before it offers, from the record, and as it was seen with each offer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.financing.applications import Application, collateral_of
from marketplace.financing.day_counts import add_months
from marketplace.identity.credit_flags import CreditFlag, flags_counting
from marketplace.identity.organisations import find_organisation
from marketplace.registry.assets import Asset
from marketplace.registry.fees import FeeState, fee_state_of
from marketplace.registry.ownership import owns, owns_all
from marketplace.registry.rights import Instrument, check_instrument

OLDEST_ACCOUNTS_MONTHS = 18
"""Yearly accounts older than this say little of a borrower."""
GOOD, WAIT, STOP = "good", "wait", "stop"


@dataclass(frozen=True)
class Check:
    """One question with its answer: good, to be looked at, or against the loan; what is unknown is to be looked at."""

    key: str
    standing: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The answer in the page's language."""
        return str(CHECK_WORDS[self.key, self.standing]) % dict(self.params)

    def as_data(self) -> dict[str, Any]:
        """The check as it is kept with an offer."""
        return {"key": self.key, "standing": self.standing, "params": dict(self.params)}


CHECK_WORDS: dict[tuple[str, str], Any] = {
    ("verified", GOOD): _l("The borrower's registration is verified."),
    ("verified", STOP): _l("The borrower's registration is not verified."),
    ("flags", GOOD): _l("No credit flag is in force."),
    ("flags", STOP): _l("Credit flags in force: %(count)s."),
    ("owner", GOOD): _l("%(asset)s: the register names the borrower alone as owner."),
    ("owner", WAIT): _l("%(asset)s: the register names other owners too; all must consent."),
    ("owner", STOP): _l("%(asset)s: the register does not name the borrower as owner."),
    ("lasts", GOOD): _l("%(asset)s outlasts the loan."),
    ("lasts", WAIT): _l("%(asset)s: the register does not say when it ends."),
    ("lasts", STOP): _l("%(asset)s ends on %(day)s, before the loan."),
    ("fees", GOOD): _l("%(asset)s: the last official fee is proven paid."),
    ("fees", WAIT): _l("%(asset)s: no proof of its official fees."),
    ("fees", STOP): _l("%(asset)s: an official fee is late."),
    ("pledge", GOOD): _l("%(asset)s: nothing known against the pledge."),
    ("pledge", STOP): _l("%(asset)s: the office would object (%(rules)s)."),
    ("accounts", GOOD): _l("Yearly accounts until %(day)s."),
    ("accounts", WAIT): _l("No yearly accounts of the last eighteen months."),
    ("debt", GOOD): _l("Liabilities are %(percent)s of the assets."),
    ("debt", STOP): _l("Liabilities are %(percent)s of the assets: more is owed than owned."),
    ("service", GOOD): _l("A year's profit of %(profit)s covers a year's principal of %(principal)s."),
    ("service", WAIT): _l("A year's profit of %(profit)s does not cover a year's principal of %(principal)s."),
}


def checks_of(application: Application, accounts: Iterable[Any], on: date) -> list[Check]:
    """Every check of an application on a day: the borrower, each right, the accounts."""
    borrower_id = application.borrower_id
    flags = flags_counting(borrower_id, on)
    found = [
        Check("verified", GOOD if find_organisation(borrower_id).is_approved else STOP),
        Check("flags", STOP if flags else GOOD, {"count": str(len(flags))}),
    ]
    ends_on = add_months(on, application.term_months)
    for _one, asset in collateral_of(application.id):
        found += _checks_of_right(asset, borrower_id, ends_on, on)
    return found + checks_of_accounts(accounts, application.amount, application.term_months, on)


def checks_of_accounts(accounts: Iterable[Any], amount: Money, term_months: int, on: date) -> list[Check]:
    """Whether the accounts are recent, more is owned than owed, and a year's profit covers a year's principal.

    ``accounts`` are statements of periods, the latest first; only those of twelve months count.
    """
    yearly = next((one for one in accounts if one.months == 12), None)
    if yearly is None or add_months(yearly.ends_on, OLDEST_ACCOUNTS_MONTHS) < on:
        return [Check("accounts", WAIT)]
    found = [Check("accounts", GOOD, {"day": yearly.ends_on.isoformat()})]
    share = yearly.debt_to_assets_bps
    if share is not None:
        found.append(Check("debt", GOOD if share < 10_000 else STOP, {"percent": f"{share / 100:.1f}%"}))
    if yearly.net_profit.currency == amount.currency:
        due = Money(amount.amount_minor * 12 // max(term_months, 12), amount.currency)
        params = {"profit": str(yearly.net_profit), "principal": str(due)}
        found.append(Check("service", GOOD if yearly.net_profit >= due else WAIT, params))
    return found


def seen(checks: Iterable[Check], flags: Iterable[CreditFlag], accounts: Iterable[Any], on: date) -> dict[str, Any]:
    """The file as it is kept with an offer: the day, every check, and which flags and accounts it rested on."""
    return {
        "on": on.isoformat(),
        "checks": [check.as_data() for check in checks],
        "flags": [str(flag.id) for flag in flags],
        "accounts": [str(one.id) for one in accounts],
    }


def checks_seen(kept: Mapping[str, Any]) -> list[Check]:
    """The checks as they were kept with an offer."""
    return [Check(**one) for one in kept.get("checks", ())]


def _checks_of_right(asset: Asset, borrower_id: UUID, ends_on: date, on: date) -> list[Check]:
    name = {"asset": asset.label}
    fee = {FeeState.PAID: GOOD, FeeState.LATE: STOP}.get(fee_state_of(asset, on), WAIT)
    verdict = check_instrument(Instrument("pledge", asset.id, grantor_id=borrower_id), on)
    rules = ", ".join(conflict.rule.id for conflict in verdict.conflicts)
    return [
        Check("owner", _ownership(borrower_id, asset.id), name),
        _outlasting(asset, ends_on),
        Check("fees", fee, name),
        Check("pledge", GOOD if verdict.allowed else STOP, name | {"rules": rules}),
    ]


def _ownership(borrower_id: UUID, asset_id: UUID) -> str:
    if owns_all(borrower_id, asset_id):
        return GOOD
    return WAIT if owns(borrower_id, asset_id) else STOP


def _outlasting(asset: Asset, ends_on: date) -> Check:
    if asset.expires_on is None:
        return Check("lasts", WAIT, {"asset": asset.label})
    params = {"asset": asset.label, "day": asset.expires_on.isoformat()}
    return Check("lasts", GOOD if asset.expires_on >= ends_on else STOP, params)

"""Reading the fees and the aid that a scheme publishes; a term that is misspelt or does not fit is named."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.risk_pool.aid_terms import (
    Benchmark,
    Fee,
    Payer,
    Premium,
    PremiumBase,
    PremiumPeriod,
    Subsidy,
    SubsidyKind,
)
from marketplace.risk_pool.term_values import choice, flag, named, percent, rows, stated, stated_amount, whole, words

PREMIUM = ("party", "rate", "base", "period", "payer")
SUBSIDY = (
    "name", "kind", "percent", "fee", "benchmark_at_most", "months_at_most", "loan_at_most", "borrower_year_at_most",
    "unit_at_most", "after_repayment", "not_with", "source", "title",
)  # fmt: skip


def read_premiums(given: Any, shares: Mapping[str, Fraction] | None, pool_party: str | None) -> tuple[Premium, ...]:
    """What each party charges; the party bears a part, and nobody pays itself."""
    found = []
    for path, row in rows("scheme.premium", given, PREMIUM, PREMIUM):
        party, payer = row["party"], choice(Payer, f"{path}.payer", row["payer"])
        if not isinstance(party, str) or not party or (shares is not None and party not in shares):
            raise Malformed(f"{path}.party", _l("This is not one of the parties that share."))
        if party == payer or (party == pool_party and payer is Payer.POOL):
            raise Malformed(f"{path}.payer", _l("Nobody pays a premium to itself."))
        found.append(
            Premium(
                party=party, rate=percent(f"{path}.rate", row["rate"]), payer=payer,
                base=choice(PremiumBase, f"{path}.base", row["base"]),
                period=choice(PremiumPeriod, f"{path}.period", row["period"]),
            )
        )  # fmt: skip
    return tuple(found)


def read_subsidies(given: Any, currency: str) -> tuple[Subsidy, ...]:
    """The kinds of aid, each under its own name."""
    found: list[Subsidy] = []
    for path, row in rows("scheme.subsidies", given, SUBSIDY, ("name", "kind", "percent")):
        name, kind = row["name"], choice(SubsidyKind, f"{path}.kind", row["kind"])
        if not isinstance(name, str) or not 0 < len(name) <= 80 or any(one.name == name for one in found):
            raise Malformed(f"{path}.name", _l("Give each kind of aid its own name."))
        _require_fitting(path, kind, row)
        found.append(
            Subsidy(
                name=name,
                kind=kind,
                percent=percent(f"{path}.percent", row["percent"]),
                fee=choice(Fee, f"{path}.fee", row["fee"]) if kind is SubsidyKind.FEE_SHARE else None,
                benchmark_at_most=stated(
                    lambda field, value: choice(Benchmark, field, value), f"{path}.benchmark_at_most",
                    row.get("benchmark_at_most"),
                ),
                months_at_most=stated(_months, f"{path}.months_at_most", row.get("months_at_most")),
                loan_at_most=stated_amount(f"{path}.loan_at_most", row.get("loan_at_most"), currency),
                borrower_year_at_most=stated_amount(
                    f"{path}.borrower_year_at_most", row.get("borrower_year_at_most"), currency
                ),
                unit_at_most=stated_amount(f"{path}.unit_at_most", row.get("unit_at_most"), currency),
                after_repayment=flag(f"{path}.after_repayment", row.get("after_repayment", False)),
                not_with=frozenset(words(f"{path}.not_with", row.get("not_with") or [])),
                source=_text(f"{path}.source", row.get("source", "")),
                title={
                    language: _text(f"{path}.title.{language}", given)
                    for language, given in named(f"{path}.title", row.get("title"), ("zh", "en")).items()
                },
            )
        )  # fmt: skip
    names = {one.name for one in found}
    for position, one in enumerate(found):
        if one.not_with - names or one.name in one.not_with:
            raise Malformed(f"scheme.subsidies.{position}.not_with", _l("Name other kinds of aid of this scheme."))
    return tuple(found)


def _require_fitting(path: str, kind: SubsidyKind, row: Mapping[str, Any]) -> None:
    """A term that says nothing about this kind of aid is a mistake, not a detail."""
    wanted = {"fee": (SubsidyKind.FEE_SHARE,), "benchmark_at_most": (SubsidyKind.INTEREST_SHARE,),
              "months_at_most": (SubsidyKind.INTEREST_SHARE, SubsidyKind.IP_INTEREST_SHARE)}  # fmt: skip
    for name, kinds in wanted.items():
        if row.get(name) is not None and kind not in kinds:
            raise Malformed(f"{path}.{name}", _l("This term does not belong to this kind of aid."))
    if kind is SubsidyKind.FEE_SHARE and row.get("fee") is None:
        raise Malformed(f"{path}.fee", _l("This term is missing."))


def _months(field: str, given: Any) -> int:
    months = whole(field, given)
    if not months:
        raise Malformed(field, _l("Enter a number above zero."))
    return months


def _text(field: str, given: Any) -> str:
    if not isinstance(given, str):
        raise Malformed(field, _l("Write it as text."))
    return given

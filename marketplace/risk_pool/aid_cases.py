"""Answering a CASE of aid or of premiums as JSON: what outside programs send to ``flask risk-pool subsidy`` or ``premium``."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from marketplace.core.errors import Malformed, Refused
from marketplace.core.i18n import _l
from marketplace.core.money import Money
from marketplace.risk_pool.aid_terms import AidCase, Fee, Grant, PremiumBase, Subsidy, SubsidyKind, aid_for
from marketplace.risk_pool.aid_words import explained
from marketplace.risk_pool.losses import Loss, Usage, purchase_limit, share_loss
from marketplace.risk_pool.share_cases import OVERRIDES, as_percent, ip_share_of, terms_of
from marketplace.risk_pool.term_values import amount, flag, named, percent, rows, stated, stated_amount, whole, words
from marketplace.risk_pool.terms import SchemeKind, Terms

LABELS = {"id", "note", "comment", "borrower", "bank"}
SCHEME = {"scheme", "mode", *OVERRIDES, *LABELS}
LOAN = {
    "loan", "ip_share", "interest_paid", "months", "rate", "benchmark", "fees", "repaid", "granted", "loan_so_far",
    "borrower_year_so_far", "unit_so_far", "subsidy", *LABELS,
}  # fmt: skip


class NoSuchAid(Refused):
    """The scheme publishes no aid of this name, or none at all."""

    message = _l("Scheme %(scheme)s publishes no aid “%(subsidy)s”. Known are: %(known)s.")


def aid(case: Mapping[str, Any]) -> dict[str, Any]:
    """The aid a scheme gives for one loan, or for several claims of one borrower in their order; amounts are strings."""
    if not isinstance(case, Mapping):
        raise Malformed("", _l("A case is an object of named values."))
    _require_known(case, SCHEME | LOAN | {"claims"})
    terms = terms_of(case)
    if "claims" not in case:
        return _heading(terms) | {"aid": _answers(terms, case, {})}
    spent: dict[str, Money] = {}
    common = {name: case[name] for name in LOAN & set(case)}
    answers = [_answers(terms, {**common, **claim}, spent) for _path, claim in rows("claims", case["claims"], LOAN, ())]
    return _heading(terms) | {"claims": answers}


def premium(case: Mapping[str, Any]) -> dict[str, Any]:
    """What each party charges for bearing its part of one loan."""
    if not isinstance(case, Mapping):
        raise Malformed("", _l("A case is an object of named values."))
    _require_known(case, SCHEME | {"loan", "ip_share", "months"})
    terms = terms_of(case)
    loan = amount("loan", case.get("loan"), terms.currency)
    months = _months(case)
    charges = premiums_for(terms, loan, ip_share_of(case.get("ip_share", "1")), months)
    return _heading(terms) | {
        "premiums": [
            {
                "party": one.party, "payer": one.payer.value, "base": one.base.value, "period": one.period.value,
                "rate": as_percent(one.rate), "months": months, "amount": due.format(),
            }
            for one, due in charges
        ]
    }  # fmt: skip


def premiums_for(terms: Terms, loan: Money, ip_share: Fraction | None, months: int) -> list[tuple[Any, Money]]:
    """Each premium of the scheme with its amount; the cover is what the party would bear of a total loss."""
    if not terms.premiums:
        return []
    shared = None
    if terms.shares is not None:
        bought = purchase_limit(terms, loan) if terms.kind is SchemeKind.PURCHASE else None
        shared = share_loss(terms, Loss(principal=loan, loan=loan, ip_share=ip_share, purchase_price=bought), Usage())
    secured = shared.ip_principal if shared else loan.times(1 if ip_share is None else ip_share)
    charges = []
    for one in terms.premiums:
        borne = shared.parties[one.party] if shared else None
        if borne is None and one.base is PremiumBase.COVER:
            terms.known_shares()
        bases = {
            PremiumBase.LOAN: loan,
            PremiumBase.IP_PRINCIPAL: secured,
            PremiumBase.COVER: borne or Money.zero(terms.currency),
        }
        charges.append((one, one.due(bases, months)))
    return charges


def _answers(terms: Terms, case: Mapping[str, Any], spent: dict[str, Money]) -> list[dict[str, Any]]:
    """Every kind of aid asked for, or all there are; what was granted counts for the next claim."""
    known = {one.name: one for one in terms.subsidies}
    wanted = case.get("subsidy")
    if wanted is not None and not isinstance(wanted, str):
        raise Malformed("subsidy", _l("Write it as text."))
    if wanted is not None and wanted not in known or not known:
        raise NoSuchAid(scheme=terms.name, subsidy=wanted or "", known=", ".join(known) or "—")
    chosen = [known[wanted]] if wanted is not None else list(terms.subsidies)
    answers, granted = [], frozenset(words("granted", case.get("granted") or []))
    for one in chosen:
        found = aid_for(one, _case(terms, one, case, spent.get(one.name), granted))
        if found.amount:
            granted |= {one.name}
            spent[one.name] = spent.get(one.name, Money.zero(terms.currency)) + found.amount
        answers.append(_answer(one, found))
    return answers


def _answer(one: Subsidy, found: Grant) -> dict[str, Any]:
    return {
        "name": one.name, "kind": one.kind.value, "percent": as_percent(one.percent), "counted": found.counted.format(),
        "amount": found.amount.format(), "limits": [limit.value for limit in found.limits],
        "explanation": explained(one, found),
    }  # fmt: skip


def _case(terms: Terms, one: Subsidy, case: Mapping[str, Any], spent: Money | None, granted: frozenset[str]) -> AidCase:
    currency = terms.currency
    loan = amount("loan", case.get("loan"), currency)
    rate = stated(percent, "rate", case.get("rate"))
    if one.benchmark_at_most and rate is None:
        raise Malformed("rate", _l("State the loan's yearly rate in per cent: the aid counts interest at most at a benchmark."))  # fmt: skip
    if one.kind is SubsidyKind.INTEREST_SHARE and case.get("interest_paid") is None:
        raise Malformed("interest_paid", _l("State the interest that was really paid."))
    fees = named("fees", case.get("fees"), tuple(Fee))
    zero = Money.zero(currency)
    so_far = {
        name: (stated_amount(name, case.get(name), currency) or zero) + (zero if name == "loan_so_far" else spent or zero)
        for name in ("loan_so_far", "borrower_year_so_far", "unit_so_far")
    }  # fmt: skip
    return AidCase(
        loan=loan, ip_share=_secured(case),
        interest_paid=stated_amount("interest_paid", case.get("interest_paid"), currency), months=_months(case),
        rate=rate, benchmark=stated(percent, "benchmark", case.get("benchmark")),
        fees={Fee(name): amount(f"fees.{name}", given, currency) for name, given in fees.items()},
        repaid=flag("repaid", case.get("repaid", False)), granted=granted, **so_far,
    )  # fmt: skip


def _secured(case: Mapping[str, Any]) -> Fraction:
    """The secured share; a contract that does not state it secures nothing that counts."""
    share = ip_share_of(case.get("ip_share", "1"))
    return Fraction(0) if share is None else share


def _months(case: Mapping[str, Any]) -> int:
    months = whole("months", case.get("months", 12))
    if not months:
        raise Malformed("months", _l("Enter a number above zero."))
    return months


def _require_known(case: Mapping[str, Any], known: set[str]) -> None:
    for name in sorted(set(case) - known):
        raise Malformed(name, _l("A case has no such value."))


def _heading(terms: Terms) -> dict[str, Any]:
    return {"scheme": terms.name, "version": terms.version, "currency": terms.currency}

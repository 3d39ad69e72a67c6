"""The words of a valuation report, in the reader's language."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from marketplace.core.i18n import _, pick
from marketplace.core.money import EXPONENTS, Money
from marketplace.valuation.income import royalty_bands
from marketplace.valuation.indicators import indicator_table
from marketplace.valuation.reconciliation import money_of_log

SHOWN_DIGITS = 3


def purpose_name(purpose: str) -> str:
    """What the value is for."""
    names: dict[str, Callable[[], str]] = {
        "transfer": lambda: _("Transfer"),
        "licence": lambda: _("Licence (present value)"),
        "pledge": lambda: _("Pledge"),
        "court_sale": lambda: _("Court sale"),
    }
    return names[purpose]()


def purpose_options() -> list[tuple[str, str]]:
    """The purposes to choose from."""
    return [(purpose, purpose_name(purpose)) for purpose in ("transfer", "licence", "pledge", "court_sale")]


def basis_name(basis: str) -> str:
    """Whose value it is."""
    names: dict[str, Callable[[], str]] = {
        "external_appraisal": lambda: _("External appraisal"),
        "bank_internal": lambda: _("A bank's own value"),
        "negotiated": lambda: _("Negotiated value"),
    }
    return names[basis]()


def basis_options() -> list[tuple[str, str]]:
    """The bases to choose from."""
    return [(basis, basis_name(basis)) for basis in ("external_appraisal", "bank_internal", "negotiated")]


def industry_options() -> list[tuple[str, str]]:
    """The industries whose royalty rates are held, and none."""
    return [
        ("", _("Not stated")),
        *((key, pick({"zh": band["zh"], "en": band["en"]})) for key, band in royalty_bands().items()),
    ]


def approach_name(name: str) -> str:
    """The name of an approach."""
    names: dict[str, Callable[[], str]] = {
        "statistical": lambda: _("Published prices and known facts"),
        "market": lambda: _("Market: comparable closed sales"),
        "income": lambda: _("Income: relief from royalty"),
        "cost": lambda: _("Cost: replacement less life used"),
    }
    return names[name]()


def why_not_applied(name: str) -> str:
    """Why an approach has no result."""
    reasons: dict[str, Callable[[], str]] = {
        "market": lambda: _("No sale of a like right between unrelated parties has closed on this platform yet."),
        "income": lambda: _("Yearly revenue and industry were not stated, or the remaining life is unknown."),
        "cost": lambda: _("The development cost was not stated, or the dates are unknown."),
    }
    return reasons[name]()


def why_weight(name: str) -> str:
    """Why an approach weighs what it weighs."""
    reasons: dict[str, Callable[[], str]] = {
        "statistical": lambda: _("Weighs by how closely published prices of such rights agree."),
        "market": lambda: _("Weighs by how closely the comparable prices agree after adjustment."),
        "income": lambda: _(
            "Weighs by the spread of 2,000 simulated cases over the royalty band, revenue and discount rate."
        ),
        "cost": lambda: _(
            "Weighs by an assumed spread of half to twice: what was spent does not show what anybody would pay."
        ),
    }
    return reasons[name]()


def factor_name(name: str) -> str:
    """The name of a fact that moves the value."""
    names: dict[str, Callable[[], str]] = {
        "renewal": lambda: _("Claims, team and field, as the renewal model sees them"),
        "remaining_life": lambda: _("Remaining legal life"),
        "family": lambda: _("Family in other countries"),
        "citations": lambda: _("Citations received"),
        "status": lambda: _("Legal status"),
        "traded_before": lambda: _("Transfers, licences and pledges on the register"),
    }
    return names[name]()


def reason_sentence(factor: dict[str, Any]) -> str:
    """One reason in words: what is known, and by how much it moves the value."""
    fact, effect = str(factor["fact"]), float(factor["effect"])
    known: dict[str, Callable[[], str]] = {
        "renewal": lambda: _("Of patents like it, %(share)s rank lower in how long owners keep paying", share=fact),
        "remaining_life": lambda: _("%(years)s years of legal life are left, set against ten", years=fact),
        "family": lambda: _("The family has %(count)s members", count=fact),
        "citations": lambda: _("%(count)s later documents cite it", count=fact),
        "status": lambda: (
            _("It is granted and in force") if fact == "in_force" else _("It is an application, not yet granted")
        ),
        "traded_before": lambda: _("%(count)s transfers, licences or pledges are on the register", count=fact),
    }
    percent = f"{abs(effect - 1):.0%}"
    moved = (
        _("raises the value by %(percent)s", percent=percent)
        if effect > 1
        else _("lowers the value by %(percent)s", percent=percent)
    )
    return _("%(known)s: %(moved)s.", known=known[factor["name"]](), moved=moved)


def limit_sentence(code: str) -> str:
    """One limit of the report, in words."""
    sentences: dict[str, Callable[[], str]] = {
        "not_an_appraisal": lambda: _("This is an indication by a model. It is not an appraisal report and no appraiser has signed it."),
        "weak_prices": lambda: _("Prices of patents are rarely published. The level rests on a few published figures of uneven quality; the range says how far it may be wrong."),
        "renewal_transfer": lambda: _("The renewal model learned from patents of United States universities. For other owners and offices it is a weak hint."),
        "few_sales": lambda: _("Fewer than 50 like sales have closed on this platform, so the range comes from published prices, not from our own record."),
        "pooled_range": lambda: _("Fewer than 50 like sales have closed on this platform, so the width of the range comes from how far our values of all kinds of rights missed the prices that followed."),
        "unknown_facts": lambda: _("Some facts are unknown. Each widens the range; none counts as zero."),
        "stated_inputs": lambda: _("Revenue and cost are the asker's own statements and were not checked; a loan is never raised by them."),
        "burdened": lambda: _("The right carries burdens. The value is stated as if it were free of them."),
        "no_published_prices": lambda: _("No price series is published for this kind of right. The level is an assumption."),
    }  # fmt: skip
    return sentences[code]()


def status_name(status: str) -> str:
    """A legal status in words."""
    return _("In force") if status == "in_force" else _("Pending")


def binding_name(term: str) -> str:
    """Which term limits a loan."""
    names: dict[str, Callable[[], str]] = {
        "policy_cap": lambda: _("The lender's policy cap"),
        "lower_bound": lambda: _("The lower bound, less cost of sale and waiting"),
        "repayment_limit": lambda: _("What the borrower can repay"),
    }
    return names[term]()


def indicator_names(entered: dict[str, Any] | None = None) -> dict[str, str]:
    """Names of groups, parts and indicators by key."""
    table = entered or indicator_table()
    names = {key: pick(name) for key, name in table["names"].items()}
    for group in table["groups"]:
        for part in group["parts"]:
            names[part["key"]] = pick({"zh": part["zh"], "en": part["en"]})
            names |= {one["key"]: pick({"zh": one["zh"], "en": one["en"]}) for one in part["indicators"]}
    return names


def about(money: Money) -> Money:
    """The amount to three digits, as shown: more would pretend to know more."""
    digits = len(str(abs(money.amount_minor)))
    step = max(digits - SHOWN_DIGITS, 0)
    shown = Decimal(money.amount_minor).scaleb(-step).to_integral_value().scaleb(step)
    return Money.rounded(shown.scaleb(-EXPONENTS[money.currency]), money.currency)


def price_of_log(log_value: float, currency: str) -> Money:
    """The amount of a stored log price, to three digits."""
    return about(money_of_log(log_value, currency))


def segment_name(segment: str) -> str:
    """All, a purpose, or a quarter."""
    if segment == "all":
        return _("All closed deals")
    return segment if segment[:1].isdigit() else purpose_name(segment)


def sliders() -> list[tuple[str, str, int, int, int]]:
    """The assumptions of a what-if: name, label, least, most and step."""
    return [
        ("royalty_bps", _("Royalty, share of sales"), 0, 2000, 25),
        ("discount_bps", _("Discount rate"), 100, 5000, 50),
        ("tax_bps", _("Profits tax"), 0, 6000, 50),
        ("years", _("Years of use"), 1, 40, 1),
        ("policy_cap_bps", _("Lender's cap, share of the middle value"), 0, 10_000, 100),
        ("sale_cost_bps", _("Cost of sale"), 0, 10_000, 100),
        ("months_to_sell", _("Months to sell"), 0, 120, 1),
    ]


def assumptions(given: dict[str, Any]) -> list[tuple[str, str]]:
    """The assumptions in force, as a reader would say them."""
    return [
        (label, f"{given[name] / 100:g} %" if name.endswith("_bps") else str(given[name]))
        for name, label, *_ends in sliders()
    ]


def review_status(status: str) -> str:
    """Where a review stands."""
    names: dict[str, Callable[[], str]] = {
        "asked": lambda: _("Waits for a reviewer"),
        "taken": lambda: _("With a reviewer"),
        "answered": lambda: _("Opinion given"),
        "withdrawn": lambda: _("Withdrawn"),
        "lapsed": lambda: _("Ended without an answer"),
    }
    return names[status]()


def group_name(panel: str, group: str) -> str:
    """A group of the fairness panel."""
    if panel == "experience":
        return _("First closed deal of the asker") if group == "first" else _("Asker had closed before")
    return _("Region not stated") if group == "unknown" else _("Region: %(region)s", region=group)


def scenario_name(scenario: str) -> str:
    """What an indicator table's weights are for."""
    names: dict[str, Callable[[], str]] = {
        "transfer_licence": lambda: _("Licence and transfer"),
        "finance": lambda: _("Finance"),
        "reporting": lambda: _("Financial reporting"),
        "remedies": lambda: _("Remedies for infringement"),
        "management": lambda: _("Management"),
        "other": lambda: _("Other scenarios"),
    }
    return names[scenario]()

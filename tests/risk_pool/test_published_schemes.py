"""Every scheme document is readable, dated where known, sourced, and honest about what is unknown."""

from datetime import date
from typing import Any

import pytest

from marketplace.core.errors import Malformed
from marketplace.risk_pool.published_schemes import SchemeNotPublished, published_scheme, published_schemes
from marketplace.risk_pool.terms_reading import read_terms


@pytest.mark.parametrize("document", published_schemes(), ids=lambda document: document["name"])
def test_a_scheme_document_states_its_source_and_what_is_unknown(document):
    terms = read_terms(document)
    assert document["source"]
    assert document["unknown"]
    assert set(document["title"]) == {"zh", "en"}
    if terms.shares is None:
        assert any("share" in gap for gap in document["unknown"])
    for mode in document.get("modes", {}):
        read_terms(document, mode)


def test_names_and_aliases_are_unique():
    names = [name for document in published_schemes() for name in (document["name"], *document["aliases"])]
    assert len(names) == len(set(names))


def test_a_scheme_is_found_by_number_alias_and_chinese_name():
    assert published_scheme("5311")["name"] == "guangzhou-5311"
    assert published_scheme("Guangzhou_2025")["version"] == "2025"
    assert published_scheme("中山")["name"] == "zhongshan"


def test_an_unheard_scheme_is_refused_with_the_known_names():
    with pytest.raises(SchemeNotPublished):
        published_scheme("atlantis")


def test_a_version_is_in_force_between_its_dates():
    unified = read_terms(published_scheme("guangzhou-2025"))
    assert not unified.in_force(date(2025, 9, 30))
    assert unified.in_force(date(2025, 10, 1))
    assert not unified.in_force(date(2028, 10, 1))


@pytest.mark.parametrize(("changed", "field"), [
    ({"breaker": {"bank_year_los_rate": "3"}}, "breaker.bank_year_los_rate"), ({"breaker": {"bank_year_loss_rate": "-3"}}, "breaker.bank_year_loss_rate"),
    ({"breaker": ["3"]}, "breaker"), ({"breaker": {"pool_year_loss_rate": True}}, "breaker.pool_year_loss_rate"),
    ({"trigger": {"overdue": 90}}, "trigger.overdue"), ({"trigger": {"overdue_days": "ninety"}}, "trigger.overdue_days"),
    ({"trigger": {"overdue_days": "90"}}, "trigger.overdue_days"), ({"trigger": {"overdue_days": -1}}, "trigger.overdue_days"),
    ({"trigger": {"overdue_days": 90.5}}, "trigger.overdue_days"), ({"trigger": {"overdue_days": True}}, "trigger.overdue_days"),
    ({"trigger": {"loan_class": "special_mention"}}, "trigger.loan_class"), ({"trigger": {"loan_class": ["loss"]}}, "trigger.loan_class"),
    ({"conditions": {"loan_at_mots": "1"}}, "conditions.loan_at_mots"), ({"conditions": {"loan_at_most": "-1"}}, "conditions.loan_at_most"),
    ({"conditions": {"term_months_at_most": "12"}}, "conditions.term_months_at_most"), ({"conditions": "none"}, "conditions"),
    ({"conditions": {"guaranteed_loans_excluded": "yes"}}, "conditions.guaranteed_loans_excluded"),
    ({"conditions": {"guarantee_fee_rate": "150"}}, "conditions.guarantee_fee_rate"),
    ({"tiers": [{"up_to": "5", "rat": "40"}]}, "tiers.0.rat"), ({"tiers": [{"up_to": "5"}]}, "tiers.0.rate"),
    ({"tiers": [{"up_to": "5", "rate": "40"}, {"up_to": "-6", "rate": "1"}]}, "tiers.1.up_to"), ({"tiers": [7]}, "tiers.0"),
    ({"tiers": {"up_to": "5"}}, "tiers"), ({"uplifts": [{"points": "5", "any": ["ip_pledge"]}]}, "uplifts.0.any"),
    ({"uplifts": [{"points": "5", "any_of": "ip_pledge"}]}, "uplifts.0.any_of"), ({"uplifts": [{"any_of": ["a"]}]}, "uplifts.0.points"),
    ({"caps": {"loan": "1"}}, "caps.loan"), ({"caps": [1]}, "caps"), ({"leverage": "-10"}, "leverage"), ({"currency": ["CNY"]}, "currency"),
    ({"requires_stated_ip_share": "false"}, "requires_stated_ip_share"), ({"interest_stays": "yes"}, "interest_stays"),
    ({"default_uplifts": "ip_pledge"}, "default_uplifts"), ({"modes": {"general": {"share": {}}}}, "modes.general.share"),
    ({"modes": ["general"]}, "modes"), ({"pool_parts": {"city": "120"}}, "pool_parts.city"), ({"title": {"fr": "x"}}, "title.fr"),
])  # fmt: skip
def test_a_misspelt_term_or_a_value_of_the_wrong_kind_is_named_by_its_path(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_terms({"shares": {"fund": "50", "bank": "50"}, **changed})
    assert list(refused.value.errors) == [f"scheme.{field}"]


def test_what_a_scheme_leaves_out_or_states_as_unknown_is_accepted():
    nothing = (
        "breaker",
        "trigger",
        "conditions",
        "tiers",
        "uplifts",
        "caps",
        "modes",
        "premium",
        "subsidies",
        "leverage",
    )
    assert read_terms({"shares": {"fund": "50", "bank": "50"}, **dict.fromkeys(nothing)}).tiers == ()
    assert read_terms({"trigger": {"overdue_days": 90}}).trigger_overdue_days == 90

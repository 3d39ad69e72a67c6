"""The rules of law as data: every rule is used, versions follow one another, and the page shows them of any day."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from marketplace.registry.rules import (
    OFFICES,
    NoLawThatDay,
    all_rules,
    find_rule,
    legal_scope,
    refuse_by_law,
    rule_on,
    rules_in_force,
)

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"\b(?:CN|ANY|SG|HK|US|EP)-[A-Z]{3}-\d{2}[A-Z]?\b")


def test_every_rule_is_told_to_somebody_or_named_by_the_code_and_the_code_names_no_other() -> None:
    named: set[str] = set()
    for path in (ROOT / "marketplace").rglob("*.py"):
        named |= set(NAMED.findall(path.read_text(encoding="utf-8")))
    named |= {f"CN-REF-{number:02d}" for number in range(1, 13)}
    known = {rule.id for rule in all_rules()}
    silent = {rule.id for rule in all_rules() if not rule.acts} - named
    assert named - known == set()
    assert silent - {rule.otherwise for rule in all_rules()} == set()


def test_the_versions_of_a_rule_on_one_group_of_rights_never_overlap() -> None:
    seen: dict[tuple[str, str], list[Any]] = {}
    for rule in all_rules():
        for right in rule.rights or ("any",):
            seen.setdefault((rule.id, right), []).append(rule)
    for versions in seen.values():
        versions.sort(key=lambda rule: rule.effective_from)
        for earlier, later in zip(versions, versions[1:], strict=False):
            assert earlier.effective_to is not None
            assert earlier.effective_to + timedelta(days=1) <= later.effective_from


def test_every_rule_speaks_both_languages_and_an_unknown_article_is_called_so() -> None:
    for rule in all_rules():
        assert rule.zh and rule.en and rule.law_zh and rule.law_en and rule.office in OFFICES
        assert (rule.article is None) == ("not verified" in rule.citation_en) == ("未核实" in rule.citation_zh)
    assert [rule for rule in all_rules() if rule.effective_from == date(2027, 1, 1) and rule.article] == []


def test_the_rule_that_stands_in_is_found_step_by_step_and_none_is_invented() -> None:
    patent, mark, foreign = legal_scope("CN", "invention"), legal_scope("CN", "trademark"), legal_scope("US", "design")
    today = date(2026, 11, 23)
    found = [find_rule("CN-REF-08", today, scope) for scope in (patent, mark, foreign)]
    assert [rule and rule.id for rule in found] == ["CN-REF-08", "CN-TRF-03", "ANY-COO-01"]
    assert rule_on("CN-PLG-03", date(2015, 5, 1), patent).short_zh == "《物权法》"
    assert rule_on("CN-PLG-03", date(2001, 5, 1), patent).id == "ANY-PLG-01"
    assert find_rule("CN-REF-10", date(2015, 5, 1), patent) is None
    with pytest.raises(NoLawThatDay):
        refuse_by_law("CN-PLG-02", date(1999, 1, 1))


def test_the_rules_are_asked_for_by_day_office_right_and_words() -> None:
    marks = rules_in_force(date(2027, 1, 1), "CN", "mark")
    assert marks and all(not rule.rights or "mark" in rule.rights for rule in marks)
    assert {rule.id for rule in rules_in_force(date(2026, 1, 1), "SG")} == {
        "SG-TRF-01",
        "SG-TRF-02",
        "SG-COO-01",
        "SG-PLG-01",
    }
    assert {rule.id for rule in rules_in_force(date(2026, 1, 1), words="earnest money")} == {"CN-TRF-08"}


def test_the_page_and_the_api_show_the_law_of_a_day(client: FlaskClient, db: Any) -> None:
    page = client.get("/rules?on=2015-05-01&office=CN&q=444", headers={"Accept-Language": "zh"}).get_data(as_text=True)
    assert "没有符合条件的规则" in page
    then = client.get("/rules?on=2015-05-01&right=patent", headers={"Accept-Language": "zh"}).get_data(as_text=True)
    assert "《物权法》第二百二十七条" in then and "《民法典》" not in then
    now = client.get("/rules", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "Civil Code art. 444" in now
    answer = client.get("/api/v1/legal-rules?on=2015-05-01&office=CN&right=mark").json
    assert answer["on"] == "2015-05-01" and "CN-TRF-04" in {rule["rule"] for rule in answer["rules"]}
    assert client.get("/rules?on=yesterday").status_code == 422
    assert client.get("/api/v1/legal-rules?office=XX").status_code == 422

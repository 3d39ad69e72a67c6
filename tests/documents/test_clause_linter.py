"""Void clauses are found, lawful ones are left alone."""

import json

import pytest

from marketplace.documents.clause_linter import find_void_clauses
from marketplace.documents.contracts_pdf import TEMPLATES

VOID = [
    ("被许可方对技术作出的改进归许可方所有", "CN-LIC-06-a"),
    ("All improvements made by the licensee shall belong to the licensor", "CN-LIC-06-a"),
    ("双方交叉许可期间的改进均归乙方所有", "CN-LIC-06-a"),
    ("All improvements under the cross-licence vest in the second party", "CN-LIC-06-a"),
    ("被许可方不得使用与本技术竞争的技术", "CN-LIC-06-b"),
    ("The licensee shall not use any competing technology", "CN-LIC-06-b"),
    ("被许可方不得出口合同产品", "CN-LIC-06-c"),
    ("The licensee must also purchase training services from the licensor", "CN-LIC-06-d"),
    ("被许可方必须向许可方购买全部原材料", "CN-LIC-06-e"),
    ("The licensee shall purchase raw materials exclusively from the licensor", "CN-LIC-06-e"),
    ("被许可方不得质疑专利的有效性", "CN-LIC-06-f"),
    ("Licensee agrees not to challenge the validity of the patent", "CN-LIC-06-f"),
    ("债务人到期不履行债务的，质物直接归质权人所有", "CN-PLG-LX"),
    ("If the borrower fails to repay, the patents shall automatically pass to the bank", "CN-PLG-LX"),
]
LAWFUL = [
    "双方对各自作出的改进相互许可，并支付合理对价",
    "The licensor pays the annuities and defends the patent against invalidation",
    "债务人不履行到期债务时，质权人可以就拍卖质物所得优先受偿",
    "If the borrower defaults, the pledgee may be paid first from the proceeds of an auction",
    "被许可方应当标明产品产地",
    "本合同以中文为准",
]


@pytest.mark.parametrize("text,rule_id", VOID)
def test_a_void_clause_is_named_with_its_rule_law_and_words(text: str, rule_id: str) -> None:
    findings = find_void_clauses(text)
    assert rule_id in {finding.rule_id for finding in findings}
    finding = next(found for found in findings if found.rule_id == rule_id)
    assert finding.law["zh"] and finding.law["en"] and finding.quote in text


@pytest.mark.parametrize("text", LAWFUL)
def test_a_lawful_clause_is_left_alone(text: str) -> None:
    assert find_void_clauses(text) == []


@pytest.mark.parametrize(
    ("name", "subject"),
    [("licence", "licence"), ("cross_licence", "licence"), ("patent_assignment", "transfer"), ("pledge", "pledge")],
)
def test_our_own_clauses_hold_nothing_void_in_either_language(name: str, subject: str) -> None:
    template = json.loads((TEMPLATES / f"{name}.json").read_text(encoding="utf-8"))
    texts = [clause["text"][language] for clause in template["clauses"] for language in ("zh", "en")]
    assert [finding for text in texts for finding in find_void_clauses(text, (subject,))] == []

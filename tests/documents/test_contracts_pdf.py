"""Contracts: words, bytes, pages, and user text that stays text."""

import re
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.money import Money
from marketplace.documents.amount_words import AmountNotReadable, in_chinese, in_english, read_chinese
from marketplace.documents.contracts_pdf import TermMissing, content_hash, contract_data, fill, render_pdf

DAY = date(2026, 11, 22)
PARTIES = [
    {"role": {"zh": "转让方", "en": "Assignor"}, "name": {"zh": "甲公司", "en": "Alpha"}, "code": "91440000TEST"},
    {"role": {"zh": "受让方", "en": "Assignee"}, "name": {"zh": "乙公司", "en": "Beta"}, "code": None},
]
ASSETS = [{"number": "ZL202010000001.9", "title": {"zh": "一种电池"}, "kind": {"zh": "发明", "en": "Invention"}}]


def make_terms(**changes: Any) -> dict[str, Any]:
    terms = {
        "reference": "D-1", "issued_on": DAY, "parties": PARTIES, "assets": ASSETS,
        "price": Money(123_456_700, "CNY"), "pay_by": date(2026, 12, 1),
        "record_within": {"zh": "三个月", "en": "three months"}, "live_licences": {"zh": "无", "en": "none"},
        "forum": {"zh": "广州仲裁委员会", "en": "the Guangzhou Arbitration Commission"},
    }  # fmt: skip
    return terms | changes


def text_of(pdf: bytes, tmp_path: Path) -> str:
    path = tmp_path / "contract.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_same_terms_give_the_same_bytes_and_other_terms_another_hash() -> None:
    first = render_pdf("patent_assignment", make_terms())
    assert first == render_pdf("patent_assignment", make_terms())
    dearer = make_terms(price=Money(123_456_701, "CNY"))
    assert content_hash("patent_assignment", dearer) != content_hash("patent_assignment", make_terms())


def test_every_page_carries_its_number_and_the_content_hash(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    terms = make_terms(special_terms="甲方应当协助办理登记。" * 300)
    path = tmp_path / "long.pdf"
    path.write_bytes(render_pdf("patent_assignment", terms))
    pages = pypdf.PdfReader(path).pages
    assert len(pages) >= 3
    for number, page in enumerate(pages, start=1):
        words = page.extract_text().replace("\n", " ")
        assert content_hash("patent_assignment", terms) in words
        assert f"Page {number} of {len(pages)}" in words


def test_the_price_stands_in_figures_and_in_capitals_and_the_file_is_tagged(tmp_path: Path) -> None:
    pdf = render_pdf("patent_assignment", make_terms())
    words = re.sub(r"\s+", "", text_of(pdf, tmp_path))
    assert "CNY1,234,567.00" in words
    assert "人民币壹佰贰拾叁万肆仟伍佰陆拾柒元整" in words
    assert b"/StructTreeRoot" in pdf and b"pdfuaid" in pdf


@pytest.mark.parametrize(
    "typed", ["{0.__class__}", '#import "x": *', "{{7*7}}", "%n %s", "{price}", "#sys.inputs", "*a* _b_ $x$"]
)
def test_what_a_person_typed_is_printed_and_never_interpreted(typed: str, tmp_path: Path) -> None:
    terms = make_terms(special_terms=typed, parties=[PARTIES[0] | {"name": {"zh": typed, "en": typed}}, PARTIES[1]])
    data = contract_data("patent_assignment", terms)
    assert data["clauses"][-5]["text"] == {"zh": typed, "en": typed}
    words = text_of(render_pdf("patent_assignment", terms), tmp_path)
    assert re.sub(r"\s+", "", words).count(re.sub(r"\s+", "", typed)) >= 4


def test_a_missing_term_stops_the_contract() -> None:
    terms = make_terms()
    del terms["price"]
    with pytest.raises(TermMissing):
        render_pdf("patent_assignment", terms)


def test_a_clause_that_does_not_apply_is_left_out() -> None:
    ids = [clause["heading"]["en"] for clause in contract_data("patent_assignment", make_terms())["clauses"]]
    assert "Technology export" not in ids
    foreign = contract_data("patent_assignment", make_terms(foreign_assignee=True))["clauses"]
    assert "Technology export" in [clause["heading"]["en"] for clause in foreign]


@pytest.mark.parametrize(
    "exclusivity,zh", [("exclusive", "独占许可"), ("sole", "排他许可"), ("non_exclusive", "普通许可")]
)
def test_each_kind_of_licence_has_exactly_its_own_grant(exclusivity: str, zh: str) -> None:
    terms = make_terms(
        exclusivity=exclusivity, territory={"zh": "中国", "en": "China"}, fields={"zh": "全部", "en": "all"},
        begins_on=DAY, ends_on=date(2030, 1, 1),
    )  # fmt: skip
    headings = [clause["heading"]["zh"] for clause in contract_data("licence", terms)["clauses"]]
    assert headings[0] == zh
    assert len({"独占许可", "排他许可", "普通许可"} & set(headings)) == 1
    assert render_pdf("licence", terms).startswith(b"%PDF")


def test_pledge_and_loan_contracts_are_made() -> None:
    pledge = make_terms(
        loan_reference="L-1", debtor="甲公司", secured_amount=Money(500_000_000, "CNY"), debt_from=DAY,
        debt_until=date(2028, 1, 1),
    )  # fmt: skip
    loan = make_terms(
        principal=Money(500_000_000, "CNY"), purpose="研发", term={"zh": "24个月", "en": "24 months"},
        matures_on=date(2028, 11, 22), interest_rate="4.35%", day_count="ACT/360", fees="0", annual_cost="4.45%",
        repayment={"zh": "等额本息", "en": "equal instalments"}, pledge_reference="P-1", default_rate="6.5%",
        ip_secured_amount=Money(500_000_000, "CNY"), rows_title={"zh": "还款计划", "en": "Schedule"},
        rows_head=["#", "日期 Due", "金额 Amount"], rows=[["1", "2026-12-22", "10.00"]],
    )  # fmt: skip
    assert render_pdf("pledge", pledge).startswith(b"%PDF")
    assert render_pdf("loan", loan).startswith(b"%PDF")


@given(st.integers(min_value=0, max_value=10**14 - 1), st.sampled_from(["CNY", "USD", "JPY"]))
def test_capitals_read_back_as_the_same_amount(minor: int, currency: str) -> None:
    money = Money(minor // 100 if currency == "JPY" else minor, currency)
    words = in_chinese(money)
    assert read_chinese(re.sub(r"^(人民币|美元|日元)", "", words)) == money.amount


@pytest.mark.parametrize("amount,words", [
    ("0.05", "人民币伍分"), ("10.50", "人民币壹拾元伍角"), ("1000.05", "人民币壹仟元零伍分"),
    ("100001", "人民币壹拾万零壹元整"), ("120000000", "人民币壹亿贰仟万元整"), ("0", "人民币零元整"),
])  # fmt: skip
def test_known_amounts_in_capitals(amount: str, words: str) -> None:
    assert in_chinese(Money.parse(amount, "CNY")) == words


def test_amounts_in_english_and_out_of_range() -> None:
    assert in_english(Money.parse("1200345.05", "CNY")) == (
        "Renminbi yuan one million two hundred thousand three hundred and forty-five and 05/100"
    )
    assert in_english(Money.parse("1000001", "USD")).endswith("one million and one only")
    with pytest.raises(AmountNotReadable):
        in_chinese(Money(10**14, "CNY"))


def test_a_place_is_filled_once() -> None:
    assert fill("{a}{b}", {"a": "{b}", "b": "{a}"}, "en") == "{b}{a}"


CROSS = {
    "first_rights": "ZL202010000001.9", "second_rights": "ZL202110000002.1", "territory": "CN", "fields": "电池",
    "begins_on": DAY, "ends_on": date(2030, 1, 1),
}  # fmt: skip


def test_a_cross_licence_names_both_sides_rights_and_who_pays_the_difference() -> None:
    paid = contract_data("cross_licence", make_terms(**CROSS, payer={"zh": "乙方", "en": "the second party"}))
    words = {language: " ".join(clause["text"][language] for clause in paid["clauses"]) for language in ("zh", "en")}
    assert "乙方应支付补差款 CNY 1,234,567.00（大写：人民币壹佰贰拾叁万肆仟伍佰陆拾柒元整）" in words["zh"]
    assert all("ZL202110000002.1" in text for text in words.values())
    free = contract_data("cross_licence", make_terms(**CROSS, price=None, free=True))
    assert "互不支付许可费" in " ".join(clause["text"]["zh"] for clause in free["clauses"])
    with pytest.raises(TermMissing):
        contract_data("cross_licence", make_terms(**{**CROSS, "second_rights": None}))

"""The bank's statements: matched by reference and amount, the rest decided by two people, books and bank agree."""

import io
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.actor import Actor
from marketplace.core.clock import now
from marketplace.core.errors import Malformed, NotAllowed
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger import accounts
from marketplace.ledger.proofs import prove_books
from marketplace.payments import bank_statements, collections, payouts, unmatched_lines
from marketplace.payments.bank_statements import BankLine, LineStatus, StatementMissing, StatementThere
from marketplace.payments.camt053 import read_statements
from marketplace.payments.reconciliation import reconcile
from marketplace.payments.unmatched_lines import Proposal, agree, disagree, propose
from tests.makers.identity import make_actor, make_organisation
from tests.makers.payments import make_collection

ACCOUNT = "DE89370400440532013000"


def entry(amount: str, reference: str = "", text: str = "", end_to_end: str = "", status: str = "BOOK") -> str:
    """One booked entry; a minus sign is money that went."""
    side, size = ("DBIT", amount[1:]) if amount.startswith("-") else ("CRDT", amount)
    return f"""<Ntry><Amt Ccy="CNY">{size}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>
      <BookgDt><Dt>2026-11-20</Dt></BookgDt><AcctSvcrRef>{reference or uuid4().hex[:16]}</AcctSvcrRef>
      <NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>
      <RltdPties><Dbtr><Pty><Nm>虚构付款人</Nm></Pty></Dbtr></RltdPties>
      <RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"""


def statement(
    *entries: str, opening: str = "0.00", closing: str, number: str = "2026-001", version: str = "08"
) -> bytes:
    """A camt.053 file of one statement."""

    def balance(code: str, amount: str) -> str:
        side, size = ("DBIT", amount[1:]) if amount.startswith("-") else ("CRDT", amount)
        return f"""<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{size}</Amt>
          <CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>"""

    return f"""<?xml version="1.0" encoding="UTF-8"?>
      <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt><GrpHdr><MsgId>m</MsgId>
      </GrpHdr><Stmt><Id>{number}</Id><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id></Acct>
      {balance("OPBD", opening)}{balance("CLBD", closing)}{"".join(entries)}</Stmt></BkToCstmrStmt></Document>""".encode()


@pytest.fixture
def operators(db: Any) -> tuple[Actor, Actor]:
    """Two people of the platform's operator."""
    operator = make_organisation("platform_operator")
    return make_actor(operator), make_actor(operator)


def only_line() -> BankLine:
    (line,) = bank_statements.lines_with(LineStatus.UNMATCHED) + bank_statements.lines_with(LineStatus.PROPOSED)
    return line


def test_a_transfer_with_its_reference_and_exact_amount_is_booked(operators: tuple[Actor, Actor]) -> None:
    first, _second = operators
    collection = make_collection(make_actor(), Money(123_456, "CNY"))
    text = f"货款 {collection.reference} 谢谢"
    bank_statements.import_statements(first, statement(entry("1234.56", text=text), closing="1234.56"), now())
    assert collection.status is collections.CollectionStatus.COLLECTED
    assert accounts.balance(collection.credit_account, "CNY").available == collection.amount
    assert bank_statements.lines_with(LineStatus.MATCHED)[0].matched_id == collection.id
    assert reconcile(first, now()).agrees


@pytest.mark.parametrize("paid", ["1234.55", "1234.57"])
def test_a_wrong_amount_lies_in_suspense_until_two_people_give_it_back(
    operators: tuple[Actor, Actor], paid: str
) -> None:
    first, second = operators
    collection = make_collection(make_actor(), Money(123_456, "CNY"))
    file = statement(entry(paid, text=collection.reference), closing=paid)
    bank_statements.import_statements(first, file, now())
    line = only_line()
    assert "1,234.56" in (line.note or "") and collection.status is collections.CollectionStatus.AWAITING_TRANSFER
    assert accounts.balance("suspense:bank:in", "CNY").posted == line.amount
    propose(first, line.id, Proposal.GIVE_BACK, None, None, now())
    with pytest.raises(SecondPersonNeeded):
        agree(first, line.id, now())
    agree(second, line.id, now())
    assert accounts.balance("suspense:bank:in", "CNY").posted == Money(0, "CNY")
    assert reconcile(first, now()).figures[0]["in_transit"] == [[f"bank-line:{line.id}:give_back", f"-{paid}"]]
    back = statement(entry(f"-{paid}", end_to_end=line.id.hex), opening=paid, closing="0.00", number="2026-002")
    bank_statements.import_statements(first, back, now())
    made = reconcile(first, now())
    assert made.agrees and made.figures[0]["in_transit"] == []
    assert prove_books()["faults"] == []


def test_an_unnamed_transfer_is_matched_by_two_people(operators: tuple[Actor, Actor]) -> None:
    first, second = operators
    collection = make_collection(make_actor(), Money(50_000, "CNY"))
    bank_statements.import_statements(first, statement(entry("500.00"), closing="500.00"), now())
    line = only_line()
    with pytest.raises(Malformed):
        propose(first, line.id, Proposal.MATCH, "P0000000000", None, now())
    propose(first, line.id, Proposal.MATCH, collection.reference.lower(), "by telephone", now())
    disagree(second, line.id, "Another payer", now())
    assert line.status is LineStatus.UNMATCHED and line.note == "Another payer"
    propose(first, line.id, Proposal.MATCH, collection.reference, None, now())
    agree(second, line.id, now())
    assert collection.status is collections.CollectionStatus.COLLECTED and line.status is LineStatus.MATCHED
    with pytest.raises(WrongStatus):
        agree(second, line.id, now())
    assert reconcile(first, now()).agrees and prove_books()["faults"] == []


def test_a_bank_charge_becomes_the_platforms_cost_and_money_that_came_never_does(
    operators: tuple[Actor, Actor],
) -> None:
    first, second = operators
    file = statement(entry("-12.00", text="手续费"), opening="100.00", closing="88.00")
    bank_statements.import_statements(first, file, now())
    line = only_line()
    with pytest.raises(unmatched_lines.WrongDirection):
        propose(first, line.id, Proposal.GIVE_BACK, None, None, now())
    propose(first, line.id, Proposal.CHARGE, None, None, now())
    agree(second, line.id, now())
    assert accounts.balance("platform:bank_charges", "CNY").posted == Money(1_200, "CNY")
    assert reconcile(first, now()).agrees


def test_a_payout_is_found_by_its_order_reference(operators: tuple[Actor, Actor]) -> None:
    first, second = operators
    collection = make_collection(make_actor(), Money(80_000, "CNY"))
    arrival = statement(entry("800.00", text=collection.reference), closing="800.00")
    bank_statements.import_statements(first, arrival, now())
    payee = make_organisation()
    payout = payouts.request_payout(first, payee.id, collection.amount, collection.credit_account, "release:1", now())
    if payout.status is payouts.PayoutStatus.REQUESTED:
        payouts.approve_payout(second, payout.id, now())
    assert reconcile(first, now()).figures[0]["not_on_a_statement"] == "-800.00"
    left = statement(entry("-800.00", end_to_end=payout.id.hex), opening="800.00", closing="0.00", number="2")
    bank_statements.import_statements(first, left, now())
    assert reconcile(first, now()).figures[0]["in_transit"] == []


def test_what_was_confirmed_by_hand_is_not_booked_again(operators: tuple[Actor, Actor]) -> None:
    first, _second = operators
    collection = make_collection(make_actor(), Money(70_000, "CNY"))
    collections.confirm_transfer(first, collection.id, "BANK-77", collection.amount, now())
    bank_statements.import_statements(first, statement(entry("700.00", "BANK-77"), closing="700.00"), now())
    assert accounts.balance(collection.credit_account, "CNY").posted == collection.amount
    assert reconcile(first, now()).figures[0]["in_transit"] == []


def test_a_statement_is_taken_once_and_none_may_be_missing(operators: tuple[Actor, Actor]) -> None:
    first, _second = operators
    file = statement(entry("5.00"), closing="5.00")
    bank_statements.import_statements(first, file, now())
    with pytest.raises(StatementThere):
        bank_statements.import_statements(first, file, now())
    with pytest.raises(StatementMissing):
        bank_statements.import_statements(first, statement(opening="6.00", closing="6.00", number="3"), now())
    with pytest.raises(NotAllowed):
        bank_statements.import_statements(make_actor(), file, now())


def test_a_difference_is_named_and_told(operators: tuple[Actor, Actor]) -> None:
    from marketplace.notices.inbox import unread_count

    first, _second = operators
    bank_statements.import_statements(first, statement(entry("5.00"), closing="5.00"), now())
    accounts.open_account("somewhere", "CNY", "credit")
    from marketplace.ledger.entries import Posting, post

    line = only_line()
    posting = [Posting("suspense:bank:in", "clearing:bank", line.amount)]
    post(first, f"bank-line:{uuid4()}:known", "bank_line", posting, now())
    made = reconcile(first, now())
    assert [one["where"] for one in made.differences] == ["bank"] and made.differences[0]["seen"] == "5.00"
    assert unread_count(first) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not xml",
        b"<Document/>",
        statement(entry("1.00"), closing="2.00"),
        statement(entry("1.00"), closing="1.00").replace(b"CRDT", b"SOME"),
        statement(entry("1.00"), closing="1.00").replace(b">1.00<", b">1.001<"),
        statement(entry("1.00"), closing="1.00").replace(b"camt.053.001.08", b"pain.001.001.08"),
        statement(entry("1.00"), closing="1.00").replace(b'"CNY">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>', b'"EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>'),
        statement(closing="0.00").replace(b"?>", b'?><!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>', 1),
    ],
)  # fmt: skip
def test_what_is_not_a_whole_statement_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        read_statements(content)


@pytest.mark.parametrize("version", ["02", "08", "12"])
def test_the_versions_in_use_are_read_and_what_is_only_expected_is_not_booked(version: str) -> None:
    file = statement(entry("7.00", "R1", "款", "E1"), entry("9.00", status="PDNG"), closing="7.00", version=version)
    if version == "02":
        file = file.replace(b"<Sts><Cd>BOOK</Cd></Sts>", b"<Sts>BOOK</Sts>").replace(b"<Pty><Nm>", b"<Nm>")
        file = file.replace(b"</Nm></Pty>", b"</Nm>")
    (read,) = read_statements(file)
    (line,) = read.lines
    assert (line.amount, line.reference, line.end_to_end, line.text, line.other_party) == (
        Money(700, "CNY"), "R1", "E1", "款", "虚构付款人",
    )  # fmt: skip
    assert read.closed_on == date(2026, 11, 20)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(10**12), 10**12).filter(bool), max_size=12))
def test_any_movements_that_add_up_are_read_to_the_cent(minor: list[int]) -> None:
    def shown(amount: int) -> str:
        return f"{Decimal(amount) / 100:.2f}"

    file = statement(*(entry(shown(amount)) for amount in minor), closing=shown(sum(minor)))
    assert [line.amount.amount_minor for line in read_statements(file)[0].lines] == minor


def test_the_page_imports_and_two_people_decide_in_both_languages(
    operators: tuple[Actor, Actor], client: FlaskClient, sign_in: Any, db: Any
) -> None:
    first, second = operators
    place = "/payments/statements"
    db.commit()
    assert client.get(place).status_code in (302, 401)
    sign_in(client, first)

    def send(place: str, **data: Any) -> int:
        return client.post(place, data={"idempotency_key": uuid4().hex, **data}).status_code

    assert send(place) == 422
    assert send(place, file=(io.BytesIO(statement(entry("31.00"), closing="31.00")), "a.xml")) == 303
    line = only_line()
    db.commit()
    assert "未匹配" in client.get(place + "?lang=zh").get_data(as_text=True)
    assert send(f"/payments/lines/{line.id}/proposal", proposal="everything") == 422
    assert send(f"/payments/lines/{line.id}/proposal", proposal="give_back") == 303
    db.commit()
    assert send(f"/payments/lines/{line.id}/agreement") in (403, 409)
    sign_in(client, second)
    assert send(f"/payments/lines/{line.id}/agreement") == 303
    assert send("/payments/reconciliation") == 303
    assert "Books, bank and Stripe agree" in client.get(place + "?lang=en").get_data(as_text=True)
    sign_in(client, make_actor())
    db.commit()
    assert client.get(place).status_code in (403, 404)

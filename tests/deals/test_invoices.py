"""The fee of a released deal is invoiced: tax apart, numbers without a gap, never changed, credited in full once."""

from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from marketplace.core.db import session
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.deals.deals import Deal, DealStatus
from marketplace.identity.four_eyes import SecondPersonNeeded
from marketplace.ledger.accounts import balance
from marketplace.ledger.proofs import prove_books
from marketplace.payments.invoices import (
    AlreadyCredited,
    Charged,
    Invoice,
    InvoiceKind,
    NotCreditable,
    credit_invoice,
    find_invoice,
    invoices_of,
    issue_invoice,
)
from marketplace.payments.payouts import Payout, PayoutStatus, approve_payout
from tests.makers.deals import Parties
from tests.makers.identity import make_actor


def released() -> tuple[Parties, Deal, Invoice]:
    """A released sale with the invoice of its fee."""
    parties = Parties()
    deal = parties.bring_to(DealStatus.RELEASED)
    invoice = session.execute(select(Invoice).where(Invoice.subject_id == deal.id)).scalar_one()
    return parties, deal, invoice


def minor(code: str) -> int:
    return balance(code, "CNY").posted.amount_minor


def test_a_release_invoices_its_fee_to_the_seller_with_the_tax_apart(db: Any) -> None:
    parties, deal, invoice = released()
    assert invoice.customer_id == parties.seller.organisation_id
    assert (invoice.gross, invoice.net + invoice.tax) == (deal.fee, deal.fee)
    assert invoice.net.format() == "90566.04" and invoice.tax.format() == "5433.96"
    assert minor("platform:fees") == invoice.net.amount_minor
    assert minor("platform:tax:vat") == invoice.tax.amount_minor
    assert invoice.label == f"INV-{invoice.year}-000001"


def test_asking_again_issues_nothing_new(db: Any) -> None:
    parties, deal, invoice = released()
    charged = Charged(deal.seller_id, deal.id, "success", deal.fee)
    assert issue_invoice(parties.second, invoice.supplier_id, charged, parties.now).id == invoice.id
    assert minor("platform:tax:vat") == invoice.tax.amount_minor


def test_a_credit_note_makes_the_customer_whole_once(db: Any) -> None:
    parties, deal, invoice = released()
    note = credit_invoice(parties.operator, invoice.id, "charged twice", parties.now)
    assert note.label == f"CN-{note.year}-000002" and note.credits_id == invoice.id
    assert minor("platform:fees") == 0 and minor("platform:tax:vat") == 0
    payout = session.execute(select(Payout).where(Payout.subject_id == note.id)).scalar_one()
    if payout.status is PayoutStatus.REQUESTED:
        approve_payout(parties.second, payout.id, parties.now)
    assert payout.amount == deal.fee and minor(f"organisation:{deal.seller_id}:payable") == 0
    with pytest.raises(AlreadyCredited):
        credit_invoice(parties.operator, invoice.id, "again", parties.now)
    with pytest.raises(NotCreditable):
        credit_invoice(parties.operator, note.id, "the note", parties.now)
    assert prove_books()["balanced"] is True


def test_only_the_operator_corrects_and_not_the_person_who_issued(db: Any) -> None:
    parties, _deal, invoice = released()
    for stranger in (parties.seller, parties.buyer):
        with pytest.raises(NotAllowed):
            credit_invoice(stranger, invoice.id, "for me", parties.now)
    with pytest.raises(SecondPersonNeeded):
        credit_invoice(parties.second, invoice.id, "alone", parties.now)


def test_an_invoice_is_seen_by_its_customer_and_the_operator_only(db: Any) -> None:
    parties, _deal, invoice = released()
    assert find_invoice(parties.seller, invoice.id) is invoice
    assert invoices_of(parties.operator, None, 10)["items"] == [invoice]
    assert invoices_of(parties.buyer, None, 10)["items"] == []
    with pytest.raises(NotFound):
        find_invoice(parties.buyer, invoice.id)


@pytest.mark.parametrize("change", [
    "UPDATE invoices SET gross_minor = 1, net_minor = 1, tax_minor = 0", "DELETE FROM invoices",
    "TRUNCATE invoices CASCADE",
])  # fmt: skip
def test_the_database_itself_refuses_to_change_an_invoice(db: Any, change: str) -> None:
    released()
    with pytest.raises(DBAPIError, match="never changed"):
        db.execute(text(change))


@pytest.mark.parametrize("column", ["net_minor = net_minor + 1", "credits_id = id", "tax_currency = 'USD'"])
def test_the_database_refuses_a_row_that_does_not_add_up(db: Any, column: str) -> None:
    _parties, _deal, invoice = released()
    name, value = column.split(" = ", 1)
    copied = [
        one.name for one in Invoice.__table__.columns if one.name not in ("id", "subject_id", "number", "created_at")
    ]
    values = ", ".join(value if one == name else one for one in copied)
    statement = (
        f"INSERT INTO invoices (id, subject_id, number, {', '.join(copied)})"
        f" SELECT gen_random_uuid(), gen_random_uuid(), 99, {values} FROM invoices"
    )
    with pytest.raises(DBAPIError, match="adds_up|one_currency|credit_names_invoice"):
        db.execute(text(statement))


def test_the_seller_reads_it_in_both_languages_and_on_paper(db: Any, client: FlaskClient, sign_in: Any) -> None:
    parties, _deal, invoice = released()
    db.commit()
    assert client.get("/invoices").status_code in (302, 401)
    sign_in(client, parties.seller)
    assert invoice.label in client.get("/invoices?lang=zh").text
    for language, words in (("zh", "增值税法"), ("en", "Invoice INV-")):
        assert words in client.get(f"/invoices/{invoice.id}?lang={language}").text
    paper = PdfReader(BytesIO(client.get(f"/invoices/{invoice.id}.pdf").data)).pages[0].extract_text()
    assert "90,566.04" in paper and "5,433.96" in paper and invoice.label in paper
    assert client.get(f"/api/v1/invoices/{invoice.id}").json["tax"] == {"amount": "5433.96", "currency": "CNY"}
    assert [one["id"] for one in client.get("/api/v1/invoices").json["items"]] == [str(invoice.id)]
    assert client.get("/api/v1/invoices?after=x").status_code == 422


def test_others_find_no_invoice_and_a_reason_must_be_given(db: Any, client: FlaskClient, sign_in: Any) -> None:
    parties, _deal, invoice = released()
    db.commit()
    sign_in(client, make_actor())
    for address in (f"/invoices/{invoice.id}", f"/invoices/{invoice.id}.pdf", f"/api/v1/invoices/{invoice.id}"):
        assert client.get(address).status_code == 404
    sign_in(client, parties.operator)
    assert client.post(f"/invoices/{invoice.id}/credit-note", data={"idempotency_key": "c-0"}).status_code == 422
    form = {"reason": "charged twice", "idempotency_key": "c-1"}
    answers = [client.post(f"/invoices/{invoice.id}/credit-note", data=form) for _again in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    kinds = session.execute(select(Invoice.kind).order_by(Invoice.number)).scalars().all()
    assert kinds == [InvoiceKind.INVOICE, InvoiceKind.CREDIT_NOTE]

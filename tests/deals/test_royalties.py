"""Running royalties: periods, reports, payment, interest on late days, inspection of the books."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.clock import market_day
from marketplace.core.errors import Malformed, NotAllowed, NotFound
from marketplace.core.lifecycle import WrongStatus
from marketplace.core.money import Money
from marketplace.deals import royalties, royalty_audits
from marketplace.deals.deals import DealStatus
from marketplace.deals.royalties import PeriodRunning, RoyaltyPeriod, RoyaltyStatus
from marketplace.deals.royalty_audits import AuditedThisYear, FindingDecided
from marketplace.deals.royalty_news import remind_licensees
from marketplace.deals.royalty_rules import late_interest, periods, royalty_on
from marketplace.deals.royalty_statement import NotReported, statement_pdf
from marketplace.documents.files import store_file
from marketplace.ledger import accounts
from marketplace.ledger.proofs import prove_books
from marketplace.payments.collections import Collection, confirm_transfer
from marketplace.payments.payouts import Payout
from tests.makers.deals import Parties
from tests.makers.documents import make_pdf

NOW = datetime.now(UTC)


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 4000))
def test_periods_cover_the_term_without_gap_or_overlap(begin: date, days: int) -> None:
    end = begin + timedelta(days=days)
    found = periods(begin, end)
    assert found[0].begins_on == begin and found[-1].ends_on == end
    for one, after in zip(found, found[1:], strict=False):
        assert after.begins_on == one.ends_on + timedelta(days=1)
        assert (one.ends_on + timedelta(days=1)).day == 1 and one.ends_on.month % 3 == 0
    assert all(one.due_on - one.ends_on == timedelta(days=30) for one in found)


def test_the_royalty_and_its_late_interest_are_exact() -> None:
    assert royalty_on(Money(123_456_789, "CNY"), 350) == Money(4_320_988, "CNY")
    due = date(2026, 10, 30)
    assert late_interest(yuan(100_000), due, due) == yuan(0)
    assert late_interest(yuan(100_000), due, due - timedelta(days=9)) == yuan(0)
    assert late_interest(yuan(100_000), due, due + timedelta(days=31)) == yuan(620)


class Licence(Parties):
    """A released licence with a royalty of 3.5 %, whose first period has ended."""

    def __init__(self) -> None:
        super().__init__("licence", royalty_bps=350, royalty_base="net_sales", term_months=24)
        self.deal = self.bring_to(DealStatus.RELEASED)
        self.period = self.ended(1)

    def ended(self, number: int, days_ago: int = 10) -> RoyaltyPeriod:
        """A period moved into the past, as the calendar would."""
        period = royalties.period_numbered(self.deal.id, number)
        period.ends_on = market_day(NOW) - timedelta(days=days_ago)
        period.begins_on = period.ends_on - timedelta(days=60)
        period.due_on = period.ends_on + timedelta(days=30)
        return period

    def transfer(self, purpose: str, subject_id: Any) -> Collection:
        """The licensee's transfer, found on the bank statement."""
        collection = royalties.session.query(Collection).filter_by(subject_id=subject_id, purpose=purpose).one()
        return confirm_transfer(self.operator, collection.id, f"B-{uuid4().hex[:8]}", collection.amount, NOW)


@pytest.fixture
def licence(db: Any) -> Licence:
    return Licence()


def test_a_released_licence_has_its_quarters(licence: Licence) -> None:
    laid_out = royalties.royalty_periods(licence.seller, licence.deal.id)
    assert len(laid_out) in (8, 9) and {period.rate_bps for period in laid_out} == {350}
    with pytest.raises(NotFound):
        royalties.royalty_periods(licence.stranger, licence.deal.id)


def test_a_report_is_paid_through_to_the_licensor(licence: Licence) -> None:
    period = royalties.report_royalty(licence.buyer, licence.deal.id, 1, yuan(200_000), None, "", NOW)
    assert period.royalty == yuan(7_000)
    licence.transfer("royalty", period.id)
    assert period.status is RoyaltyStatus.PAID and period.interest == yuan(0)
    payout = royalties.session.query(Payout).filter_by(reference=f"royalty:{period.id}").one()
    assert (payout.payee_id, payout.amount) == (licence.seller.organisation_id, yuan(7_000))
    assert prove_books()["faults"] == []
    with pytest.raises(WrongStatus):
        royalties.report_royalty(licence.buyer, licence.deal.id, 1, yuan(1), None, "", NOW)


def test_late_days_bear_interest_that_also_reaches_the_licensor(licence: Licence) -> None:
    licence.ended(1, days_ago=61)
    period = royalties.report_royalty(licence.buyer, licence.deal.id, 1, yuan(2_000_000), None, "", NOW)
    licence.transfer("royalty", period.id)
    assert period.interest == Money(int(Decimal("70000.00") * 100 * 730 * 31 / 3_650_000), "CNY")
    licence.transfer("royalty_interest", period.id)
    account = f"held:royalty:{licence.deal.id}"
    assert accounts.balance(account, "CNY").available == yuan(0)
    assert prove_books()["faults"] == []


def test_nothing_sold_is_reported_and_settled_at_once(licence: Licence) -> None:
    period = royalties.report_royalty(licence.buyer, licence.deal.id, 1, yuan(0), None, "no sales", NOW)
    assert period.status is RoyaltyStatus.PAID
    assert not royalties.session.query(Collection).filter_by(purpose="royalty").all()


def test_only_the_licensee_reports_and_only_ended_periods_in_the_licence_currency(licence: Licence) -> None:
    with pytest.raises(NotAllowed):
        royalties.report_royalty(licence.seller, licence.deal.id, 1, yuan(1), None, "", NOW)
    with pytest.raises(PeriodRunning):
        royalties.report_royalty(licence.buyer, licence.deal.id, 2, yuan(1), None, "", NOW)
    with pytest.raises(Malformed):
        royalties.report_royalty(licence.buyer, licence.deal.id, 1, Money(1, "USD"), None, "", NOW)
    assert licence.period.status is RoyaltyStatus.OPEN


def test_the_licensee_is_reminded_once(licence: Licence) -> None:
    assert remind_licensees(NOW) == 1
    assert remind_licensees(NOW) == 0


def test_the_books_are_inspected_once_a_year_and_a_shortfall_is_paid(licence: Licence) -> None:
    audit = royalty_audits.ask_for_books(licence.seller, licence.deal.id, "Fictional Accountants", NOW)
    with pytest.raises(AuditedThisYear):
        royalty_audits.ask_for_books(licence.seller, licence.deal.id, "Others", NOW)
    with pytest.raises(NotAllowed):
        royalty_audits.ask_for_books(licence.buyer, licence.deal.id, "Others", NOW)
    with pytest.raises(FindingDecided):
        royalty_audits.accept_finding(licence.buyer, audit.id, NOW)
    report = store_file(licence.seller, make_pdf("report"), "report.pdf", "royalty", NOW)
    royalty_audits.record_finding(licence.seller, audit.id, yuan(1_500), report.id, NOW)
    royalty_audits.accept_finding(licence.buyer, audit.id, NOW)
    licence.transfer("royalty_shortfall", audit.id)
    payout = royalties.session.query(Payout).filter_by(reference=f"royalty_shortfall:{audit.id}").one()
    assert payout.amount == yuan(1_500)


def test_the_statement_exists_once_the_period_is_reported(licence: Licence) -> None:
    with pytest.raises(NotReported):
        statement_pdf(licence.seller, licence.deal.id, 1)
    royalties.report_royalty(licence.buyer, licence.deal.id, 1, yuan(10), None, "", NOW)
    assert statement_pdf(licence.seller, licence.deal.id, 1).startswith(b"%PDF")


def test_the_page_reports_and_inspects_in_both_languages(
    licence: Licence, client: FlaskClient, sign_in: Any, db: Any
) -> None:
    place = f"/deals/{licence.deal.id}/royalties"
    db.commit()
    assert client.get(place).status_code in (302, 401)
    sign_in(client, licence.stranger)
    assert client.get(place).status_code == 404
    sign_in(client, licence.buyer)

    def send(place: str, **data: Any) -> int:
        return client.post(place, data={"idempotency_key": uuid4().hex, **data}).status_code

    assert "待报送" in client.get(place + "?lang=zh").get_data(as_text=True)
    assert send(f"{place}/1/report", base="-5") == 422
    assert send(f"{place}/1/report", base="1,000,000") == 303
    page = client.get(place + "?lang=en").get_data(as_text=True)
    assert "¥35,000.00" in page and "To be paid" in page
    assert client.get(f"{place}/1/statement.pdf").mimetype == "application/pdf"
    sign_in(client, licence.seller)
    assert send(f"/deals/{licence.deal.id}/royalty-audits", accountant="Fictional Accountants") == 303
    api = client.get(f"/api/v1{place}").get_json()
    assert api["periods"][0]["royalty"] == {"amount": "35000.00", "currency": "CNY"}
    assert api["audits"][0]["accountant"] == "Fictional Accountants"

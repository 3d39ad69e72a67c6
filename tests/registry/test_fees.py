"""Fees and deadlines: the tables of each office, late payment, evidence, the calendar file and the notices."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.core.money import Money
from marketplace.notices.inbox import Notice
from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.event_codes import RegisterEventType
from marketplace.registry.fee_calendar import remind_of_fees, stage_of
from marketplace.registry.fee_rules import Restoration, deadlines_of, paid_years
from marketplace.registry.fees import FeeState
from marketplace.registry.register_events import RegisterEvent
from tests.makers.identity import make_actor, make_organisation
from tests.makers.registry import make_asset

ON = date(2026, 11, 23)


def fee_of(asset: Any, year: int, on: date = ON) -> Any:
    return next(item for item in deadlines_of(asset, on) if item.fee.year == year)


@pytest.mark.parametrize(
    ("on", "surcharge"),
    [
        (date(2026, 3, 1), None),
        (date(2026, 4, 1), None),
        (date(2026, 4, 2), 6000),
        (date(2026, 7, 1), 18000),
        (date(2026, 7, 2), 24000),
        (date(2026, 9, 1), 30000),
        (date(2026, 9, 2), None),
    ],
)
def test_the_chinese_surcharge_is_five_per_cent_for_each_month_begun_after_the_first(
    db: Any, on: date, surcharge: int | None
) -> None:
    item = fee_of(make_asset(), 6, on)  # filed on 1 March 2021: the sixth year begins on 1 March 2026
    assert (item.fee.due_on, item.fee.grace_until) == (date(2026, 3, 1), date(2026, 9, 1))
    assert item.fee.amount == Money(120000, "CNY")
    assert item.surcharge == (Money(surcharge, "CNY") if surcharge else None)
    assert item.restoration is Restoration.TWO_MONTHS_FROM_NOTICE


def test_a_mark_is_renewed_from_a_year_before_and_late_at_a_flat_sum_a_class(db: Any) -> None:
    mark = make_asset(kind=AssetKind.TRADEMARK, expires_on=date(2026, 10, 1), nice_classes=["09", "42"])
    (item,) = deadlines_of(mark, ON)
    assert (item.opens_on, item.fee.due_on, item.fee.grace_until) == (
        date(2025, 10, 1),
        date(2026, 10, 1),
        date(2027, 4, 1),
    )
    assert (item.fee.amount, item.surcharge) == (Money(100000, "CNY"), Money(50000, "CNY"))
    assert item.restoration is Restoration.NONE_FILE_ANEW


def test_american_fees_fall_due_after_three_and_a_half_seven_and_a_half_and_eleven_and_a_half_years(db: Any) -> None:
    asset = make_asset(office="US", grant_date=date(2015, 8, 31))
    rows = deadlines_of(asset, ON)
    assert [(item.opens_on, item.fee.due_on, item.fee.grace_until) for item in rows] == [
        (date(2018, 8, 28), date(2019, 2, 28), date(2019, 8, 31)),
        (date(2022, 8, 28), date(2023, 2, 28), date(2023, 8, 31)),
        (date(2026, 8, 28), date(2027, 2, 28), date(2027, 8, 31)),
    ]
    assert [item.fee.state for item in rows] == [FeeState.UNKNOWN, FeeState.UNKNOWN, FeeState.DUE]


def test_european_fees_begin_with_the_third_year_at_the_end_of_the_month_and_singapores_with_the_fifth(db: Any) -> None:
    european = deadlines_of(make_asset(office="EP", application_date=date(2021, 3, 10)), ON)
    assert (european[0].fee.year, european[0].fee.due_on) == (3, date(2023, 3, 31))
    assert (european[-1].fee.year, european[0].restoration) == (20, Restoration.RE_ESTABLISHMENT)
    local = deadlines_of(make_asset(office="SG", application_date=date(2021, 3, 10)), ON)
    assert (local[0].fee.year, local[0].fee.due_on, local[0].fee.amount) == (5, date(2025, 3, 10), None)


@pytest.mark.parametrize(
    ("office", "code", "words", "years"),
    [
        ("US", "MAFP", "PAYMENT OF MAINTENANCE FEE, 8TH YEAR, LARGE ENTITY (ORIGINAL EVENT CODE: M1552)", {7}),
        ("US", "FPAY", "Fee payment; M2551 payment", {3}),
        ("US", "REMI", "MAINTENANCE FEE REMINDER MAILED, 4TH YEAR", set()),
        ("EP", "PGFP", "ANNUAL FEE PAID TO NATIONAL OFFICE; YEAR OF FEE PAYMENT: 9", {9}),
        ("EP", "PG25", "LAPSED; YEAR OF FEE PAYMENT: 9", set()),
    ],
)
def test_an_offices_event_proves_a_payment(office: str, code: str, words: str, years: set[int]) -> None:
    event = RegisterEvent(type=RegisterEventType.FEE, code=code, scheme="inpadoc", words=words)
    assert paid_years(office, [event]) == years


def test_a_lapsed_right_owes_nothing_later_and_unknown_stays_unknown(db: Any) -> None:
    asset = make_asset(status=LegalStatus.LAPSED, status_on=date(2026, 3, 1))
    rows = deadlines_of(asset, ON)
    assert rows[-1].fee.due_on == date(2026, 3, 1)
    assert {item.fee.state for item in rows} == {FeeState.UNKNOWN}


@pytest.mark.parametrize(
    ("days", "stage"), [(-61, None), (-60, 60), (-31, 60), (-30, 30), (-1, 30), (0, 0), (31, 0), (32, -1), (180, -5)]
)
def test_notices_come_sixty_and_thirty_days_before_on_the_day_and_in_each_late_month(
    days: int, stage: int | None
) -> None:
    assert stage_of(date(2026, 3, 1), date(2026, 3, 1) + timedelta(days=days)) == stage


def test_owners_are_told_once_at_each_stage(db: Any) -> None:
    owner = make_organisation()
    make_actor(owner)
    asset = make_asset(owner)  # the seventh year is due on 1 March 2027
    for day, told in ((date(2026, 12, 1), 0), (date(2027, 1, 5), 1), (date(2027, 1, 6), 0), (date(2027, 2, 1), 1)):
        assert remind_of_fees(datetime(day.year, day.month, day.day, 2, tzinfo=UTC)) == told
    kinds = db.execute(select(Notice.kind).where(Notice.link == f"/assets/{asset.id}#fees")).scalars().all()
    assert kinds == ["fee_due", "fee_due"]


def test_the_calendar_is_read_under_a_private_address_that_a_new_one_replaces(
    client: FlaskClient, sign_in: Any, db: Any
) -> None:
    owner = make_organisation()
    soon = datetime.now(UTC).date() + timedelta(days=40)
    filed = date(soon.year - 6, soon.month, min(soon.day, 28))
    asset = make_asset(owner, application_date=filed, titles={"en": "A, very; long " + "title " * 20})
    holder, other = make_actor(owner), make_actor(make_organisation("auditor"))
    db.commit()
    assert client.get("/assets/fees").status_code in (302, 401)
    assert client.get("/assets/fees/calendar/guessed.ics").status_code == 404
    sign_in(client, other)
    assert client.post("/assets/fees/calendar").status_code == 403
    sign_in(client, holder)
    addresses = []
    for number in ("one", "two"):
        page = client.post("/assets/fees/calendar", data={"_idempotency": number}, follow_redirects=True).text
        addresses.append("/assets/fees/calendar/" + page.split("/assets/fees/calendar/")[1].split(".ics")[0] + ".ics")
    assert client.get(addresses[0]).status_code == 404
    answer = client.get(addresses[1])
    assert answer.content_type.startswith("text/calendar")
    lines = answer.data.decode().split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert lines[0] == "BEGIN:VCALENDAR"
    assert "A\\, very\\; long" in answer.data.decode().replace("\r\n ", "")
    assert client.get(f"/assets/{asset.id}/fees.ics").data.count(b"BEGIN:VEVENT") >= 2
    assert client.get("/api/v1/assets/fees").json[0]["restoration"] == "two_months_from_notice"
    assert "两个月" in client.get(f"/assets/{asset.id}/fees?lang=zh").text


def test_a_hidden_rights_fees_stay_hidden(client: FlaskClient, db: Any) -> None:
    hidden = make_asset(make_organisation(), publication_date=None, grant_date=None, demo=False)
    db.commit()
    for path in (f"/assets/{hidden.id}/fees", f"/assets/{hidden.id}/fees.ics", f"/api/v1/assets/{hidden.id}/fees"):
        assert client.get(path).status_code == 404
    assert client.get("/api/v1/assets/fees").status_code == 401

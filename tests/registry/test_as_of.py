"""What the register answered for a past day it answers for ever, whatever is learned or corrected later."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.core.actor import SYSTEM
from marketplace.core.errors import Refused
from marketplace.registry.assets import Asset, find_by_number
from marketplace.registry.encumbrances import annul_encumbrance, encumber, lift_encumbrance, open_encumbrances
from marketplace.registry.event_codes import REGISTER_ENTRIES, RegisterEventType, event_type_of, meaning_of
from marketplace.registry.extracts import extract_of
from marketplace.registry.importing import ImportReport, import_rows
from marketplace.registry.instruments import pass_encumbrance
from marketplace.registry.offices.record import Conveyance, OfficeEvent, OfficeRecord, PropertyReference
from marketplace.registry.ownership import register_ownership

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
RECORD = OfficeRecord(
    row=1, source_format="st36", office="US", asset_kind="invention", number="10999999", kind_code="B2",
    publication_date=date(2021, 5, 4), application_number="16999999", application_date=date(2019, 1, 8),
    grant_date=date(2021, 5, 4), titles=(("en", "Fictional valve"),), owners=("Mill, Inc.",), status="in_force",
    status_date=date(2021, 5, 4), nice_classes=(), family_id="F1",
    events=(OfficeEvent("F10", date(2021, 5, 4), "granted", "st27"),),
)  # fmt: skip
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["retell", "owner", "event", "status", "pledge", "pass", "lift", "annul", "record", "correct"]),
        st.integers(0, 3),
    ),
    min_size=2,
    max_size=7,
)


def bring_in(row: Any, at: datetime) -> None:
    import_rows(SYSTEM, [row], "test", at, ImportReport())


def known_asset(at: datetime = START) -> Asset:
    bring_in(RECORD, at)
    return find_by_number("US10999999B2")


def take_step(asset: Asset, record: OfficeRecord, kind: str, number: int, at: datetime) -> OfficeRecord:
    burdens = [row for row in open_encumbrances(asset.id, at.date()) if row.lifted_at is None]
    if kind in ("retell", "owner", "event", "status"):
        changed: dict[str, Any] = {
            "retell": {"titles": (("en", f"Fictional valve {number}"),), "ipc": ("F16K 1/00",)},
            "owner": {"owners": (f"Mill {number} GmbH",)},
            "event": {"events": (OfficeEvent("H13", date(2026, 1, 1 + number), "lapsed", "st27"),)},
            "status": {"status": "lapsed", "status_date": date(2026, 1, 1 + number), "family_id": f"F{number}"},
        }
        record = replace(record, **changed[kind])
        bring_in(record, at)
    elif kind == "pledge":
        encumber(SYSTEM, asset.id, "pledge", None, at.date(), None, f"P{at}", at, holder_name=f"Bank {number}")
    elif kind == "record":
        rights = (PropertyReference("16999999", "", "10999999", ""),)
        row = Conveyance(
            1, "US", f"06{at:%m%d}-000{number}", "", "SECURITY INTEREST", at.date() - timedelta(days=number),
            at.date() - timedelta(days=9), ("MILL",), (f"BANK {number}",), rights,
        )  # fmt: skip
        bring_in(row, at)
    elif kind == "correct":
        register_ownership(SYSTEM, asset.id, [(None, f"Other {number}", Fraction(1))], "correction", at, START)
    elif burdens:
        chosen = burdens[number % len(burdens)]
        if kind == "pass":
            pass_encumbrance(SYSTEM, chosen.id, None, f"Next {number}", at.date(), "passed", at)
        elif kind == "lift":
            lift_encumbrance(SYSTEM, chosen.id, at, at.date() - timedelta(days=number) if number else None)
        else:
            annul_encumbrance(SYSTEM, chosen.id, "entered by mistake", at)
    return record


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=STEPS)
def test_any_past_answer_is_unchanged_by_later_knowledge(db: Any, steps: list[tuple[str, int]]) -> None:
    saved = db.begin_nested()
    asset, record, at = known_asset(), RECORD, START
    remembered: dict[date, dict[str, Any]] = {}
    for kind, number in steps:
        at += timedelta(days=1 + number)
        try:
            with db.begin_nested():
                record = take_step(asset, record, kind, number, at)
        except Refused:
            pass
        db.expire_all()
        for day in (START.date(), at.date()):
            answer = extract_of(asset, day)
            assert remembered.setdefault(day, answer) == answer
            assert not answer["reconstructed"]
    for day, before in remembered.items():
        assert extract_of(asset, day) == before
    saved.rollback()


def test_a_document_told_again_closes_what_it_no_longer_says(db: Any) -> None:
    asset = known_asset()
    later = START + timedelta(days=5)
    lapsed = OfficeEvent("H13", date(2026, 1, 2), "lapsed", "st27")
    bring_in(replace(RECORD, events=(lapsed,), owners=("Right Mill, Inc.",)), later)
    now, then = extract_of(asset, later.date()), extract_of(asset, START.date())
    assert [event["code"] for event in now["events"]] == ["H13"]
    assert [event["code"] for event in then["events"]] == ["F10"]
    assert (now["owners"], then["owners"]) == (["Right Mill, Inc."], ["Mill, Inc."])
    by_old_knowledge = extract_of(asset, later.date(), known=datetime.combine(START.date(), time(23), UTC))
    assert by_old_knowledge["owners"] == ["Mill, Inc."]


def test_the_page_and_the_api_answer_by_what_was_known(client: FlaskClient, db: Any) -> None:
    asset = known_asset()
    bring_in(replace(RECORD, titles=(("en", "Corrected title"),)), START + timedelta(days=5))
    db.commit()
    then = client.get(f"/api/v1/assets/{asset.id}?as_of=2026-03-03").json
    assert then["title"] == {"en": "Fictional valve"}
    again = client.get(f"/api/v1/assets/{asset.id}?as_of=2026-03-09&known_at=2026-03-03T00:00:00Z").json
    assert again["title"] == {"en": "Fictional valve"}
    assert "Fictional valve" in client.get(f"/assets/{asset.id}?as_of=2026-03-03&lang=en").text
    assert "Corrected title" in client.get(f"/assets/{asset.id}?lang=en").text
    assert client.get(f"/api/v1/assets/{asset.id}?known_at=yesterday").status_code == 422


def test_pages_and_api_of_a_past_day_stay_word_for_word_whatever_is_learned(client: FlaskClient, db: Any) -> None:
    asset, record, at = known_asset(), RECORD, START
    asset_id, day = asset.id, START + timedelta(days=2)
    asked = [f"as_of={day:%F}", f"known_at={day:%F}", f"as_of={day + timedelta(days=40):%F}&known_at={day:%F}"]
    pages = [f"/assets/{asset_id}{part}?lang=en&{words}" for part in ("", "/title") for words in asked]
    answers = [
        f"/api/v1/assets/{asset_id}{part}?{words.replace('known_at=' + f'{day:%F}', 'known_at=' + f'{day:%F}T23:59:59Z')}"
        for part in ("", "/title") for words in asked
    ]  # fmt: skip

    def told() -> dict[str, str]:
        db.commit()
        return {path: re.sub(r"(?:csrf_token|nonce)[^>]*>", "", client.get(path).text) for path in (*pages, *answers)}

    record = take_step(asset, record, "pledge", 1, START + timedelta(days=1))
    before = told()
    assert all("Bank 1" in before[path] for path in before if "/title" not in path)
    for number, kind in enumerate(["retell", "owner", "event", "record", "pass", "lift", "pledge", "annul", "correct"]):
        at = day + timedelta(days=2 + number)
        record = take_step(find_by_number("US10999999B2"), record, kind, 0, at)
        after = told()
        assert [path for path in before if before[path] != after[path]] == [], kind


def test_the_register_has_the_twelve_entries_of_the_law() -> None:
    assert len(REGISTER_ENTRIES) == 12
    assert RegisterEventType.PUBLICATION not in REGISTER_ENTRIES


@pytest.mark.parametrize(
    ("scheme", "code", "meaning"),
    [
        ("inpadoc-cn", "CF01", ("H", "termination")),
        ("inpadoc-cn", "PE01", ("S", "pledge_or_preservation")),
        ("cnipa", "EC01", ("S", "licence_recordal")),
        ("cnipa", "QQ99", ("", "unknown")),
        ("st27", "S20", ("S", "pledge_or_preservation")),
        ("st27", "A-2-2-U10-U11-OTH-PR1002", ("U", "fee")),
        ("st27", "N-2-6-B10-B12-nap-X000", ("B", "withdrawal_or_refusal")),
        ("st27", "F10-F00", ("F", "grant")),
        ("st27", "R14", ("R", "transfer")),
        ("st27", "nonsense", ("", "unknown")),
        ("inpadoc-us", "AS", ("R", "transfer")),
        ("inpadoc-ep", "ZZZZ", ("", "unknown")),
        ("ep-register-state", "LAPSED AT", ("H", "termination")),
    ],
)
def test_office_codes_are_mapped_and_unknown_ones_stay_unknown(
    scheme: str, code: str, meaning: tuple[str, str]
) -> None:
    category, entry = meaning_of(scheme, code)
    assert (category, entry.value) == meaning
    assert event_type_of(scheme, code) is entry

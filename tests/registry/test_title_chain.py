"""The chain of title: in order, with gaps, wrong, late and double recordings shown and never bridged by a guess."""

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.actor import SYSTEM
from marketplace.registry.importing import ImportReport, import_rows
from marketplace.registry.offices.record import Conveyance, PropertyReference
from marketplace.registry.ownership import register_ownership
from marketplace.registry.title_chain import Passing, TitleChain, TitleFinding, read_chain
from tests.makers.identity import make_organisation
from tests.makers.registry import make_asset

F = TitleFinding


def deed(reference: str, giver: str, taker: str, signed: date, recorded: date | None = None, **more: Any) -> Passing:
    givers, takers = tuple(filter(None, giver.split("|"))), tuple(filter(None, taker.split("|")))
    return Passing(reference, givers, takers, signed, recorded or signed, **more)


FIRST = deed("1-1", "LIU, WENJUN|RAMM, ROBERT JAMES", "Mill, Inc.", date(2015, 1, 5))
SECOND = deed("2-1", "MILL INC", "Press Ltd.", date(2018, 1, 5))
INVENTORS = ("Wenjun Liu", "Robert Ramm")


def findings(chain: TitleChain) -> list[list[TitleFinding]]:
    return [link.findings for link in chain.links]


def test_an_unbroken_chain_leads_from_the_inventors_to_the_owner() -> None:
    chain = read_chain(INVENTORS, [SECOND, FIRST], ["PRESS LIMITED"])
    assert chain.unbroken
    assert [link.passing.reference for link in chain.links] == ["1-1", "2-1"]
    assert findings(chain) == [[F.SPELLING_DIFFERS], []]
    assert chain.links[-1].holders == ("Press Ltd.",)


def test_a_giver_who_never_held_is_a_gap_and_the_chain_goes_on_from_there() -> None:
    chain = read_chain(INVENTORS, [FIRST, deed("3-1", "Stranger AG", "Press Ltd.", date(2018, 1, 5))], ["Press"])
    assert findings(chain)[1] == [F.GIVER_NEVER_HELD]
    assert not chain.unbroken
    assert set(chain.links[1].holders) == {"Mill, Inc.", "Press Ltd."}


def test_a_second_sale_by_the_same_seller_is_wrong_and_not_followed() -> None:
    again = deed("3-1", "Mill, Inc.", "Other Ltd.", date(2019, 1, 5))
    chain = read_chain(INVENTORS, [FIRST, SECOND, again], ["Other Ltd."])
    assert findings(chain)[2] == [F.GIVEN_TWICE]
    assert chain.links[2].holders == ("Press Ltd.",)
    assert chain.owners_missing == ("Other Ltd.",)


def test_an_owner_of_the_register_who_sold_is_told_apart_from_one_nobody_leads_to() -> None:
    assert read_chain(INVENTORS, [FIRST, SECOND], ["Mill, Inc."]).owners_gone == ("Mill, Inc.",)
    assert read_chain(INVENTORS, [FIRST, SECOND], ["Nobody Ltd"]).owners_missing == ("Nobody Ltd",)


def test_a_deed_recorded_twice_counts_once_and_a_correction_replaces_what_it_cites() -> None:
    twice = deed("9-9", "Mill Inc.", "PRESS, LTD", date(2018, 1, 5), date(2018, 2, 1))
    assert findings(read_chain(INVENTORS, [FIRST, SECOND, twice], ["Press"]))[2] == [F.RECORDED_TWICE]
    wrong = deed("012345-0678", "Mill Inc.", "Pres Ltd", date(2018, 1, 5))
    words = "CORRECTIVE ASSIGNMENT TO CORRECT THE ASSIGNEE PREVIOUSLY RECORDED AT REEL: 12345 FRAME: 678"
    right = deed("013000-0001", "Mill Inc.", "Press Ltd", date(2018, 1, 5), date(2018, 3, 1), words=words)
    chain = read_chain(INVENTORS, [FIRST, wrong, right], ["Press Ltd"])
    assert F.REPLACED in findings(chain)[1]
    assert chain.unbroken


@pytest.mark.parametrize(
    ("recorded", "finding"),
    [(date(2018, 4, 5), []), (date(2018, 4, 6), [F.RECORDED_LATE]), (date(2018, 1, 4), [F.DATE_IMPOSSIBLE])],
)
def test_three_months_are_in_time_and_a_day_more_is_late(recorded: date, finding: list[TitleFinding]) -> None:
    late = deed("2-1", "MILL INC", "Press Ltd.", date(2018, 1, 5), recorded)
    assert findings(read_chain(["Mill"], [late], ["Press"])) == [finding]


def test_a_later_deed_recorded_first_is_shown() -> None:
    early = deed("5-1", "A", "B", date(2018, 1, 1), date(2018, 3, 1))
    later = deed("4-1", "B", "C", date(2018, 2, 1), date(2018, 2, 2))
    assert findings(read_chain(["A"], [early, later], ["C"])) == [[F.OUT_OF_ORDER], []]


def test_a_change_of_name_carries_the_title_and_a_security_interest_does_not() -> None:
    renamed = deed("6-1", "Mill, Inc.", "New Mill, Inc.", date(2017, 1, 1), words="CHANGE OF NAME")
    secured = deed("7-1", "New Mill, Inc.", "A Bank", date(2018, 1, 1), words="SECURITY INTEREST")
    chain = read_chain(["Mill"], [renamed, secured], ["New Mill"])
    assert chain.unbroken
    assert len(chain.links) == 1


@given(st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE"), st.integers(1, 28)), max_size=8))
def test_whoever_holds_at_the_end_was_there_first_or_took_by_a_step_that_counts(rows: list[Any]) -> None:
    passings = [deed(f"{n}-1", f"Firm {a}", f"Firm {b}", date(2020, 1, day)) for n, (a, b, day) in enumerate(rows)]
    chain = read_chain(["Firm A"], passings, [])
    assert len(chain.links) == len(rows)
    taken = {name for link in chain.links if link.counts for name in link.passing.takers}
    last = set(chain.links[-1].holders) if chain.links else set()
    assert last <= taken | {"Firm A"}
    if chain.unbroken:
        assert len(last) == (1 if chain.links else 0)


def test_the_page_and_the_api_show_the_chain_its_gap_and_an_earlier_day(client: FlaskClient, db: Any) -> None:
    right = PropertyReference("16777001", "", "10777001", "")
    rows = [
        Conveyance(1, "US", "050000-0001", "assignment", "ASSIGNMENT OF ASSIGNORS INTEREST", date(2019, 2, 1),
                   date(2019, 1, 5), ("ROE, JANE",), ("MILL, INC.",), (right,)),
        Conveyance(2, "US", "060000-0001", "assignment", "ASSIGNMENT OF ASSIGNORS INTEREST", date(2022, 2, 1),
                   date(2022, 1, 5), ("STRANGER AG",), ("PRESS LTD",), (right,)),
    ]  # fmt: skip
    import_rows(SYSTEM, rows, "test", datetime(2026, 3, 2, tzinfo=UTC), ImportReport())
    asset = make_asset(office="US", number="10777001", application_number="16777001", inventors=["Jane Roe"])
    learned, since = datetime(2026, 3, 2, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
    register_ownership(SYSTEM, asset.id, [(None, "Press Ltd", Fraction(1))], "x", learned, since)
    db.commit()
    page = client.get(f"/assets/{asset.id}/title?lang=en").text
    assert "Gap: nothing recorded shows how the transferor came to hold the right." in page
    assert "<svg" in page
    assert "断点" in client.get(f"/assets/{asset.id}/title?lang=zh").text
    answer = client.get(f"/api/v1/assets/{asset.id}/title").json
    assert [link["findings"] for link in answer["links"]] == [[], ["giver_never_held"]]
    assert (answer["unbroken"], answer["owners_not_in_chain"]) == (False, [])
    past = client.get(f"/api/v1/assets/{asset.id}/title?as_of=2020-06-01").json
    assert [link["reference"] for link in past["links"]] == ["050000-0001"]
    assert past["owners_not_in_chain"] == ["Press Ltd"]
    assert client.get(f"/assets/{asset.id}/title?as_of=soon").status_code == 422
    assert client.get(f"/api/v1/assets/{asset.id}/title?as_of=soon").status_code == 422


def test_a_title_within_the_marketplace_is_a_chain_too_and_a_hidden_right_stays_hidden(
    client: FlaskClient, db: Any
) -> None:
    seller, buyer = make_organisation(), make_organisation()
    asset = make_asset(seller)
    register_ownership(SYSTEM, asset.id, [(buyer.id, buyer.name_zh or "", Fraction(1))], "deal 1", datetime.now(UTC))
    hidden = make_asset(seller, publication_date=None, grant_date=None, demo=False)
    db.commit()
    answer = client.get(f"/api/v1/assets/{asset.id}/title").json
    assert (answer["unbroken"], [link["reference"] for link in answer["links"]]) == (True, ["deal 1"])
    assert client.get(f"/assets/{hidden.id}/title").status_code == 404
    assert client.get(f"/api/v1/assets/{hidden.id}/title").status_code == 404

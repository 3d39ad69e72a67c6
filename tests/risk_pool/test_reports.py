"""A pool's periodic report: its figures are those of the books, by quarter, for the administrator and the auditor only."""

from datetime import date
from typing import Any

import pytest

from marketplace.core.errors import Malformed
from marketplace.risk_pool import recoveries
from marketplace.risk_pool.reports import quarter, quarter_of, report_of
from tests.makers.identity import make_actor
from tests.makers.risk_pool import NOW, TODAY, World, cny, make_scheme

PERIOD = quarter_of(TODAY)


@pytest.mark.parametrize(("number", "last"), [(1, date(2026, 3, 31)), (2, date(2026, 6, 30)), (4, date(2026, 12, 31))])
def test_a_quarter_has_three_whole_months(number: int, last: date) -> None:
    assert quarter(2026, number) == (date(2026, number * 3 - 2, 1), last)
    assert quarter_of(last) == (2026, number)
    with pytest.raises(Malformed):
        quarter(2026, 5)


def test_the_report_tells_every_movement_and_who_bore_and_got_what(world: World) -> None:
    claim = world.compensated(world.enrolled(make_scheme(world), world.loan()))
    recoveries.record_recovery(world.officer, claim.id, cny(600_000), cny(100_000), (TODAY, "collateral", "R1"), NOW)
    recovery = recoveries.recoveries_of(claim.id)[0]
    recoveries.settle_recovery_share(world.approver, recovery.id, "fund", "S1", NOW)
    report = report_of(world.reviewer, world.pool.id, *PERIOD)
    assert report.movements == {
        "pool_replenished": cny(40_000_000), "claim_compensated": cny(0) - cny(1_500_000),
        "recovery_settled": cny(250_000),
    }  # fmt: skip
    assert (report.opening, report.closing) == (cny(0), cny(38_750_000))
    assert (report.compensated.count, report.borne["insurer_or_guarantor"]) == (1, cny(900_000))
    assert (report.recovered.amount, report.returned["fund"]) == (cny(600_000), cny(250_000))
    following = report_of(world.reviewer, world.pool.id, PERIOD[0] + 1, 1)
    assert (following.opening, following.movements) == (cny(38_750_000), {})


def test_page_pdf_and_api_serve_the_administrator_in_both_languages(
    world: World, client: Any, sign_in: Any, db: Any
) -> None:
    page, path = f"/risk-pool/pools/{world.pool.id}/report", f"/api/v1/risk-pools/{world.pool.id}/report"
    asked = f"?year={PERIOD[0]}&quarter={PERIOD[1]}"
    db.commit()
    assert sign_in(client, None).get(path).status_code == 401
    assert sign_in(client, world.officer).get(path).status_code == 404
    assert sign_in(client, make_actor(kind="pool_administrator")).get(page).status_code == 404
    sign_in(client, world.reviewer)
    for language, words in (("en", "Balance at the end"), ("zh", "期末余额")):
        assert words in client.get(f"{page}{asked}&lang={language}").text
    assert client.get(f"{page}?quarter=5").status_code == client.get(f"{path}?quarter=x").status_code == 422
    assert client.get(f"{path}{asked}").json["closing"] == "40000000.00"
    assert client.get(f"/risk-pool/pools/{world.pool.id}/report.pdf{asked}").data[:5] == b"%PDF-"

"""The worked vectors of pool arithmetic, asked as outside programs ask them."""

import json
from pathlib import Path

import pytest

from marketplace.core.errors import Malformed, Refused
from marketplace.risk_pool.share_cases import share
from marketplace.risk_pool.terms import LoanOutsideTiers, SharesUnknown


def compensation(**case):
    return share(case)["compensation"]


def test_5311_divides_three_million_and_shares_a_recovery_back():
    answer = share({"scheme": "5311", "loss": "3000000", "recovery": "600000", "recovery_cost": "100000"})
    assert list(answer["compensation"].values()) == ["1500000.00", "900000.00", "300000.00", "300000.00"]
    assert list(answer["recovery"].values()) == ["250000.00", "150000.00", "50000.00", "50000.00"]
    assert answer["cost_reimbursed"] == "100000.00"
    assert answer["surplus_to_pledgor"] == "0.00"


def test_zhongshan_divides_a_million_among_four():
    assert compensation(scheme="zhongshan", loss="1000000") == {
        "fund": "540000.00", "bank": "260000.00", "insurer": "160000.00", "appraiser": "40000.00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("so_far", "fund"),
    [("0", "5000000.00"), ("10000000", "5000000.00"), ("15000000", "2500000.00"), ("20000000", "0.00")],
)
def test_guangzhou_2023_counts_ten_million_a_loan_and_twenty_a_borrower_year(so_far, fund):
    shares = compensation(scheme="guangzhou-2023", loss="12000000", borrower_year_so_far=so_far)
    assert shares["fund"] == fund


def test_guangzhou_2023_pays_nothing_when_the_contract_does_not_state_the_secured_part():
    answer = share({"scheme": "2023", "loss": "1000000", "ip_share": None})
    assert answer["compensation"] == {"fund": "0.00", "bank": "1000000.00"}
    assert answer["limits"] == ["ip_share_not_stated"]


def test_only_the_secured_part_is_shared():
    assert compensation(scheme="55", loss="1000000", ip_share="60%") == {"fund": "300000.00", "bank": "700000.00"}
    assert compensation(scheme="55", loss="1000000", ip_share="0.6") == {"fund": "300000.00", "bank": "700000.00"}


@pytest.mark.parametrize(
    ("loan", "changes", "fund"),
    [
        ("4000000", {}, "2000000.00"),
        ("12000000", {}, "5400000.00"),
        ("12000000", {"tier_mode": "marginal"}, "5650000.00"),
        ("4000000", {"uplifts": []}, "1600000.00"),
        ("12000000", {"uplifts": ["ip_pledge", "policy_tool"]}, "6000000.00"),
        ("12000000", {"uplifts": ["ip_pledge", "key_list"]}, "5400000.00"),
        ("5000000", {"uplifts": []}, "2000000.00"),
        ("5000000.01", {"uplifts": []}, "1500000.00"),
        ("4000000", {"mode": "guarantee"}, "800000.00"),
    ],
)
def test_guangzhou_2025_tiers_additions_and_ceiling(loan, changes, fund):
    assert compensation(scheme="guangzhou-2025", loss=loan, **changes)["fund"] == fund


def test_a_loan_beyond_the_last_tier_has_no_published_rate():
    with pytest.raises(LoanOutsideTiers):
        share({"scheme": "2025", "loss": "30000000.01"})


def test_the_breaker_stops_a_bank_above_three_per_cent():
    case = {"scheme": "2025", "loss": "1", "bank_year_loss": "3100000", "bank_year_principal": "100000000"}
    assert share(case)["breaker"] == {"rate": "3.1", "limit": "3", "suspended": True}
    assert share(case | {"bank_year_loss": "3000000"})["breaker"]["suspended"] is False


def test_an_unknown_split_is_never_invented_but_may_be_stated():
    with pytest.raises(SharesUnknown):
        share({"scheme": "haikou", "loss": "100"})
    stated = compensation(scheme="haikou", loss="100", shares={"fund": "70", "bank": "30"})
    assert stated == {"fund": "70.00", "bank": "30.00"}


def test_korea_pays_a_price_up_to_half_of_the_loan():
    case = {"scheme": "korea-recovery-purchase", "loss": "100000000", "purchase_price": "40000000"}
    assert share(case)["compensation"] == {"buyer": "40000000", "bank": "60000000"}
    with pytest.raises(Refused):
        share(case | {"purchase_price": "50000001"})


def test_a_capped_pool_leaves_the_bank_the_rest_and_recovery_may_follow_what_was_borne():
    case = {
        "scheme": {"shares": {"pool": 40, "guarantor": 20, "bank": 40}, "recovery_basis": "borne"},
        "loss": "10000000", "cover": "3500000", "recovery": "3000000",
    }  # fmt: skip
    answer = share(case)
    assert answer["compensation"] == {"pool": "3500000.00", "guarantor": "2000000.00", "bank": "4500000.00"}
    assert answer["recovery"] == {"pool": "1050000.00", "guarantor": "600000.00", "bank": "1350000.00"}
    nominal = share(case | {"recovery_basis": "nominal"})
    assert nominal["recovery"] == {"pool": "1200000.00", "guarantor": "600000.00", "bank": "1200000.00"}


def test_enforcement_cost_comes_off_before_sharing():
    case = {
        "scheme": {"shares": {"pool": 40, "guarantor": 20, "bank": 40}}, "loss": "10000000",
        "recovery": "3000000", "recovery_cost": "150000",
    }  # fmt: skip
    assert share(case)["net_borne"] == {"pool": "2860000.00", "guarantor": "1430000.00", "bank": "2860000.00"}


def test_what_exceeds_every_loss_goes_to_the_pledgor():
    case = {"scheme": "55", "loss": "100", "other_loss": "7", "recovery": "150", "recovery_cost": "10"}
    answer = share(case)
    assert answer["recovery"] == {"fund": "50.00", "bank": "50.00"}
    assert answer["other_loss_reimbursed"] == "7.00"
    assert answer["surplus_to_pledgor"] == "33.00"


def test_the_rounding_residue_goes_to_the_named_bearer():
    thirds = {"a": 33, "b": 33, "bank": 34}
    assert compensation(scheme={"shares": thirds}, loss="0.05") == {"a": "0.01", "b": "0.01", "bank": "0.03"}
    named = compensation(scheme={"shares": thirds, "residue_to": "a"}, loss="0.05")
    assert named == {"a": "0.03", "b": "0.01", "bank": "0.01"}


def test_a_scheme_may_come_from_a_file(tmp_path: Path):
    file = tmp_path / "scheme.json"
    file.write_text(json.dumps({"name": "own", "shares": {"fund": "54", "bank": "46"}}))
    assert compensation(scheme=str(file), loss="100") == {"fund": "54.00", "bank": "46.00"}


@pytest.mark.parametrize(
    "case",
    [
        {},
        {"scheme": "5311"},
        {"scheme": "5311", "loss": "-1"},
        {"scheme": "5311", "loss": "NaN"},
        {"scheme": "5311", "loss": 1.5},
        {"scheme": "5311", "loss": "1e3"},
        {"scheme": "5311", "loss": "1.234"},
        {"scheme": "5311", "loss": "1", "ip_share": "1.2"},
        {"scheme": "5311", "loss": "1", "borower_year_so_far": "1"},
        {"scheme": {"shares": {"fund": 50, "bank": 49}}, "loss": "1"},
        {"scheme": {"shares": {"fund": 150, "bank": -50}}, "loss": "1"},
        {"scheme": {"shares": {"fund": 50, "bank": 50}, "residue_to": "nobody"}, "loss": "1"},
        {"scheme": "nowhere.json", "loss": "1"},
        {"scheme": True, "loss": "1"},
        {"scheme": "5311", "mode": "unheard", "loss": "1"},
        [],
    ],
)
def test_a_malformed_case_is_refused(case):
    with pytest.raises(Malformed):
        share(case)


def test_more_cannot_be_lost_than_was_lent():
    with pytest.raises(Refused):
        share({"scheme": "5311", "loan": "100", "loss": "100.01"})

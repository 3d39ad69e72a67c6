"""The renewal model on real maintenance-fee records: learned from grants to 2005, judged on grants of 2006."""

import csv
import os
from pathlib import Path

import pytest

from marketplace.valuation.renewal_evaluation import evaluate
from marketplace.valuation.renewal_records import labelled, read_records
from marketplace.valuation.renewal_training import train

DATA = Path(os.environ.get("DATA_DIR", "../shared/data")) / "renewal" / "renewal_train.csv"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.exists(), reason=f"real data not found at {DATA}; set DATA_DIR"),
]


def test_later_grants_are_ranked_calibrated_and_covered(tmp_path: Path) -> None:
    rows = list(csv.DictReader(DATA.open(encoding="utf-8-sig", newline="")))
    for name, keep in (("early", lambda year: year <= 2005), ("late", lambda year: year >= 2006)):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(row for row in rows if keep(int(row["grant_year"])))
    model = train(tmp_path / "early.csv")
    records, outcomes = labelled(*read_records(tmp_path / "late.csv"))
    report = evaluate(model.predict(records), outcomes)
    assert 0.67 <= report["auc_stage_2"]["value"] <= 0.75, report
    assert report["auc_stage_2"]["low"] > 0.60, "the numeric baseline reaches 0.59"
    assert report["spearman"]["value"] >= 0.28, report
    assert report["ece"]["value"] <= 0.06, report
    assert 0.75 <= report["coverage_80"]["value"] <= 0.87, report
    assert report["mean_set_size"]["value"] < 1.6, report
    assert not report["leakage_alarm"]

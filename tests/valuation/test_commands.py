"""The valuation commands as outside tests drive them."""

import csv
import json
from pathlib import Path

from apiflask import APIFlask

from tests.makers.registry import make_asset
from tests.valuation.test_renewal_model import write_patents


def test_train_predict_and_evaluate_work_together(app: APIFlask, tmp_path: Path) -> None:
    data, model, out = write_patents(tmp_path / "patents.csv"), tmp_path / "model", tmp_path / "predicted.csv"
    runner = app.test_cli_runner()
    trained = runner.invoke(args=["valuation", "train", "--data", str(data), "--out", str(model)])
    assert trained.exit_code == 0 and json.loads(trained.stdout)["trained_on"]["patents"] == 400
    args = ["valuation", "predict", "--model", str(model), "--data", str(data), "--out", str(out)]
    assert runner.invoke(args=args).exit_code == 0
    rows = list(csv.DictReader(out.open()))
    assert len(rows) == 400
    for row in rows:
        assert abs(sum(float(row[f"stage{stage}"]) for stage in range(4)) - 1) < 1e-4
        assert int(row["p10"]) <= int(row["p50"]) <= int(row["p90"])
    judged = runner.invoke(args=["valuation", "evaluate", "--model", str(model), "--data", str(data), "--json"])
    report = json.loads(judged.stdout)
    assert report["auc_stage_2"]["low"] <= report["auc_stage_2"]["value"] <= report["auc_stage_2"]["high"]


def test_a_refused_file_answers_with_a_json_error(app: APIFlask, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("title\nx\n")
    answer = app.test_cli_runner().invoke(
        args=["valuation", "train", "--data", str(tmp_path / "bad.csv"), "--out", str(tmp_path / "m")]
    )
    assert answer.exit_code == 1 and "error" in json.loads(answer.stdout)


def test_the_report_command_prints_and_keeps_an_indication(app: APIFlask, db: object, tmp_path: Path) -> None:
    asset = make_asset()
    args = ["valuation", "report", asset.label, "--pdf", str(tmp_path / "r.pdf"), "--json"]
    answer = app.test_cli_runner().invoke(args=args)
    assert answer.exit_code == 0, answer.output
    said = json.loads(answer.stdout)
    assert said["basis"] == "platform_indication" and said["middle"]["currency"] == "CNY"
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


def test_an_unknown_number_is_refused(app: APIFlask, db: object) -> None:
    answer = app.test_cli_runner().invoke(args=["valuation", "report", "CN000000000Z", "--json"])
    assert answer.exit_code == 1 and "error" in json.loads(answer.stdout)

"""Train, predict, evaluate and report values."""

import csv
from pathlib import Path

import click
from flask.cli import AppGroup

from marketplace.commands.output import refuse, say
from marketplace.core.errors import Problem
from marketplace.valuation.renewal_files import DEFAULT_FOLDER, load_model, save_model
from marketplace.valuation.renewal_model import Prediction
from marketplace.valuation.renewal_records import labelled, read_records

group = AppGroup("valuation", help="Train, predict, evaluate and report values.")

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_folder = click.Path(file_okay=False, path_type=Path)
PREDICTED = ("score", "p10", "p50", "p90", "stage0", "stage1", "stage2", "stage3")


@group.command("train", with_appcontext=False)
@click.option("--data", type=_file, required=True, help="CSV of patents with the column stage.")
@click.option("--out", type=_folder, required=True, help="Folder for the model.")
def train_command(data: Path, out: Path) -> None:
    """Learn the renewal-stage model from patents with known fee payments."""
    from marketplace.valuation.renewal_training import train  # scikit-learn loads only when it is needed

    try:
        model = train(data)
    except Problem as problem:
        refuse(problem)
        return
    save_model(model, out)
    say({"out": str(out)} | model.card)


@group.command("predict", with_appcontext=False)
@click.option("--model", "folder", type=_folder, default=DEFAULT_FOLDER, help="Model folder; default: the shipped one.")
@click.option("--data", type=_file, required=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def predict_command(folder: Path, data: Path, out: Path) -> None:
    """Add score, p10, p50, p90 and stage0..stage3 to each row of a CSV file."""
    try:
        records, _outcomes = read_records(data)
        prediction = load_model(folder).predict(records)
    except Problem as problem:
        refuse(problem)
        return
    _write_predictions(data, out, prediction)
    say({"predicted": len(records), "out": str(out)})


def _write_predictions(data: Path, out: Path, prediction: Prediction) -> None:
    """Copy the file with the predicted columns at the end."""
    with data.open(encoding="utf-8-sig", newline="") as source, out.open("w", encoding="utf-8", newline="") as target:
        reader = csv.DictReader(source)
        kept = [name for name in reader.fieldnames or () if name not in PREDICTED]
        writer = csv.DictWriter(target, [*kept, *PREDICTED], extrasaction="ignore")
        writer.writeheader()
        for number, row in enumerate(reader):
            stages = [f"{chance:.6f}" for chance in prediction.probabilities[number]]
            low, middle, high = (int(part[number]) for part in (prediction.low, prediction.middle, prediction.high))
            values = [f"{prediction.score[number]:.4f}", low, middle, high, *stages]
            writer.writerow(row | dict(zip(PREDICTED, values, strict=True)))


@group.command("evaluate", with_appcontext=False)
@click.option("--model", "folder", type=_folder, default=DEFAULT_FOLDER, help="Model folder; default: the shipped one.")
@click.option("--data", type=_file, required=True)
@click.option("--json", "_json", is_flag=True, help="The answer is always JSON.")
def evaluate_command(folder: Path, data: Path, _json: bool) -> None:
    """Compare predictions with what owners really paid; every figure with a bootstrap interval."""
    from marketplace.valuation.renewal_evaluation import evaluate

    try:
        records, outcomes = labelled(*read_records(data))
        model = load_model(folder)
    except Problem as problem:
        refuse(problem)
        return
    say({"model": model.card["model"]} | evaluate(model.predict(records), outcomes))

"""Train, predict, evaluate and report values."""

import csv
from datetime import UTC, date, datetime, time
from pathlib import Path

import click
from flask.cli import AppGroup

from marketplace.commands.output import refuse, say
from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Malformed, Problem
from marketplace.core.money import Money
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


@group.command("splits", with_appcontext=False)
@click.option("--data", type=_file, required=True, help="CSV of patents with the column stage.")
@click.option("--json", "_json", is_flag=True, help="The answer is always JSON.")
def splits_command(data: Path, _json: bool) -> None:
    """Learn three times and judge on later grants, on owners never seen and on random patents, side by side."""
    from marketplace.valuation.renewal_splits import compare_splits

    try:
        say(compare_splits(data))
    except Problem as problem:
        refuse(problem)


@group.command("backtest")
@click.option("--demo", is_flag=True, help="On the invented market whose truth is known, instead of closed deals.")
@click.option("--purpose", default="transfer", type=click.Choice(["transfer", "licence", "pledge", "court_sale"]))
@click.option("--json", "_json", is_flag=True, help="The answer is always JSON.")
def backtest_command(demo: bool, purpose: str, _json: bool) -> None:
    """Walk the price model forward in time and compare it with baselines and other splits."""
    from marketplace.valuation.price_history import backtest, demo_backtest

    try:
        say(demo_backtest() if demo else backtest(purpose, now()))
    except Problem as problem:
        refuse(problem)


@group.command("report")
@click.argument("number")
@click.option("--purpose", default="transfer", type=click.Choice(["transfer", "licence", "pledge", "court_sale"]))
@click.option("--as-of", "as_of", default=None, help="An earlier day, YYYY-MM-DD.")
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path), default=None)
@click.option("--json", "_json", is_flag=True, help="The answer is always JSON.")
def report_command(number: str, purpose: str, as_of: str | None, pdf: Path | None, _json: bool) -> None:
    """Indicate a value for the asset with this number and print its report."""
    from marketplace.registry.assets import find_by_number
    from marketplace.valuation.report_pdf import indication_pdf
    from marketplace.valuation.reports import indicate_value

    try:
        asset = find_by_number(number)
        indication = indicate_value(SYSTEM, asset.id, purpose, now(), as_of=_end_of(as_of))
        if pdf:
            pdf.write_bytes(indication_pdf(indication, asset))
    except Problem as problem:
        session.rollback()
        refuse(problem)
        return
    session.commit()
    ends = {name: _plain(getattr(indication, name)) for name in ("low", "middle", "high")}
    said = {"number": asset.label, "purpose": purpose, "basis": "platform_indication", **ends}
    details = {"as_of": indication.as_of.isoformat(), "inputs_hash": indication.inputs_hash}
    say(said | details | {"id": str(indication.id), "snapshot": indication.snapshot, "answer": indication.answer})


def _plain(money: Money) -> dict[str, str]:
    return {"amount": money.format(), "currency": money.currency}


def _end_of(day: str | None) -> datetime | None:
    """The last instant of a stated day, in UTC."""
    if day is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(day), time(23, 59, 59), tzinfo=UTC)
    except ValueError:
        raise Malformed("as_of", "Write the day as YYYY-MM-DD.") from None

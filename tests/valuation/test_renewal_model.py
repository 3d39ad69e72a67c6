"""The renewal-stage model: what it may read, that it repeats itself, and that unknown never sharpens an answer."""

import csv
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.errors import Malformed
from marketplace.valuation.renewal_files import default_model, load_model, save_model
from marketplace.valuation.renewal_model import RenewalModel
from marketplace.valuation.renewal_records import LATER_COLUMNS, RenewalRecord, labelled, read_records
from marketplace.valuation.renewal_training import train

COLUMNS = [
    "id",
    "title",
    "assignee",
    "inventors",
    "priority_date",
    "filing_date",
    "grant_date",
    "kind",
    "num_applications",
    "num_patent_citations",
    "num_nonpatent_citations",
    "num_claims",
    "num_similar_doc",
    "num_authors",
    "payment_times",
    "stages_observable",
    "stage",
    "censored",
] + [f"class_{section}" for section in "ABCDEFGH"]


def write_patents(path: Path, count: int = 400, seed: int = 7) -> Path:
    """A file of invented patents whose stage depends on claims and on the owner."""
    draw = random.Random(seed)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for number in range(count):
            owner = draw.randrange(20)
            claims = draw.randrange(1, 60)
            stage = min(3, max(0, int(claims / 25 + owner / 10 + draw.random() * 2 - 0.5)))
            observable = 2 if number > count * 0.8 else 3
            row = {
                "id": f"P{number:05}", "title": draw.choice(["Method and pump", "Valve apparatus", "Gene vector"]),
                "assignee": f"University of Town {owner:02}", "inventors": f"A {draw.randrange(90)}, B {draw.randrange(90)}",
                "priority_date": "2001-01-05", "filing_date": "2002-01-05",
                "grant_date": f"{2004 + number * 3 // count}-0{1 + number % 9}-11",
                "kind": "B2", "num_applications": 2, "num_patent_citations": draw.randrange(30),
                "num_nonpatent_citations": draw.randrange(9), "num_claims": claims, "num_similar_doc": 5, "num_authors": 2,
                "payment_times": stage, "stages_observable": observable, "stage": min(stage, observable),
                "censored": int(stage >= observable), **{f"class_{section}": int(section == "A") for section in "ABCDEFGH"},
            }  # fmt: skip
            writer.writerow(row)
    return path


def record(**changes: object) -> RenewalRecord:
    """A patent known in full."""
    base = RenewalRecord(
        id="X1",
        title="Method of folding proteins",
        owner="University of Somewhere",
        inventors=("ann example", "bo example"),
        numbers=dict.fromkeys(
            (
                "applications",
                "patent_citations",
                "other_citations",
                "claims",
                "inventors",
                "pendency_days",
                "priority_lag_days",
            ),
            5.0,
        ),
        sections=dict.fromkeys("ABCDEFGH", 0.0),
        earlier_publication=1.0,
        granted_on=None,
        priority_on=None,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RenewalModel]:
    """A file of invented patents and the model it teaches."""
    data = write_patents(tmp_path_factory.mktemp("renewal") / "patents.csv")
    return data, train(data)


def test_the_same_file_gives_the_same_model_to_the_last_byte(
    invented: tuple[Path, RenewalModel], tmp_path: Path
) -> None:
    data, model = invented
    save_model(model, tmp_path / "first")
    save_model(train(data), tmp_path / "second")
    assert (tmp_path / "first/model.json").read_bytes() == (tmp_path / "second/model.json").read_bytes()
    records, _outcomes = read_records(data)
    first, second = (load_model(tmp_path / name).predict(records) for name in ("first", "second"))
    assert np.array_equal(first.probabilities, second.probabilities)
    assert np.array_equal(first.low, second.low)


def test_columns_filled_in_after_grant_change_nothing(invented: tuple[Path, RenewalModel], tmp_path: Path) -> None:
    data, model = invented
    rows = list(csv.DictReader(data.open()))
    for row in rows:
        row.update({name: "99" for name in LATER_COLUMNS if name in row})
    with (tmp_path / "planted.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    before, after = (model.predict(read_records(path)[0]) for path in (data, tmp_path / "planted.csv"))
    assert np.array_equal(before.probabilities, after.probabilities)


def test_the_stage_chances_sum_to_one_and_the_range_holds_the_middle() -> None:
    prediction = default_model().predict([record(), record(owner=None), record(inventors=None, title=None)])
    assert np.allclose(prediction.probabilities.sum(axis=1), 1)
    assert np.all((prediction.low <= prediction.middle) & (prediction.middle <= prediction.high))


@settings(max_examples=60, deadline=None)
@given(
    claims=st.integers(0, 400),
    citations=st.integers(0, 400),
    owner=st.sampled_from(["Yale University", "Unseen University", "The Regents Of The University Of California"]),
    hidden=st.sets(st.sampled_from(["claims", "patent_citations", "owner", "title", "inventors"]), min_size=1),
)
def test_an_unknown_input_widens_the_range_or_leaves_it(
    claims: int, citations: int, owner: str, hidden: set[str]
) -> None:
    numbers = record().numbers | {"claims": float(claims), "patent_citations": float(citations)}
    full = record(owner=owner, numbers=numbers)
    gaps = dict.fromkeys(hidden & {"owner", "title", "inventors"})
    poor = replace(full, numbers={key: None if key in hidden else value for key, value in numbers.items()}, **gaps)
    known, unknown = default_model().predict([full]), default_model().predict([poor])
    assert unknown.low[0] <= known.low[0] and unknown.high[0] >= known.high[0]
    assert set(unknown.unknown[0]) >= hidden & {"claims", "patent_citations"}


def test_a_file_without_an_id_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("title\nx\n")
    with pytest.raises(Malformed):
        read_records(tmp_path / "bad.csv")


def test_a_row_of_empty_cells_is_predicted_wide(tmp_path: Path) -> None:
    (tmp_path / "thin.csv").write_text("id,num_claims,title\nA,,\nB,not a number,Pump\n")
    records, outcomes = read_records(tmp_path / "thin.csv")
    prediction = default_model().predict(records)
    assert outcomes == [None, None]
    assert list(prediction.high - prediction.low) == [3, 3]


def test_a_model_folder_with_other_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text(json.dumps({"card": {}}))
    with pytest.raises(Malformed):
        load_model(tmp_path)


def test_the_shipped_model_is_small_and_described() -> None:
    from marketplace.valuation.renewal_files import DEFAULT_FOLDER

    assert sum(file.stat().st_size for file in DEFAULT_FOLDER.iterdir()) < 5_000_000
    card = default_model().card
    assert len(card["trained_on"]["file_sha256"]) == 64
    assert card["limits"] and card["seed"]


def test_only_labelled_patents_teach(tmp_path: Path) -> None:
    (tmp_path / "unlabelled.csv").write_text("id,stage\nA,\n")
    with pytest.raises(Malformed):
        labelled(*read_records(tmp_path / "unlabelled.csv"))

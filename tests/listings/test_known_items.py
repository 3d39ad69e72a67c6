"""A record is found again by some words of its title: real Chinese and English records, read in place."""

from pathlib import Path

import pytest
from apiflask import APIFlask

from bench.known_items import DATA, in_our_index, questions, recall, records

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.exists(), reason=f"the real records are not at {DATA}"),
]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_record_is_among_the_first_ten_for_some_words_of_its_title(
    app: APIFlask, tmp_path: Path, language: str
) -> None:
    found = records(limit=3_000)[language]
    with app.test_request_context():
        share = recall(found, questions(found, 150), in_our_index(found, tmp_path))
    assert share >= 0.95, share

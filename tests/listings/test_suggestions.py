"""Where nothing is found, searches that do find something are offered."""

import re

import pytest
from flask.testing import FlaskClient

from marketplace.listings.indexing import Follower
from marketplace.listings.query import read_query
from marketplace.listings.query_form import composed
from marketplace.listings.suggestions import Change, Suggestion, suggestions
from marketplace.listings.written import written
from marketplace.registry.assets import AssetKind
from tests.makers.registry import make_asset


def _instead(query: str, **filters: list[str]) -> dict[Change, Suggestion]:
    found = suggestions(query, filters, None)
    assert all(each.total > 0 for each in found)
    return {each.change: each for each in found}


@pytest.fixture
def filled(follower: Follower) -> Follower:
    make_asset(titles={"zh": "石墨烯散热膜", "en": "Graphene cooling film"})
    make_asset(titles={"zh": "锂电池隔膜", "en": "Battery separator"}, kind=AssetKind.DESIGN)
    follower.catch_up()
    return follower


def test_a_misspelt_word_is_corrected_to_one_the_register_uses(filled: Follower) -> None:
    assert _instead("grahpene")[Change.SPELLING].query == "graphene"
    assert _instead("battery seperator")[Change.SPELLING].query == "battery separator"


def test_a_filter_or_a_word_too_many_is_left_out(filled: Follower) -> None:
    found = _instead("graphene", kind=["design"])
    assert found[Change.WITHOUT_FILTER].subject == "kind" and found[Change.WITHOUT_FILTER].filters == {}
    found = _instead("石墨烯 隔膜")
    assert found[Change.WITHOUT_WORD].total == 1
    assert found[Change.ANY_WORD].total == 2 and found[Change.ANY_WORD].query == "石墨烯 OR 隔膜"


def test_a_phrase_a_field_and_nearness_are_loosened(filled: Follower) -> None:
    assert _instead('"film graphene"')[Change.LOOSER].query == "film graphene"
    assert _instead("abstract:graphene")[Change.ANYWHERE].query == "graphene"
    assert _instead("graphene NEAR/0 film")[Change.LOOSER].query == "graphene film"


def test_where_nothing_is_near_nothing_is_suggested(filled: Follower) -> None:
    assert _instead("zzzzqqqq") == {}


@pytest.mark.parametrize(
    "query",
    [
        "", "电池", "电池 battery", "a OR (b c) OR -d", '"solid state" -(x OR y)', "(a OR b) (c OR de*)", "title:电池 ipc:H01M*",
        "title:(a OR b)", "lithium NEAR/3 anode", '"a b" NEAR/2 c OR d', "filed:2020..2023-05", "price:>=1.5", "claims:3",
        "filed:..2020", "-title:(a b)", 'number:"US 6,693,123"', "权利人:华为",
    ],
)  # fmt: skip
def test_a_condition_written_back_reads_as_the_same(query: str) -> None:
    again = written(read_query(query))
    assert written(read_query(again)) == again
    assert _plain(read_query(again)) == _plain(read_query(query))


def _plain(condition: object) -> str:
    return re.sub(r"column=\d+", "", repr(condition))


def test_separate_boxes_become_one_query(client: FlaskClient, filled: Follower) -> None:
    boxes = {
        "all": "电池 OR", "phrase": 'solid "state', "any": "膜 film", "none": "隔膜", "title": "石墨(", "applicant": "华为 技术",
        "number": "US 6,693,123", "ipc": "H01M 10/05", "filed_from": "2020-01-01", "filed_to": "",
    }  # fmt: skip
    query = composed(boxes)
    assert query == (
        '电池 or "solid  state" (膜 OR film) -隔膜 title:(石墨) applicant:(华为 技术) number:"US 6,693,123" ipc:H01M10/05 '
        "filed:2020-01-01.."
    )
    read_query(query)
    assert composed({}) == ""
    answer = client.get("/search/fields", query_string={"title": "石墨烯", "any": ""})
    assert answer.status_code == 303 and "title%3A" in answer.location
    assert "石墨烯" in client.get(answer.location).text
    assert client.get("/search/fields", query_string={"filed_from": "x", "title": '"('}).status_code == 303

"""What a query finds in the index."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from marketplace.core.actor import Actor
from marketplace.listings.index_entry import AssetDocument
from marketplace.listings.matching import matching, wanted_by
from marketplace.listings.query import read_query
from marketplace.listings.search import hidden_from
from marketplace.listings.search_index import SearchIndex, asset_ids

DOCUMENTS: dict[str, dict[str, Any]] = {
    "battery": {
        "titles": ("一种锂离子电池负极材料的制备方法", "Anode material for lithium batteries"),
        "abstracts": ("本发明公开了一种固态电解质。", "A solid electrolyte is disclosed."),
        "applicants": ("广州虚构能源有限公司",),
        "numbers": ("CN202310000001.X", "CN116000001A"),
        "ipc": ("H01M 10/0525",),
        "kind": "invention",
        "office": "CN",
        "filed": date(2023, 1, 5),
        "price_minor": 50_000_000,
    },
    "separator": {
        "titles": ("鋰電池隔膜及其塗覆裝置", "Separator coating device"),
        "numbers": ("US6693123B2",),
        "ipc": ("H01M 50/40", "B05C 5/02"),
        "kind": "utility_model",
        "office": "US",
        "filed": date(2010, 6, 1),
    },
    "enzyme": {
        "titles": ("高温淀粉酶", "Alpha-amylase stable at high temperature"),
        "ipc": ("C12N 9/28",),
        "kind": "invention",
        "office": "EP",
        "pledged": True,
    },
    "hidden": {"titles": ("锂离子电池的保密申请",), "audience": ("00000000-0000-0000-0000-000000000001",)},
}
IDS = {name: UUID(int=number) for number, name in enumerate(DOCUMENTS, start=1)}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    made = SearchIndex(tmp_path_factory.mktemp("index"))
    made.replace(AssetDocument(IDS[name], **fields) for name, fields in DOCUMENTS.items())
    return made


@pytest.fixture(autouse=True)
def _in_a_request(app: APIFlask) -> Iterator[None]:
    with app.test_request_context():
        yield


def _found(index: SearchIndex, query: str, organisation: str | None = None) -> set[str]:
    searcher = index.searcher()
    actor = Actor(person_id=None, organisation_id=UUID(organisation)) if organisation else None
    wanted = wanted_by(read_query(query)).narrowed(nots=(hidden_from(actor),)).query()
    names = {identity: name for name, identity in IDS.items()}
    return {names[found] for found in asset_ids(searcher, [at for _, at in searcher.search(wanted, 20).hits])}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("电池", {"battery", "separator"}),
        ("電池", {"battery", "separator"}),
        ("隔膜", {"separator"}),
        ("酶", {"enzyme"}),
        ("淀", {"enzyme"}),
        ("battery", {"battery"}),
        ("lithium BATTERIES", {"battery"}),
        ("anod*", {"battery"}),
        ("锂*", {"battery", "separator"}),
        ("锂离子电池材料制备", {"battery"}),
        ("电池 -隔膜", {"battery"}),
        ("隔膜 OR 淀粉酶", {"separator", "enzyme"}),
        ('"solid electrolyte"', {"battery"}),
        ('"electrolyte solid"', set()),
        ('"batteries A solid"', set()),
        ("alpha-amylase", {"enzyme"}),
        ("amylase-alpha", set()),
        ("stable NEAR/2 temperature", {"enzyme"}),
        ("temperature NEAR/2 stable", {"enzyme"}),
        ("alpha NEAR/2 temperature", set()),
        ("负极 NEAR/3 制备", {"battery"}),
        ("title:solid", set()),
        ("abstract:solid", {"battery"}),
        ("applicant:虚构能源", {"battery"}),
        ("ipc:H01M", {"battery", "separator"}),
        ("ipc:H01M10/0525", {"battery"}),
        ("ipc:H01M50/*", {"separator"}),
        ("分类:H", {"battery", "separator"}),
        ("number:202310000001.X", {"battery"}),
        ("number:ZL202310000001X", {"battery"}),
        ("US6693123", {"separator"}),
        ("6693123", {"separator"}),
        ("number:US6693*", {"separator"}),
        ("kind:invention", {"battery", "enzyme"}),
        ("类型:实用新型", {"separator"}),
        ("office:cn OR 国家:欧洲", {"battery", "enzyme"}),
        ("pledged:yes", {"enzyme"}),
        ("filed:2023", {"battery"}),
        ("filed:<2015", {"separator"}),
        ("price:100000..600000", {"battery"}),
        ("price:<100000", set()),
        ("NOT kind:invention", {"separator"}),
        ("", {"battery", "separator", "enzyme"}),
        ('""', {"battery", "separator", "enzyme"}),
        ("不存在的词语", set()),
    ],
)
def test_a_query_finds_exactly(index: SearchIndex, query: str, expected: set[str]) -> None:
    assert _found(index, query) == expected


def test_what_has_another_audience_is_not_found_by_any_query(index: SearchIndex) -> None:
    for query in ("保密", "锂离子", "", "NOT invention", "title:电池"):
        assert "hidden" not in _found(index, query)
    assert "hidden" in _found(index, "保密", "00000000-0000-0000-0000-000000000001")
    assert "hidden" not in _found(index, "保密", "00000000-0000-0000-0000-000000000002")


def test_a_word_in_the_title_ranks_above_the_same_word_elsewhere(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path)
    index.replace(
        [
            AssetDocument(UUID(int=1), titles=("Pump",), abstracts=("A valve in a pump housing",)),
            AssetDocument(UUID(int=2), titles=("Valve",), abstracts=("A housing",)),
        ]
    )
    searcher = index.searcher()
    hits = searcher.search(matching(read_query("valve")), 5).hits
    assert asset_ids(searcher, [at for _, at in hits]) == [UUID(int=2), UUID(int=1)]


def test_a_replaced_document_is_found_once_and_a_removed_one_no_more(tmp_path: Path) -> None:
    index = SearchIndex(tmp_path)
    index.replace([AssetDocument(UUID(int=1), titles=("Valve",)), AssetDocument(UUID(int=2), titles=("Valve",))])
    index.replace([AssetDocument(UUID(int=1), titles=("Pump",))], removed=[UUID(int=2)])
    searcher = index.searcher()
    assert searcher.search(matching(read_query("valve")), 5).count == 0
    assert searcher.search(matching(read_query("")), 5).count == 1

"""Assets about the same thing, learned from the register's own texts."""

import json
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from marketplace.core.db import session
from marketplace.listings.indexing import Follower
from marketplace.listings.likeness import learned, similar_assets, words_of
from marketplace.listings.likeness_training import TooLittleToLearn, learn_likeness
from marketplace.registry.assets import Asset
from tests.makers.listings import NOW
from tests.makers.registry import make_asset

BATTERY = "一种锂离子电池负极材料的制备方法 第{} 固态电解质 石墨 Anode material of lithium battery, variant {}"
DRUG = "一种抗体药物组合物及其医药用途 第{} 肿瘤 蛋白质 Antibody composition against tumour, variant {}"


@pytest.fixture
def taught(follower: Follower) -> list[Asset]:
    """Eight assets about batteries and eight about drugs, and what can be learned from them."""
    assets = [
        make_asset(titles={"zh": text.format(number, number)}, ipc=[symbol], cpc=[], family_id=f"{symbol}{number // 2}")
        for text, symbol in ((BATTERY, "H01M 10/0525"), (DRUG, "A61K 39/395"))
        for number in range(8)
    ]
    session.flush()
    follower.catch_up()
    learn_likeness(NOW)
    return assets


def test_similar_assets_are_about_the_same_thing_and_say_why(taught: list[Asset]) -> None:
    found = similar_assets(None, taught[0].id)
    assert {each.card.asset.id for each in found} <= {asset.id for asset in taught[2:8]}
    assert len(found) == 6
    assert all(0 < each.likeness <= 1 for each in found)
    assert set(found[0].words) & {"电池", "锂离子", "负极", "石墨", "lithium", "anode"}
    assert found[0].classes == ["H01M10/0525"]


def test_an_asset_and_its_own_family_are_not_among_the_similar(taught: list[Asset]) -> None:
    found = {each.card.asset.family_id for each in similar_assets(None, taught[0].id)}
    assert taught[0].family_id not in found


def test_an_asset_that_came_after_the_training_has_similar_ones_too(taught: list[Asset]) -> None:
    fresh = make_asset(titles={"zh": "锂离子电池负极"}, ipc=[], cpc=[])
    found = similar_assets(None, fresh.id)
    assert {each.card.asset.id for each in found} <= {asset.id for asset in taught[:8]}
    assert found[0].classes == []


def test_an_asset_that_left_the_index_is_not_shown(taught: list[Asset], follower: Follower) -> None:
    gone = similar_assets(None, taught[0].id)[0].card.asset.id
    index = follower.index()
    assert index is not None
    index.replace([], removed=[gone])
    assert gone not in {each.card.asset.id for each in similar_assets(None, taught[0].id)}


def test_the_same_register_teaches_the_same(taught: list[Asset]) -> None:
    before = [(each.card.asset.id, each.likeness) for each in similar_assets(None, taught[9].id)]
    learn_likeness(NOW)
    assert [(each.card.asset.id, each.likeness) for each in similar_assets(None, taught[9].id)] == before


def test_words_are_whole_chinese_words_and_folded_latin_ones() -> None:
    assert "电池" in "".join(words_of("鋰電池"))
    assert words_of("BATTERIES of 12 x 膜") == ["battery"]


def test_before_anything_was_learned_nothing_is_shown(client: FlaskClient, follower: Follower) -> None:
    asset = make_asset()
    assert learned() is None
    answer = client.get(f"/api/v1/assets/{asset.id}/similar").json
    assert answer == {"items": [], "trained_at": None}
    assert 'id="similar"' not in client.get(f"/assets/{asset.id}").text


def test_too_few_texts_are_refused(follower: Follower) -> None:
    make_asset()
    with pytest.raises(TooLittleToLearn):
        learn_likeness(NOW)


def test_the_api_and_the_asset_page_show_similar_assets_with_the_reason(
    client: FlaskClient, taught: list[Asset]
) -> None:
    answer: Any = client.get(f"/api/v1/assets/{taught[0].id}/similar").json
    assert answer["trained_at"].startswith("2026-11-22")
    assert len(answer["items"]) == 6 and answer["items"][0]["words"] and answer["items"][0]["classes"]
    page = client.get(f"/assets/{taught[0].id}?lang=zh").text
    assert "相似资产" in page and "共同的词" in page and "H01M10/0525" in page
    assert client.get(f"/api/v1/assets/{UUID(int=5)}/similar").status_code == 404
    assert client.get("/api/v1/assets/x/similar").status_code == 404


def test_the_command_learns_and_says_from_how_much(taught: list[Asset], app: APIFlask) -> None:
    result = app.test_cli_runner().invoke(args=["search", "learn"])
    assert result.exit_code == 0
    assert json.loads(result.output)["assets"] == 16

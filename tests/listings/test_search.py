"""Finding assets through the index that follows the database."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from marketplace.core.actor import SYSTEM, Actor
from marketplace.core.db import session
from marketplace.core.errors import Malformed
from marketplace.core.money import Money
from marketplace.identity.organisations import find_organisation
from marketplace.listings import course
from marketplace.listings.indexing import Follower
from marketplace.listings.listings import change_listing
from marketplace.listings.query_refusals import QueryUnreadable
from marketplace.listings.search import SearchPage, Sort, search_assets
from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.encumbrances import EncumbranceKind, encumber, lift_encumbrance
from tests.makers.identity import make_actor
from tests.makers.listings import NOW, make_listing
from tests.makers.registry import make_asset


def _find(query: str, actor: Actor | None = None, **options: Any) -> SearchPage:
    filters = options.pop("filters", {})
    return search_assets(query, filters, actor, **options)


def _ids(query: str, actor: Actor | None = None, **options: Any) -> list[UUID]:
    return [hit.asset_id for hit in _find(query, actor, **options).items]


def test_a_new_asset_is_found_after_the_follower_looked(follower: Follower) -> None:
    follower.catch_up()
    asset = make_asset(titles={"zh": "石墨烯散热膜", "en": "Graphene film"})
    assert _ids("石墨") == []
    assert follower.catch_up() == 1
    assert _ids("石墨") == _ids("graphene films") == [asset.id]


def test_a_changed_asset_is_found_by_its_new_words_only(follower: Follower) -> None:
    asset = make_asset(titles={"zh": "石墨烯"})
    follower.catch_up()
    asset.titles = {"zh": "碳纳米管"}
    session.flush()
    follower.catch_up()
    assert _ids("石墨") == [] and _ids("纳米管") == [asset.id]


def test_a_draft_listing_appears_nowhere(follower: Follower) -> None:
    owner = make_actor()
    listing = make_listing(owner, published=False, summary="绝密说明 secretword")
    follower.catch_up()
    for visitor in (None, make_actor(), owner):
        assert _ids("绝密", visitor) == _ids("secretword", visitor) == []
        page = _find("", visitor)
        assert page.facets["mode"] == {} and page.facets["price"] == {}
        assert _ids("mode:fixed_price", visitor) == []
    assert _ids(f"price:{listing.price.amount}" if listing.price else "") == []


def test_a_published_listing_is_found_by_its_words_mode_and_price_until_it_is_withdrawn(follower: Follower) -> None:
    owner = make_actor()
    listing = make_listing(owner, summary="含全套工艺文件")
    follower.catch_up()
    for query in ("工艺文件", "mode:fixed_price", "方式:一口价", "price:5000000", "price:4000000..6000000"):
        assert _ids(query) == [listing.asset_id]
    change_listing(owner, listing.id, {"price": Money(7_000_000_00, "CNY")}, NOW)
    follower.catch_up()
    assert _ids("price:5000000") == [] and _ids("price:>6000000") == [listing.asset_id]
    course.withdraw_listing(owner, listing.id, NOW)
    follower.catch_up()
    assert _ids("工艺文件") == _ids("mode:fixed_price") == []


def test_the_reserve_of_an_auction_is_not_searchable(follower: Follower) -> None:
    make_listing(mode="auction")
    follower.catch_up()
    assert _ids("price:1500000") == [] and _ids("price:1000000") != []


def test_a_pledge_shows_until_it_is_lifted(follower: Follower) -> None:
    asset = make_asset()
    pledge = encumber(SYSTEM, asset.id, EncumbranceKind.PLEDGE, None, date(2026, 1, 1), None, "P", NOW, holder_name="B")
    follower.catch_up()
    assert _ids("pledged:yes") == [asset.id]
    lift_encumbrance(SYSTEM, pledge.id, NOW, lifted_on=date(2026, 2, 1))
    follower.catch_up()
    assert _ids("质押:是") == []


def test_owners_are_found_by_name(follower: Follower) -> None:
    owner = make_actor()
    listing = make_listing(owner)
    follower.catch_up()
    assert owner.organisation_id is not None
    assert _ids(f'owner:"{find_organisation(owner.organisation_id).name_zh}"') == [listing.asset_id]


def test_a_right_past_its_last_day_reads_as_expired(follower: Follower) -> None:
    asset = make_asset(expires_on=date(2020, 1, 1))
    follower.catch_up()
    assert _ids("status:expired") == [asset.id]


def test_facets_count_and_a_chosen_facet_is_counted_as_if_it_were_open(follower: Follower) -> None:
    for kind, status in (
        (AssetKind.INVENTION, LegalStatus.IN_FORCE),
        (AssetKind.INVENTION, LegalStatus.LAPSED),
        (AssetKind.DESIGN, LegalStatus.IN_FORCE),
    ):
        make_asset(kind=kind, status=status)
    follower.catch_up()
    page = _find("")
    assert page.total == 3
    assert page.facets["kind"] == {"invention": 2, "design": 1}
    assert page.facets["section"] == {"h": 3}
    chosen = _find("", filters={"kind": ["invention"]})
    assert chosen.total == 2
    assert chosen.facets["kind"] == {"invention": 2, "design": 1}
    assert chosen.facets["status"] == {"in_force": 1, "lapsed": 1}
    assert _find("", filters={"kind": ["-invention"]}).total == 1
    assert _find("", filters={"kind": ["invention"], "status": ["-lapsed"]}).total == 1
    assert _find("", filters={"life": ["8..15"]}).total == 3
    assert _find("", filters={"filed": ["2021"]}).total == 3


@pytest.mark.parametrize("filters", [{"nonsense": ["x"]}, {"filed": ["x"]}, {"kind": ["a"] * 30}])
def test_an_unknown_filter_is_refused(follower: Follower, filters: dict[str, list[str]]) -> None:
    with pytest.raises(Malformed):
        _find("", filters=filters)


def test_a_syntax_error_is_refused_before_the_index_is_asked(follower: Follower) -> None:
    with pytest.raises(QueryUnreadable):
        _find("(电池")


@pytest.mark.parametrize("sort", list(Sort))
def test_pages_neither_repeat_nor_skip_while_assets_arrive(follower: Follower, sort: Sort) -> None:
    assets = [
        make_asset(titles={"zh": "电池" * (1 + number % 3)}, application_date=date(2020, 1, 1 + number % 4))
        for number in range(23)
    ]
    if sort in (Sort.CHEAPEST, Sort.DEAREST):
        owner = make_actor()
        listings = [make_listing(owner, price=Money((1 + number % 5) * 100_00, "CNY")) for number in range(23)]
        assets = [course.find_asset(listing.asset_id) for listing in listings]
        for asset in assets:
            asset.titles = {"zh": "电池"}
        session.flush()
    wanted = {asset.id for asset in assets}
    follower.catch_up()
    found: list[UUID] = []
    after = None
    while True:
        page = _find("电池", after=after, limit=5, sort=sort)
        found += [hit.asset_id for hit in page.items]
        if page.next is None:
            break
        after = page.next
        make_asset(titles={"zh": "无关的电池电池"}, application_date=date(2020, 1, 2))
        follower.catch_up()
    assert len(found) == len(set(found))
    assert wanted <= set(found)


def test_sorting_by_date(follower: Follower) -> None:
    old, new = (
        make_asset(application_date=date(year, 1, 1), expires_on=date(year + 20, 1, 1)) for year in (2010, 2020)
    )
    follower.catch_up()
    assert _ids("", sort=Sort.NEWEST_FILED) == [new.id, old.id]
    assert _ids("", sort=Sort.EXPIRING) == [old.id, new.id]


def test_a_family_is_shown_once_when_grouped_and_the_count_agrees(follower: Follower) -> None:
    for number in range(12):
        make_asset(family_id=f"F{number % 4}", titles={"zh": "电池"})
    alone = make_asset(titles={"zh": "电池"})
    follower.catch_up()
    found: list[UUID] = []
    after = None
    while True:
        page = _find("电池", grouped=True, limit=2, after=after)
        assert page.total == 5
        found += [hit.asset_id for hit in page.items]
        after = page.next
        if after is None:
            break
    assert len(found) == 5 and alone.id in found
    assert _find("电池").total == 13


@pytest.mark.parametrize(
    "cursor", ["x", "s", "sAAAA", "o", "oxyz", "s" + "A" * 5000, "'; --", "o999999999999999999999"]
)
def test_a_forged_cursor_is_refused_or_ends_the_list(follower: Follower, cursor: str) -> None:
    make_asset()
    follower.catch_up()
    try:
        assert isinstance(_find("", after=cursor), SearchPage)
    except Malformed as refused:
        assert refused.status == 422


def test_verify_finds_no_difference_and_names_those_there_are(follower: Follower) -> None:
    assets = [make_asset() for _ in range(3)]
    for _ in range(2):
        assert follower.verify() == {"assets": 3, "missing": 0, "stale": 0, "surplus": 0}
    index = follower.index()
    assert index is not None
    index.replace([], removed=[assets[0].id])
    assert follower.verify() == {"assets": 3, "missing": 1, "stale": 0, "surplus": 0}


def test_a_follower_killed_between_index_and_note_repeats_and_differs_in_nothing(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_asset()
    follower.catch_up()
    make_asset(titles={"zh": "石墨烯"})

    def die(_self: Follower, _place: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Follower, "_write", die)
    monkeypatch.setattr("marketplace.listings.indexing._oldest_open_transaction", lambda: 1 << 60)
    with pytest.raises(KeyboardInterrupt):
        follower.catch_up()
    monkeypatch.undo()
    reborn = Follower(follower.home)
    assert reborn.verify() == {"assets": 2, "missing": 0, "stale": 0, "surplus": 0}
    assert len(_ids("石墨")) == 1


def test_an_index_of_another_database_is_built_anew(follower: Follower) -> None:
    asset = make_asset(titles={"zh": "石墨烯"})
    follower.catch_up()
    place = follower.place()
    place.database = "another"
    follower._write(place)
    session.execute(text("DELETE FROM search_changes"))
    assert follower.catch_up() == 1
    assert _ids("石墨") == [asset.id]


def test_a_rebuild_replaces_the_index_and_removes_the_old_one(follower: Follower, tmp_path: Path) -> None:
    make_asset()
    follower.catch_up()
    follower.rebuild()
    assert len([entry for entry in follower.folder.iterdir() if entry.is_dir()]) == 1
    assert _find("").total == 1


def test_the_command_prints_ids_scores_facets_and_milliseconds(follower: Follower, app: APIFlask) -> None:
    asset = make_asset(titles={"zh": "石墨烯"})
    make_asset(titles={"zh": "石墨"}, kind=AssetKind.DESIGN)
    runner = app.test_cli_runner()
    answer = json.loads(runner.invoke(args=["search", "石墨", "--filter", "kind=invention", "--json"]).output)
    assert [hit["id"] for hit in answer["hits"]] == [str(asset.id)]
    assert answer["total"] == 1 and answer["hits"][0]["score"] > 0 and answer["milliseconds"] >= 0
    assert answer["facets"]["kind"] == {"design": 1, "invention": 1}


def test_the_command_refuses_with_the_column_and_exit_status_1(follower: Follower, app: APIFlask) -> None:
    result = app.test_cli_runner().invoke(args=["search", "(石墨", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.output)["error"]["code"] == "query_unfinished"


def test_verify_as_a_command(follower: Follower, app: APIFlask) -> None:
    make_asset()
    result = app.test_cli_runner().invoke(args=["search", "verify"])
    assert result.exit_code == 0
    assert json.loads(result.output)["assets"] == 1

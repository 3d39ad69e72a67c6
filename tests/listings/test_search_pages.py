"""Search over HTTP: pages, API, files."""

import csv
import io
import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from openpyxl import load_workbook

from marketplace.core.actor import Actor
from marketplace.core.db import session
from marketplace.listings import saved_searches
from marketplace.listings.indexing import Follower
from marketplace.notices.inbox import notices_of
from marketplace.registry.assets import AssetKind
from tests.listings.test_query import BOMBS
from tests.makers.identity import make_actor
from tests.makers.listings import NOW, make_listing
from tests.makers.registry import make_asset

SignIn = Callable[[FlaskClient, Actor | None], FlaskClient]


def test_anybody_searches_and_the_state_stands_in_the_address(client: FlaskClient, follower: Follower) -> None:
    make_asset(titles={"zh": "石墨烯散热膜", "en": "Graphene film"})
    make_asset(titles={"zh": "石墨电极"}, kind=AssetKind.DESIGN)
    follower.catch_up()
    page = client.get("/search?q=石墨&kind=invention&sort=newest_filed&lang=zh")
    assert page.status_code == 200
    assert "石墨烯散热膜" in page.text and "石墨电极" not in page.text
    assert "共 1 项资产" in page.text
    assert 'value="石墨"' in page.text and "newest_filed" in page.text
    assert 'href="/search?q=%E7%9F%B3%E5%A2%A8' in page.text


def test_a_syntax_error_keeps_the_query_and_says_the_column(client: FlaskClient, follower: Follower) -> None:
    page = client.get("/search?q=(石墨&lang=zh")
    assert page.status_code == 400
    assert "第 4 列" in page.text and 'value="(石墨"' in page.text


def test_the_api_answers_400_with_the_column(client: FlaskClient, follower: Follower) -> None:
    answer = client.get("/api/v1/search?q=a AND")
    assert answer.status_code == 400
    assert answer.content_type.startswith("application/problem+json")
    assert answer.json is not None and answer.json["column"] == 6 and answer.json["code"] == "query_unfinished"


def test_the_api_gives_results_facets_and_a_cursor(client: FlaskClient, follower: Follower) -> None:
    assets = [make_asset(titles={"zh": "石墨烯"}) for _ in range(3)]
    follower.catch_up()
    first = client.get("/api/v1/search?q=石墨&limit=2").json
    assert first is not None and first["total"] == 3 and len(first["items"]) == 2
    assert first["facets"]["kind"] == {"invention": 3}
    second = client.get("/api/v1/search", query_string={"q": "石墨", "limit": 2, "after": first["next"]}).json
    assert second is not None and second["next"] is None
    found = {item["asset_id"] for item in (*first["items"], *second["items"])}
    assert found == {str(asset.id) for asset in assets}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "limit=-1", "sort=price;DROP TABLE assets", "after=%27--", "nonsense=1",
        "filed=x", "q=%00", "kind=%00", "limit=²", "after=s" + "A" * 3000, "life=1' OR '1'='1",
    ],
)  # fmt: skip
def test_malformed_arguments_are_refused_without_a_fault(client: FlaskClient, follower: Follower, query: str) -> None:
    assert client.get(f"/api/v1/search?{query}").status_code in (400, 422)


@pytest.mark.parametrize("words", ["' OR 1=1 --", "'; SELECT pg_sleep(5); --", "<script>alert(1)</script>", "{{7*7}}"])
def test_injections_are_text_or_refused(client: FlaskClient, follower: Follower, words: str) -> None:
    started = time.perf_counter()
    page = client.get("/search", query_string={"q": words})
    assert page.status_code in (200, 400) and time.perf_counter() - started < 2
    assert "<script>alert" not in page.text
    assert words != "{{7*7}}" or "{{7*7}}" in page.text


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_bombs_get_400_within_200_milliseconds(client: FlaskClient, follower: Follower, bomb: str) -> None:
    client.get("/api/v1/search?q=warm")
    started = time.process_time()
    answer = client.get("/api/v1/search", query_string={"q": bomb})
    assert answer.status_code == 400
    assert time.process_time() - started < 0.2 + len(bomb) / 2_000_000


def test_an_empty_result_offers_searches_that_find_something(client: FlaskClient, follower: Follower) -> None:
    make_asset(titles={"en": "Graphene film"})
    follower.catch_up()
    page = client.get("/search?q=grahpene&kind=invention").text
    assert "Nothing found" in page and "Did you mean graphene?" in page and "q=graphene&amp;kind=invention" in page
    assert "Try instead" not in client.get("/search?q=zzzzqqq").text


def test_hits_are_marked_in_titles_owners_and_abstracts_of_either_language(
    client: FlaskClient, follower: Follower
) -> None:
    make_asset(titles={"zh": "石墨烯<膜>", "en": "Film"}, abstracts={"zh": "用于散热的膜。", "en": "A film."})
    follower.catch_up()
    page = client.get("/search?q=石墨 散热&lang=en").text
    assert '<span class="quiet" lang="zh"><mark>石墨</mark>烯&lt;膜&gt;</span>' in page
    assert 'lang="zh">用于<mark>散热</mark>的膜。</span>' in page
    assert "<mark>石墨</mark>烯" in client.get("/search?q=石墨&lang=zh").text


def test_a_draft_is_in_no_page_api_or_file_for_anybody(
    client: FlaskClient, follower: Follower, sign_in: SignIn
) -> None:
    owner = make_actor()
    listing = make_listing(owner, published=False, summary="绝密说明")
    follower.catch_up()
    for visitor in (None, make_actor()):
        sign_in(client, visitor)
        for address in ("/search", "/api/v1/search", "/search/export.csv", "/search/export.json"):
            assert str(listing.id) not in client.get(address).text
            assert "绝密说明" not in client.get(address).text
        for address in (
            f"/listings/{listing.id}",
            f"/api/v1/listings/{listing.id}",
            f"/listings/{listing.id}/versions",
        ):
            assert client.get(address).status_code == 404


DANGEROUS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")']


def test_no_exported_cell_is_run_by_a_spreadsheet(client: FlaskClient, follower: Follower) -> None:
    for title in DANGEROUS:
        make_asset(titles={"en": title}, applicants=[title])
    follower.catch_up()
    table = list(csv.reader(io.StringIO(client.get("/search/export.csv?lang=en").data.decode("utf-8-sig"))))
    assert [row[0] for row in table[:3]] == ["Query", "Made at", "Licence"]
    assert len(table) == 3 + 1 + 1 + len(DANGEROUS)
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in table for cell in row)
    book = load_workbook(io.BytesIO(client.get("/search/export.xlsx").data))
    cells = [cell for row in book["Results"].iter_rows(min_row=2) for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.value for cell in cells} >= set(DANGEROUS) - {"\t=1"}
    assert "Origin" in book.sheetnames


def test_the_json_file_names_its_query_time_and_licence(client: FlaskClient, follower: Follower) -> None:
    make_asset(titles={"zh": "石墨烯"})
    follower.catch_up()
    answer = client.get("/search/export.json?q=石墨&kind=invention")
    written = json.loads(answer.data)
    assert written["query"] == "石墨 kind=invention" and written["licence"] and written["made_at"]
    assert [item["title"] for item in written["items"]] == ["石墨烯"]
    assert "attachment" in answer.headers["Content-Disposition"]


def test_an_unknown_file_form_is_404_and_a_faulty_query_is_refused_before_the_file_begins(
    client: FlaskClient, follower: Follower
) -> None:
    assert client.get("/search/export.exe").status_code == 404
    assert client.get("/search/export.csv?q=(").status_code == 400


def test_a_saved_search_tells_of_each_asset_once(
    client: FlaskClient, follower: Follower, sign_in: SignIn, run_jobs: Any
) -> None:
    make_asset(titles={"zh": "石墨旧"})
    follower.catch_up()
    actor = make_actor()
    sign_in(client, actor)
    form = {"name": "Graphite", "query": "石墨", "filter": "kind=invention", "cadence": "instant"}
    assert client.post("/saved-searches", data=form).status_code == 303
    (saved,) = saved_searches.saved_searches_of(actor)
    assert saved.filters == {"kind": ["invention"]}
    later = saved.due_at
    assert saved_searches.tell_new_matches(later) == 0
    make_asset(titles={"zh": "石墨新"})
    follower.catch_up()
    assert saved_searches.tell_new_matches(later) == 1
    assert saved_searches.tell_new_matches(later) == 0
    (notice,) = notices_of(actor)
    assert notice.kind == "search_matches" and "石墨新" in notice.words.text
    assert f"/unsubscribe/{saved.token}" in notice.words.text
    assert "石墨新" in client.get(f"/saved-searches/{saved.id}?lang=zh").text
    assert "Graphite" in client.get("/saved-searches").text


def test_an_asset_that_two_searches_of_one_person_find_is_told_once(follower: Follower) -> None:
    follower.catch_up()
    actor = make_actor()
    for query in ("石墨", "散热"):
        saved_searches.save_search(actor, query, query, {}, saved_searches.Cadence.INSTANT, NOW)
    make_asset(titles={"zh": "石墨散热膜"})
    follower.catch_up()
    assert saved_searches.tell_new_matches(NOW) == 1
    assert len(notices_of(actor)) == 1


@pytest.mark.parametrize(("cadence", "days"), [("instant", 0), ("daily", 1), ("weekly", 7)])
def test_a_search_is_run_as_often_as_its_person_wants(follower: Follower, cadence: str, days: int) -> None:
    follower.catch_up()
    actor = make_actor()
    saved_searches.save_search(actor, "G", "石墨", {}, saved_searches.Cadence(cadence), NOW)
    make_asset(titles={"zh": "石墨膜"})
    follower.catch_up()
    due = NOW + timedelta(days=days)
    assert days == 0 or saved_searches.tell_new_matches(due - timedelta(seconds=1)) == 0
    assert saved_searches.tell_new_matches(due) == 1


def test_the_letter_of_a_saved_search_is_stopped_with_one_click(
    client: FlaskClient, follower: Follower, run_jobs: Any, app: APIFlask
) -> None:
    follower.catch_up()
    actor = make_actor()
    saved = saved_searches.save_search(actor, "G", "石墨", {}, saved_searches.Cadence.INSTANT, NOW)
    make_asset(titles={"zh": "石墨膜"})
    follower.catch_up()
    saved_searches.tell_new_matches(NOW)
    run_jobs()
    (letter,) = (app.extensions["settings"].home / "mail").glob("*.eml")
    head = letter.read_text().partition("\n\n")[0]
    assert f"/unsubscribe/{saved.token}>" in head.replace("\n ", "") and "List-Unsubscribe=One-Click" in head
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        assert client.post(f"/unsubscribe/{saved.token}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert saved_searches.saved_searches_of(actor) == []


def test_a_saved_search_belongs_to_its_person_and_ends_by_its_token(
    client: FlaskClient, follower: Follower, sign_in: SignIn
) -> None:
    follower.catch_up()
    actor = make_actor()
    saved = saved_searches.save_search(actor, "Mine", "石墨", {}, saved_searches.Cadence.DAILY, NOW)
    stranger = make_actor()
    session.commit()
    sign_in(client, stranger)
    assert client.get(f"/saved-searches/{saved.id}").status_code == 404
    assert client.post(f"/saved-searches/{saved.id}/delete").status_code == 404
    assert client.delete(f"/api/v1/saved-searches/{saved.id}").status_code == 404
    sign_in(client, None)
    assert client.get("/saved-searches", headers={"Accept": "text/html"}).status_code in (302, 401)
    assert client.get("/unsubscribe/wrong").status_code == 404
    assert client.get(f"/unsubscribe/{saved.token}").status_code == 200
    assert client.post(f"/unsubscribe/{saved.token}").status_code == 200
    assert saved_searches.saved_searches_of(actor) == []


def test_the_api_keeps_searches_and_refuses_unreadable_ones(
    client: FlaskClient, follower: Follower, sign_in: SignIn
) -> None:
    follower.catch_up()
    assert client.get("/api/v1/saved-searches").status_code == 401
    sign_in(client, make_actor())
    good = client.post("/api/v1/saved-searches", json={"query": "石墨"}, headers={"Idempotency-Key": "1"})
    assert good.status_code == 201
    bad = client.post("/api/v1/saved-searches", json={"query": "("}, headers={"Idempotency-Key": "2"})
    assert bad.status_code == 400
    wrong = client.post(
        "/api/v1/saved-searches", json={"query": "a", "filters": {"x": ["y"]}}, headers={"Idempotency-Key": "3"}
    )
    assert wrong.status_code == 400
    unknown = client.post("/api/v1/saved-searches", json={"owner": 1}, headers={"Idempotency-Key": "4"})
    assert unknown.status_code == 422


def test_the_watch_list(client: FlaskClient, follower: Follower, sign_in: SignIn) -> None:
    asset, actor = make_asset(), make_actor()
    session.commit()
    assert client.put(f"/api/v1/watches/{asset.id}").status_code == 401
    sign_in(client, actor)
    assert "You watch nothing yet" in client.get("/watchlist").text
    assert client.put(f"/api/v1/watches/{asset.id}").status_code == 204
    assert client.post(f"/assets/{asset.id}/watch").status_code == 303
    assert asset.titles["en"] in client.get("/watchlist").text
    assert client.post(f"/assets/{asset.id}/unwatch").status_code == 303
    assert asset.titles["en"] not in client.get("/watchlist").text


def test_search_works_before_any_index_was_built(client: FlaskClient, follower: Follower, tmp_path: Path) -> None:
    asset = make_asset(titles={"zh": "石墨烯"})
    session.flush()
    assert not (tmp_path / "search").exists()
    assert asset.titles["zh"] in client.get("/search?q=石墨&lang=zh").text

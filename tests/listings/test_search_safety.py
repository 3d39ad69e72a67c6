"""Whatever is asked of search over HTTP: an answer or a clear refusal, never a fault, and bombs refused at once."""

import time

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.listings.indexing import Follower
from tests.listings.test_query import BOMBS
from tests.makers.registry import make_asset

PIECES = st.sampled_from(
    ["电池", "锂離子電池材料", "battery", "batter*", "电*", '"', '"solid state"', "(", ")", " AND ", " OR ", " NOT ", "-", " NEAR/3 ",
     " NEAR ", "title:", "ipc:", "H01M10/0525", "ipc:H01M*", "filed:", "2020..2023", ">=2020-02", "[2020 TO *]", "price:",
     "1..2", "number:", "CN1.X", "nice:", "kind:", "发明", "：", "（", "）", "“", "”", "*", "..", "\\", "/", "'", "%", "\t", "𠮷", "é",
     "ﷺ", "़", "\u200d", "\u202e", "🦊", "1", "0", "{", "[", "^", "~", "|", "||", "&&", "$", "?", "+"]
)  # fmt: skip
QUERIES = st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=40))
UNQUIET = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=250, **UNQUIET)
@given(query=QUERIES)
def test_no_query_makes_a_fault(client: FlaskClient, follower: Follower, query: str) -> None:
    if follower.index() is None:
        make_asset(titles={"zh": "一种锂离子电池材料", "en": "Solid state battery"})
        follower.catch_up()
    answer = client.get("/api/v1/search", query_string={"q": query})
    assert answer.status_code in (200, 400, 422), (query, answer.text)
    if answer.status_code == 400:
        assert answer.json is not None and 1 <= answer.json["column"] <= len(query) + 1


@settings(max_examples=120, **UNQUIET)
@given(
    name=st.sampled_from(["kind", "price", "life", "filed", "claims", "ipc", "sort", "after", "limit", "group", "x"]),
    value=st.one_of(
        st.text(max_size=30), PIECES, st.sampled_from(["-", "--", "-invention", "0..", "9" * 30, "s", "o1"])
    ),
)
def test_no_filter_order_or_cursor_makes_a_fault(
    client: FlaskClient, follower: Follower, name: str, value: str
) -> None:
    if follower.index() is None:
        make_asset()
        follower.catch_up()
    assert client.get("/api/v1/search", query_string={name: value}).status_code in (200, 400, 422)


@pytest.mark.parametrize("path", ["/api/v1/search", "/search", "/search/export.csv"])
def test_every_bomb_is_answered_400_within_200_milliseconds(client: FlaskClient, follower: Follower, path: str) -> None:
    make_asset()
    follower.catch_up()
    client.get(path, query_string={"q": "("})
    for bomb in BOMBS:
        started = time.thread_time()
        answer = client.get(path, query_string={"q": bomb})
        assert answer.status_code == 400, bomb[:40]
        assert time.thread_time() - started < 0.2, bomb[:40]

"""What was looked for is marked where a text says it, whatever its spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from marketplace.listings.highlighting import excerpt, marked, sought
from marketplace.listings.query import read_query


def _marked(query: str, text: str) -> str:
    return str(marked(text, sought(read_query(query))))


@pytest.mark.parametrize(
    ("query", "text", "shown"),
    [
        ("电池", "一种锂电池", "一种锂<mark>电池</mark>"),
        ("电池", "鋰電池隔膜", "鋰<mark>電池</mark>隔膜"),
        ("batteries", "A Battery pack", "A <mark>Battery</mark> pack"),
        ("batter*", "Battered batteries", "<mark>Battered</mark> <mark>batteries</mark>"),
        ("cafe", "Le Café noir", "Le <mark>Café</mark> noir"),
        ("lcd", "ＬＣＤ面板", "<mark>ＬＣＤ</mark>面板"),
        ("电池 -隔膜", "电池隔膜", "<mark>电池</mark>隔膜"),
        ('"solid electrolyte" OR 膜', "solid 膜", "<mark>solid</mark> <mark>膜</mark>"),
        ("石墨烯散热膜制备", "散热膜的制备", "<mark>散热</mark>膜的<mark>制备</mark>"),
        ("lithium NEAR/3 anode", "anode of lithium", "<mark>anode</mark> of <mark>lithium</mark>"),
        ("title:电池 ipc:H01M filed:2020", "电池 2020", "<mark>电池</mark> 2020"),
        ("script", "<script>", "&lt;<mark>script</mark>&gt;"),
        ("bat", "battery", "battery"),
        ("", "电池", "电池"),
    ],
)
def test_words_are_marked_in_their_own_spelling(query: str, text: str, shown: str) -> None:
    assert _marked(query, text) == shown


def test_the_excerpt_begins_shortly_before_the_first_hit_and_ends_between_words() -> None:
    text = (
        "The invention relates to many things. " * 5 + "It discloses a graphene film for cooling. " + "More text. " * 20
    )
    shown = excerpt(text, sought(read_query("graphene")))
    assert shown is not None and "<mark>graphene</mark>" in shown
    assert shown.startswith("… ") and shown.endswith(" …") and len(shown) < 200
    assert excerpt(text, sought(read_query("电池"))) is None


@given(query=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12), text=st.text(max_size=60))
def test_marks_add_nothing_to_a_text_and_take_nothing_away(query: str, text: str) -> None:
    try:
        wanted = sought(read_query(query))
    except Exception as refused:
        assert getattr(refused, "status", 0) == 400
        return
    shown = str(marked(text, wanted))
    assert shown.replace("<mark>", "").replace("</mark>", "") == str(escape(text))

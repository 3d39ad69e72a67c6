"""Every scheme document is readable, dated where known, sourced, and honest about what is unknown."""

from datetime import date

import pytest

from marketplace.risk_pool.published_schemes import SchemeNotPublished, published_scheme, published_schemes
from marketplace.risk_pool.terms_reading import read_terms


@pytest.mark.parametrize("document", published_schemes(), ids=lambda document: document["name"])
def test_a_scheme_document_states_its_source_and_what_is_unknown(document):
    terms = read_terms(document)
    assert document["source"]
    assert document["unknown"]
    assert set(document["title"]) == {"zh", "en"}
    if terms.shares is None:
        assert any("share" in gap for gap in document["unknown"])
    for mode in document.get("modes", {}):
        read_terms(document, mode)


def test_names_and_aliases_are_unique():
    names = [name for document in published_schemes() for name in (document["name"], *document["aliases"])]
    assert len(names) == len(set(names))


def test_a_scheme_is_found_by_number_alias_and_chinese_name():
    assert published_scheme("5311")["name"] == "guangzhou-5311"
    assert published_scheme("Guangzhou_2025")["version"] == "2025"
    assert published_scheme("中山")["name"] == "zhongshan"


def test_an_unheard_scheme_is_refused_with_the_known_names():
    with pytest.raises(SchemeNotPublished):
        published_scheme("atlantis")


def test_a_version_is_in_force_between_its_dates():
    unified = read_terms(published_scheme("guangzhou-2025"))
    assert not unified.in_force(date(2025, 9, 30))
    assert unified.in_force(date(2025, 10, 1))
    assert not unified.in_force(date(2028, 10, 1))

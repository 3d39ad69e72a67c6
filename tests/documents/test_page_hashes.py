"""Each page's hash: stable, one a page, and different when a page is changed or swapped."""

import hashlib
from datetime import date
from io import BytesIO

from pypdf import PdfReader, PdfWriter

from marketplace.core.money import Money
from marketplace.documents.contracts_pdf import render_pdf
from marketplace.documents.page_hashes import page_hashes

PARTY = {"role": "甲方", "name": {"zh": "甲公司", "en": "A Ltd"}, "code": "X"}


def paper(special: str) -> bytes:
    """A contract of several pages."""
    terms = {
        "reference": "R-1", "issued_on": date(2026, 11, 22), "parties": [PARTY, PARTY],
        "assets": [{"number": f"CN {n}", "title": "发明", "kind": "发明"} for n in range(60)],
        "price": Money(1_000_000, "CNY"), "deposit": None, "pay_by": date(2026, 12, 9), "forum": "广州仲裁委员会",
        "special_terms": special, "pledgee_consent": None, "record_within": "三个月", "live_licences": "无",
        "foreign_assignee": False,
    }  # fmt: skip
    return render_pdf("patent_assignment", terms)


def test_every_page_has_its_own_hash_that_anybody_can_compute() -> None:
    content = paper("none")
    pages = PdfReader(BytesIO(content)).pages
    listed = dict(part.split(": ") for part in page_hashes(content).split("; "))
    assert list(listed) == [str(number) for number in range(1, len(pages) + 1)] and len(pages) > 1
    for number, page in enumerate(pages, start=1):
        drawn = page.get_contents()
        assert drawn is not None
        assert listed[str(number)] == hashlib.sha256(drawn.get_data()).hexdigest()


def test_a_changed_word_changes_the_hash_of_its_page() -> None:
    one, other = page_hashes(paper("Ten units")).split("; "), page_hashes(paper("Six units")).split("; ")
    assert one != other and len(one) == len(other)


def test_swapped_pages_show_themselves() -> None:
    content = paper("none")
    writer = PdfWriter()
    for page in reversed(PdfReader(BytesIO(content)).pages):
        writer.add_page(page)
    swapped = BytesIO()
    writer.write(swapped)
    before = [part.split(": ")[1] for part in page_hashes(content).split("; ")]
    after = [part.split(": ")[1] for part in page_hashes(swapped.getvalue()).split("; ")]
    assert after == before[::-1]

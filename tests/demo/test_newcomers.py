"""What the newcomer of the journey types is valid, plainly fictional, and holds the fault that the import reports."""

import io

from demo.newcomers import fictional_credit_code, full_width, own_file
from marketplace.identity.identifiers import IdentifierKind, canonical_identifier
from marketplace.registry.offices.reading import read_stream
from marketplace.registry.offices.record import OfficeRecord, RowFault


def test_the_number_is_valid_as_typed_on_a_chinese_keyboard_and_says_that_it_is_a_demo() -> None:
    typed = full_width(fictional_credit_code())
    assert typed != fictional_credit_code()
    assert canonical_identifier(IdentifierKind.CREDIT_CODE, typed) == fictional_credit_code()
    assert "DEM0" in fictional_credit_code()


def test_the_file_of_own_rights_has_two_good_rows_and_a_fault() -> None:
    rows = list(read_stream(io.BytesIO(own_file().encode()), "rights.csv", "auto"))
    assert [type(row) for row in rows] == [OfficeRecord, OfficeRecord, RowFault]
    assert all(row.demo for row in rows if isinstance(row, OfficeRecord))
    assert isinstance(rows[2], RowFault) and rows[2].field == "kind"

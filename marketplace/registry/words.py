"""The register's statuses, kinds and event types in words."""

from typing import Any

from marketplace.core.i18n import _l

KINDS: dict[str, Any] = {
    "invention": _l("Invention patent"),
    "utility_model": _l("Utility model"),
    "design": _l("Design"),
    "trademark": _l("Registered trademark"),
    "copyright": _l("Copyright"),
    "software": _l("Software copyright"),
    "layout_design": _l("IC layout design"),
    "plant_variety": _l("Plant variety"),
}
STATUSES: dict[str, tuple[Any, str]] = {
    "pending": (_l("Pending"), "wait"),
    "in_force": (_l("In force"), "good"),
    "lapsed": (_l("Lapsed"), "stop"),
    "expired": (_l("Expired"), "stop"),
    "invalidated": (_l("Invalidated"), "stop"),
    "refused": (_l("Refused by the office"), "stop"),
    "withdrawn": (_l("Withdrawn"), "stop"),
    "unknown": (_l("Status unknown"), "info"),
}
BURDENS: dict[str, Any] = {
    "pledge": _l("Pledge"),
    "preservation": _l("Preservation order"),
    "exclusive_licence": _l("Exclusive licence"),
    "sole_licence": _l("Sole licence"),
    "non_exclusive_licence": _l("Non-exclusive licence"),
    "open_licence": _l("Open licence"),
    "ownership_dispute": _l("Ownership dispute"),
    "invalidation_proceedings": _l("Invalidation proceedings"),
}
EVENTS: dict[str, Any] = {
    "grant": _l("Grant"),
    "transfer": _l("Transfer"),
    "pledge_or_preservation": _l("Pledge or preservation"),
    "licence_recordal": _l("Licence recordal"),
    "declassification": _l("Declassification"),
    "invalidation": _l("Invalidation"),
    "termination": _l("Termination"),
    "restoration": _l("Restoration"),
    "term_compensation": _l("Term compensation"),
    "open_licence": _l("Open licence"),
    "compulsory_licence": _l("Compulsory licence"),
    "owner_details_change": _l("Change of owner details"),
    "publication": _l("Publication"),
    "examination": _l("Examination"),
    "withdrawal_or_refusal": _l("Withdrawal or refusal"),
    "fee": _l("Fee"),
    "unknown": _l("Code not known to us"),
}
IMPORT_STATUSES: dict[str, tuple[Any, str]] = {
    "uploaded": (_l("Being checked"), "wait"),
    "checked": (_l("Checked, nothing written yet"), "info"),
    "importing": (_l("Being brought in"), "wait"),
    "imported": (_l("In the register"), "good"),
    "refused": (_l("Refused"), "stop"),
}
FEE_STATES: dict[str, tuple[Any, str]] = {
    "paid": (_l("Paid"), "good"),
    "due": (_l("Falls due"), "info"),
    "late": (_l("Late"), "stop"),
    "unknown": (_l("Unknown: no evidence"), "wait"),
}
REJECTIONS: dict[str, Any] = {
    "bad_date": _l("This is not a day of the calendar."),
    "bad_number": _l("This is not a number of the expected form."),
    "bad_office": _l("The office must be two capital letters, such as CN."),
    "bad_kind": _l("The kind of right is not known."),
    "bad_status": _l("The status is not known."),
    "bad_classification": _l("This is not a classification symbol."),
    "bad_amount": _l("This is not an amount."),
    "missing_field": _l("A required field is empty."),
    "date_order": _l("The dates contradict one another."),
    "wrong_cell_count": _l("The row has more or fewer cells than the heading."),
    "duplicate_in_file": _l("The same document stands in the file twice."),
    "control_character": _l("The row contains characters that are not text."),
    "not_yours": _l("The right is in the register already and is not yours. Claim it first."),
    "operator_only": _l("Recorded conveyances are imported by the operator."),
    "hostile_xml": _l("The XML declares entities or asks for other files; it was not read."),
    "malformed_xml": _l("The XML is malformed."),
    "malformed_json": _l("The JSON is malformed."),
    "malformed_row": _l("The row cannot be read."),
    "wrong_encoding": _l("The text is not in the encoding it declares."),
    "unknown_format": _l("This is no office format that we know."),
    "other_format": _l("The file is in another format than the one chosen."),
    "old_format": _l("USPTO green book text and SGML, from before its XML, are not supported."),
    "packed_file": _l("Unpack the file first; only ZIP, XLSX, XML, JSON and CSV are read."),
    "nested_archive": _l("The archive holds another archive; nothing of it was read."),
    "damaged_archive": _l("The archive or workbook is damaged."),
    "encrypted_file": _l("The archive is encrypted."),
    "hostile_archive": _l("A file name in the archive leads out of its folder; nothing of it was read."),
    "zip_bomb": _l("The archive would unpack to far too much; nothing of it was read."),
    "empty_file": _l("The file holds nothing."),
    "record_too_large": _l("One record is too large."),
}


def rejection_words(code: str) -> str:
    """Why a row was not imported, in the reader's language."""
    return str(REJECTIONS.get(code, code))

"""Our own table, empty, to be filled in: as text and as an Excel workbook with notes and pick lists."""

import io
from typing import Any

from marketplace.core.i18n import _, _l
from marketplace.registry.assets import AssetKind, LegalStatus
from marketplace.registry.offices.own_table import TEMPLATE_COLUMNS

CHECKED_ROWS = 5000
NOTES: dict[str, Any] = {
    "office": _l("Office in two letters, such as CN or US. Required."),
    "kind": _l("Kind of right, one of the list. Required."),
    "number": _l("Publication, grant or registration number. This or the application number is required."),
    "kind_code": _l("Kind code of the publication, such as B or U."),
    "application_number": _l("Application number, with its check digit if it has one."),
    "application_date": _l("A day, written as 2024-03-05."),
    "publication_date": _l("A day, written as 2024-03-05."),
    "grant_date": _l("A day, written as 2024-03-05."),
    "expires_on": _l("Last day of the right, if the office states it."),
    "status": _l("Legal status, one of the list; empty means unknown."),
    "status_date": _l("The day since when the status holds."),
    "title_zh": _l("Title in Chinese. One title is required."),
    "title_en": _l("Title in English. One title is required."),
    "abstract_zh": _l("Abstract in Chinese."),
    "abstract_en": _l("Abstract in English."),
    "owners": _l("Owners, parted by semicolons."),
    "applicants": _l("Applicants, parted by semicolons; empty means the owners."),
    "inventors": _l("Inventors, parted by semicolons."),
    "ipc": _l("IPC symbols, parted by semicolons, such as H04L29/08."),
    "cpc": _l("CPC symbols, parted by semicolons."),
    "nice_classes": _l("Nice classes of a trademark, 1 to 45, parted by semicolons."),
    "claims_count": _l("Number of claims."),
    "family_id": _l("Number of the patent family."),
    "demo": _l("Yes for an invented record."),
}


def template_text() -> str:
    """The heading alone."""
    return ",".join(TEMPLATE_COLUMNS) + "\r\n"


def template_workbook() -> bytes:
    """The heading, everything below it kept as text, and a second sheet that explains each column."""
    from openpyxl import Workbook  # loads only where a workbook is made
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "rights"
    sheet.append(list(TEMPLATE_COLUMNS))
    sheet.freeze_panes = "A2"
    for number, name in enumerate(TEMPLATE_COLUMNS, start=1):
        letter = get_column_letter(number)
        sheet[f"{letter}1"].font = Font(bold=True)
        sheet.column_dimensions[letter].width = max(12, len(name) + 3)
        sheet.column_dimensions[letter].number_format = "@"
    _pick_list(sheet, "kind", [kind.value for kind in AssetKind])
    _pick_list(sheet, "status", [status.value for status in LegalStatus])
    notes = book.create_sheet("notes")
    notes.append([_("Column"), _("What to write")])
    for name in TEMPLATE_COLUMNS:
        notes.append([name, str(NOTES[name])])
    notes.column_dimensions["A"].width, notes.column_dimensions["B"].width = 22, 90
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _pick_list(sheet: Any, column: str, choices: list[str]) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    letter = get_column_letter(TEMPLATE_COLUMNS.index(column) + 1)
    rule = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True)
    rule.add(f"{letter}2:{letter}{CHECKED_ROWS}")
    sheet.add_data_validation(rule)

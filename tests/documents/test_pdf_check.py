"""A PDF that comes in is judged by its objects: packed scripts are found, chance bytes are not."""

import io
import struct
import zlib
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, StreamObject, TextStringObject

from marketplace.documents.pdf_check import PdfFinding, examine


def pdf_with(catalogue: dict[str, Any], *, password: str | None = None, title: str = "", noise: bytes = b"") -> bytes:
    """A one-page PDF with these entries in its catalogue, a title, uncompressed noise on its page, a password."""
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    stream = StreamObject()
    stream.set_data(noise)
    page[NameObject("/Contents")] = writer._add_object(stream)
    writer.add_metadata({"/Title": title})
    writer.root_object.update({NameObject(key): value for key, value in catalogue.items()})
    if password is not None:
        writer.encrypt(password, "owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


SCRIPT = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("x()")})


@pytest.mark.parametrize("content,finding", [
    (pdf_with({}), PdfFinding.PLAIN), (pdf_with({"/OpenAction": SCRIPT}), PdfFinding.ACTIVE),
    (pdf_with({"/OpenAction": SCRIPT}).replace(b"/JavaScript", b"/J#61vaScript"), PdfFinding.ACTIVE),
    (pdf_with({"/AF": ArrayObject([DictionaryObject({NameObject("/EF"): DictionaryObject()})])}), PdfFinding.ACTIVE),
    (pdf_with({}, noise=b"\x9f/JS\x00\x01/Launch "), PdfFinding.PLAIN), (pdf_with({}, title="/JS"), PdfFinding.PLAIN),
    (pdf_with({}, password="secret"), PdfFinding.LOCKED), (pdf_with({}, password=""), PdfFinding.PLAIN),
    (pdf_with({}, password="").replace(b"/Pages", b"/Pxges"), PdfFinding.DAMAGED),
    (b"%PDF-1.7\n/JavaScript (x)\n%%EOF", PdfFinding.DAMAGED),
], ids=range(10))  # fmt: skip
def test_a_pdf_is_judged_by_its_objects_not_by_chance_bytes(content: bytes, finding: PdfFinding) -> None:
    assert examine(content) is finding


def test_a_script_packed_into_an_object_stream_is_found() -> None:
    packed = zlib.compress(b"1 0 << /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (x) >> >>")
    parts = [
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n",
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>\nendobj\n",
        b"4 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n"
        % (len(packed), packed),
    ]
    content, places = b"%PDF-1.7\n", [(0, 0, 255), (2, 4, 0)]
    for part in parts:
        places.append((1, len(content), 0))
        content += part
    table = b"".join(struct.pack(">BHB", *place) for place in [*places, (1, len(content), 0)])
    head = b"5 0 obj\n<< /Type /XRef /Size 6 /W [1 2 1] /Root 1 0 R /Length %d >>\nstream\n" % len(table)
    file = content + head + table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF" % len(content)
    assert b"JavaScript" not in file and examine(file) is PdfFinding.ACTIVE

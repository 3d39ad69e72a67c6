"""What a file really is, judged by its content: only harmless known kinds come in."""

import io
import re
import struct
import unicodedata
import zipfile
from pathlib import PurePosixPath

import puremagic

from marketplace.core.errors import Malformed
from marketplace.core.i18n import _l
from marketplace.documents.pdf_check import PdfFinding, examine

LARGEST_FILE_BYTES = 20 * 1024 * 1024
LARGEST_IMAGE_PIXELS = 40_000_000
LARGEST_UNPACKED_BYTES = 200 * 1024 * 1024
LARGEST_COMPRESSION_RATIO = 120
MOST_ARCHIVE_ENTRIES = 2_000
LONGEST_NAME = 120

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXT, CSV, XML = "text/plain", "text/csv", "application/xml"
EXTENSIONS = {
    PDF: {".pdf"}, PNG: {".png"}, JPEG: {".jpg", ".jpeg"}, DOCX: {".docx"}, XLSX: {".xlsx"},
    TEXT: {".txt", ".md"}, CSV: {".csv"}, XML: {".xml"},
}  # fmt: skip
"""Media type → the endings its name may have."""

_TEST_VIRUS = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
_MARKUP = re.compile(r"<\s*(html|script|svg|iframe|body|!doctype\s+html)", re.IGNORECASE)
_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF])
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)(\..*)?", re.IGNORECASE)


class FileRefused(Malformed):
    """The file is not of a kind that may be stored."""

    message = _l("Upload a PDF, PNG, JPEG, Word, Excel, text, CSV or XML file whose content matches its name.")

    def __init__(self, message: object = None) -> None:
        super().__init__("file", message or self.message)


def clean_name(name: str) -> str:
    """The file name as it may be shown: Chinese kept; folders, controls, overrides and reserved words gone."""
    text = unicodedata.normalize("NFC", name).replace("\\", "/")
    text = PurePosixPath(text).name.translate(_BIDI)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    text = re.sub(r'[<>:"|?*]', "_", text).strip().strip(".").strip()
    if _RESERVED.fullmatch(text):
        text = "_" + text
    if len(text) > LONGEST_NAME:
        ending = PurePosixPath(text).suffix[:10]
        text = text[: LONGEST_NAME - len(ending)] + ending
    return text or "file"


def check_content(content: bytes, name: str) -> str:
    """The media type of a file that may be stored; anything else is refused with the reason."""
    if not content:
        raise FileRefused(_l("This file is empty."))
    if len(content) > LARGEST_FILE_BYTES:
        raise FileRefused(_l("This file is larger than 20 MB."))
    if _TEST_VIRUS in content:
        raise FileRefused(_l("This file looks like malware and was not stored."))
    media_type = _recognise(content, name)
    if PurePosixPath(name.lower()).suffix not in EXTENSIONS[media_type]:
        raise FileRefused()
    return media_type


def _recognise(content: bytes, name: str) -> str:
    if content.startswith(b"%PDF-"):
        return _check_pdf(content)
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return _check_picture(PNG, _png_size(content))
    if content.startswith(b"\xff\xd8\xff"):
        return _check_picture(JPEG, _jpeg_size(content))
    if content.startswith(b"PK\x03\x04"):
        return _check_office(content)
    return _check_text(content, name)


def _check_pdf(content: bytes) -> str:
    finding = examine(content)
    if finding is PdfFinding.ACTIVE or _MARKUP.search(content[:4096].decode("latin-1")):
        raise FileRefused(_l("This PDF contains scripts or attachments. Print it to a plain PDF and upload that."))
    if finding is PdfFinding.DAMAGED:
        raise FileRefused(_l("This PDF is damaged."))
    if finding is PdfFinding.LOCKED:
        raise FileRefused(_l("This PDF needs a password. Save it without one and upload that."))
    return PDF


def _check_picture(media_type: str, size: tuple[int, int] | None) -> str:
    if size is None or size[0] * size[1] > LARGEST_IMAGE_PIXELS or 0 in size:
        raise FileRefused(_l("This picture is damaged or has too many pixels."))
    return media_type


def _png_size(content: bytes) -> tuple[int, int] | None:
    if len(content) < 33 or content[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", content[16:24])
    return int(width), int(height)


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 < len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        length = int.from_bytes(content[place + 2 : place + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return int(width), int(height)
        place += 2 + max(length, 2)
    return None


def _check_office(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise FileRefused() from error
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries) or 1
    too_much = unpacked > LARGEST_UNPACKED_BYTES or unpacked / packed > LARGEST_COMPRESSION_RATIO
    if len(entries) > MOST_ARCHIVE_ENTRIES or too_much or any(entry.flag_bits & 1 for entry in entries):
        raise FileRefused(_l("This file unpacks to far too much, or is encrypted."))
    names = {entry.filename for entry in entries}
    if any("vbaProject" in name for name in names):
        raise FileRefused(_l("This file contains macros."))
    if "[Content_Types].xml" in names and "word/document.xml" in names:
        return DOCX
    if "[Content_Types].xml" in names and "xl/workbook.xml" in names:
        return XLSX
    raise FileRefused()


def _check_text(content: bytes, name: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise FileRefused() from error
    if "\0" in text or _known_binary(content):
        raise FileRefused()
    if _MARKUP.search(text):
        raise FileRefused(_l("Web pages and drawings with scripts are not stored here."))
    if text.lstrip().startswith("<?xml"):
        if "<!ENTITY" in text or "<!DOCTYPE" in text:
            raise FileRefused(_l("XML with its own document type is not stored here."))
        return XML
    return CSV if name.lower().endswith(".csv") else TEXT


def _known_binary(content: bytes) -> bool:
    try:
        found = puremagic.magic_string(content[:8192])
    except (puremagic.PureError, ValueError):
        return False
    return any(match.confidence >= 0.6 and not match.mime_type.startswith("text/") for match in found)

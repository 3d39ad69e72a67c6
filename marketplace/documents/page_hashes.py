"""A hash of each page of a PDF, so that a page swapped or changed later can be named."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any


def page_hashes(content: bytes) -> str:
    """The SHA-256 of every page's drawing instructions, uncompressed, in the order of the pages."""
    from pyhanko.pdf_utils.reader import PdfFileReader  # loads only where a file is signed

    pages = _pages(PdfFileReader(BytesIO(content)).root["/Pages"])
    return "; ".join(f"{number}: {_digest(page)}" for number, page in enumerate(pages, start=1))


def _pages(node: Any) -> Iterator[Any]:
    if node["/Type"] == "/Page":
        yield node
        return
    for kid in node["/Kids"]:
        yield from _pages(kid.get_object())


def _digest(page: Any) -> str:
    from pyhanko.pdf_utils.generic import StreamObject

    drawn: Any = page.raw_get("/Contents").get_object() if "/Contents" in page else ()
    parts = [drawn] if isinstance(drawn, StreamObject) else [part.get_object() for part in drawn]
    return hashlib.sha256(b"\n".join(part.data for part in parts)).hexdigest()

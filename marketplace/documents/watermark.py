"""Copies that carry their reader's mark: every page of a PDF or a picture is laid out anew under the mark.

Run as a program (``python watermark.py FILE``) it answers the number of pages or fails: a stranger's file is tried
in a process of its own, with a limit on time and memory, before any reader is served from it.
"""

import io
import json
import resource
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Literal

MOST_PAGES = 300
TRIAL_SECONDS = 20
TRIAL_MEMORY_BYTES = 2 * 1024**3
PICTURE_DOTS_PER_INCH = 110
LAYOUT = Path(__file__).parent / "templates_typst" / "watermark.typ"
FORMATS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
"""Media type → the ending the layout knows it by; nothing else can carry a mark."""


class NotReadable(Exception):
    """The content cannot be laid out page by page."""


def marked_copy(content: bytes, media_type: str, pages: int, mark: str) -> bytes:
    """The whole file as a PDF with the mark burnt into every page."""
    return _compile(content, FORMATS[media_type], list(range(1, pages + 1)), mark, "pdf")


def marked_picture(content: bytes, media_type: str, page: int, mark: str) -> bytes:
    """One page as a PNG with the mark burnt in."""
    return _compile(content, FORMATS[media_type], [page], mark, "png")


def count_pages(content: bytes, ending: str) -> int:
    """How many pages the file really has, found by laying them out; raises ``NotReadable``."""
    if ending != "pdf":
        _compile(content, ending, [1], "", "pdf")
        return 1
    stated = _stated_pages(content)
    if not 1 <= stated <= MOST_PAGES:
        raise NotReadable(f"{stated} pages")
    _compile(content, ending, list(range(1, stated + 1)), "", "pdf")
    return stated


def _stated_pages(content: bytes) -> int:
    from pyhanko.pdf_utils.misc import PdfError  # loads only where a stranger's file is tried
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        reader = PdfFileReader(io.BytesIO(content))
        if reader.encrypted:
            raise NotReadable("encrypted")
        return int(reader.root["/Pages"]["/Count"])
    except (PdfError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise NotReadable(str(error)) from error


def _compile(content: bytes, ending: str, pages: list[int], mark: str, form: Literal["pdf", "png"]) -> bytes:
    """Lay the pages out under the mark; the content is only ever an image to the layout."""
    import typst  # seven megabytes: loaded by whoever makes a copy

    data = json.dumps({"file": f"file.{ending}", "pages": pages, "mark": mark}, ensure_ascii=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / f"file.{ending}").write_bytes(content)
        (folder / "layout.typ").write_bytes(LAYOUT.read_bytes())
        try:
            return typst.compile(
                folder / "layout.typ", root=folder, font_paths=_fonts(), ignore_system_fonts=True, format=form,
                ppi=PICTURE_DOTS_PER_INCH, sys_inputs={"data": data},
            )  # fmt: skip
        except RuntimeError as error:
            raise NotReadable(str(error)) from error


@cache
def _fonts() -> Any:
    import pylopdf_fonts_zh_cn
    import typst

    folder = pylopdf_fonts_zh_cn.sans_path().parent
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])


def main(path: str) -> int:
    """Try a file within the limits; prints the number of its pages."""
    resource.setrlimit(resource.RLIMIT_AS, (TRIAL_MEMORY_BYTES, TRIAL_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (TRIAL_SECONDS, TRIAL_SECONDS))
    sys.stdout.write(str(count_pages(Path(path).read_bytes(), Path(path).suffix.removeprefix("."))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

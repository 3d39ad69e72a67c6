"""Laying a document out as a tagged PDF with the fonts of the installed package."""

import json
from functools import cache
from pathlib import Path
from typing import Any


def typeset(layout: Path, data: Any) -> bytes:
    """The layout filled with data as PDF/A-2a and PDF/UA-1; the same data give the same bytes."""
    import typst  # seven megabytes: loaded by whoever makes a document

    pdf = typst.compile(
        layout.read_bytes(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["a-2a", "ua-1"],
    )
    assert isinstance(pdf, bytes)
    return pdf


@cache
def _fonts() -> Any:
    """The Chinese fonts of the installed package, so that no document depends on what a machine has."""
    import pylopdf_fonts_zh_cn
    import typst

    folder = pylopdf_fonts_zh_cn.sans_path().parent
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])

"""Compiled translations: each room keeps its Chinese beside its pages."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOMS = Path(__file__).resolve().parents[1]


def catalogue_folders() -> list[Path]:
    """The translation folders of all rooms."""
    return sorted(ROOMS.glob("*/translations"))


def compile_catalogues() -> None:
    """Compile every catalogue that is newer than its compiled form."""
    for source in ROOMS.glob("*/translations/*/LC_MESSAGES/messages.po"):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parents[1].name)
        temporary = compiled.with_suffix(".mo.new")
        with temporary.open("wb") as binary:
            write_mo(binary, catalogue)
        temporary.replace(compiled)

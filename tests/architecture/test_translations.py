"""Every visible string exists in Chinese."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOMS = sorted(path.parent for path in (Path(__file__).resolve().parents[2] / "marketplace").glob("*/translations"))
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_message_of_the_room_is_in_its_chinese_catalogue(room: Path) -> None:
    used = {
        message
        for _file, _line, message, _comments, _context in extract_from_dir(
            str(room), METHODS, OPTIONS, keywords={"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}
        )
        for message in ([message] if isinstance(message, str) else message)
    }
    with (room / "translations/zh/LC_MESSAGES/messages.po").open("rb") as source:
        catalogue = {entry.id: entry.string for entry in read_po(source, locale="zh") if entry.id}
    missing = sorted(message for message in used if not catalogue.get(message))
    assert missing == []
    for message in used:
        assert set(PLACEHOLDER.findall(message)) == set(PLACEHOLDER.findall(str(catalogue[message]))), message

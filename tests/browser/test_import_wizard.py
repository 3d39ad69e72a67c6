"""A holder brings rights in by keyboard alone, leaves during the work and finds it done, in Chinese and English."""

from pathlib import Path
from typing import Any

import pytest

from marketplace.core.db import session
from marketplace.identity.people import Membership
from marketplace.identity.roles import Role
from tests.browser.conftest import PHONE, Reader
from tests.conftest import LiveServer
from tests.makers.identity import make_organisation, make_person

pytestmark = pytest.mark.browser

OWNER = "虚构键盘有限公司"
HEAD = "office,kind,number,kind_code,application_date,status,title_zh,owners\n"
STEPS = {"zh": ("第二步", "第三步"), "en": ("Step 2 of 3", "Step 3 of 3")}
BAD_DAY = {"zh": "日期不存在", "en": "not a day of the calendar"}


def fill() -> str:
    """A holder with a persona."""
    person, organisation = make_person(demo=True, name="Persona"), make_organisation(name_zh=OWNER, demo=True)
    session.add(Membership(person_id=person.id, organisation_id=organisation.id, role=Role.ADMINISTRATOR))
    session.flush()
    return str(person.id)


def table(folder: Path, number: int) -> Path:
    """Two rights, and a row that is no day of the calendar."""
    path = folder / f"rights-{number}.csv"
    rows = [(1, "2021-01-05", "阀门"), (2, "2021-13-05", "水泵"), (3, "2021-02-05", "支架")]
    lines = [f"CN,invention,91{number}00000{at},B,{day},in_force,{title}{number},{OWNER}\n" for at, day, title in rows]
    path.write_text(HEAD + "".join(lines), encoding="utf-8")
    return path


def test_a_holder_imports_by_keyboard_and_may_leave_meanwhile(
    live_server: LiveServer, reader: Any, tmp_path: Path
) -> None:
    persona = live_server.seed(fill)
    for number, language in enumerate(STEPS, 2):
        holder = reader(live_server.url, language)
        holder.become(persona)
        holder.visit("/assets/import")
        holder.page.locator('main input[type="file"]').set_input_files(table(tmp_path, number))
        holder.press('main form[action="/assets/import"] button')
        wait_for(holder, STEPS[language][0])
        holder.check()
        assert BAD_DAY[language] in holder.page.inner_text("main")
        holder.press('main form[action$="/confirmation"] button')
        run = holder.page.url
        holder.visit("/dashboard")
        holder.page.goto(run)
        wait_for(holder, STEPS[language][1])
        holder.check()
        holder.visit("/assets")
        assert f"阀门{number}" in holder.page.inner_text("main")
        assert f"水泵{number}" not in holder.page.inner_text("main")
        on_the_phone = reader(live_server.url, language, PHONE, "dark")
        on_the_phone.become(persona)
        on_the_phone.page.goto(run)
        on_the_phone.check()
        assert on_the_phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def wait_for(holder: Reader, words: str) -> None:
    """The page tells of the progress by itself."""
    holder.page.get_by_text(words).first.wait_for(timeout=60_000)

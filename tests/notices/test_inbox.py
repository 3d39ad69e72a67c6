"""The inbox: every member is told in their own language, by letter too if they wish, and nothing can be slipped in."""

from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from flask_babel import force_locale

from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.identity.organisations import Organisation
from marketplace.notices import wording
from marketplace.notices.email import send_letter, write_letter
from marketplace.notices.inbox import Notice, choose_mail, notices_of, read_notice, tell, unread_count
from marketplace.notices.wording import UnknownNotice, known_kinds, show, words_of
from tests.makers.identity import make_actor, make_organisation

INSTANT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def letters(client_or_app: Any) -> list[Any]:
    folder: Path = getattr(client_or_app, "application", client_or_app).extensions["settings"].home / "mail"
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]


def tell_approved(organisation: Organisation, name: str = "Acme") -> list[Notice]:
    return tell(organisation.id, "organisation_approved", {"organisation": name}, "/organisation", now())


def test_every_member_is_told_and_each_reads_for_themselves(db: Any) -> None:
    organisation = make_organisation()
    one, two = make_actor(organisation), make_actor(organisation)
    assert len(tell_approved(organisation)) == 2
    assert (unread_count(one), unread_count(two)) == (1, 1)
    read_notice(one, notices_of(one)[0].id, now())
    assert (unread_count(one), unread_count(two), unread_count(make_actor())) == (0, 1, 0)


def test_a_kind_without_words_is_a_mistake_found_at_once(db: Any) -> None:
    with pytest.raises(UnknownNotice, match="no words"):
        tell(make_organisation().id, "something_new", {}, "/", now())


def test_every_kind_has_words_in_both_languages(db: Any) -> None:
    import re

    for kind in known_kinds():
        told = wording._wordings[kind]
        parameters = dict.fromkeys(re.findall(r"%\((\w+)\)s", f"{told.subject} {told.text}"), "…")
        with force_locale("en"):
            english = words_of(kind, parameters)
        with force_locale("zh"):
            chinese = words_of(kind, parameters)
        assert english.subject and english.subject != chinese.subject, kind
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese.subject), kind


def test_amounts_and_days_are_shown_in_the_readers_language(db: Any) -> None:
    amount = wording.keep(Money(123_456_750, "CNY"))
    day, names = wording.keep(date(2026, 11, 22)), wording.keep({"zh": "虚构", "en": "Fictional"})
    with force_locale("zh"):
        assert (show(amount), show(day), show(names)) == ("¥1,234,567.50", "2026年11月22日", "虚构")
    with force_locale("en"):
        assert (show(amount), show(day), show(names)) == ("¥1,234,567.50", "2026-11-22", "Fictional")


def test_the_letter_is_in_the_language_of_its_reader_and_its_link_is_from_the_settings(
    app: Any, db: Any, run_jobs: Any
) -> None:
    from marketplace.identity.people import Person

    organisation = make_organisation()
    chinese, english = make_actor(organisation), make_actor(organisation)
    db.get(Person, english.person_id).language = "en"
    tell_approved(organisation, "虚构公司")
    run_jobs()
    by_reader = {letter["To"]: letter for letter in letters(app)[-2:]}
    first = by_reader[db.get(Person, chinese.person_id).email]
    second = by_reader[db.get(Person, english.person_id).email]
    assert first["Subject"] == "虚构公司 已通过认证" and second["Subject"] == "虚构公司 is approved"
    assert "http://127.0.0.1:5000/organisation" in second.get_content()


def test_who_wants_no_letters_gets_none(app: Any, db: Any, run_jobs: Any) -> None:
    organisation = make_organisation()
    actor = make_actor(organisation)
    choose_mail(actor, wants=False)
    before = len(letters(app))
    tell_approved(organisation)
    run_jobs()
    assert len(letters(app)) == before and unread_count(actor) == 1


def test_a_letter_is_sent_once_even_if_its_job_runs_twice(app: Any, db: Any) -> None:
    from marketplace.notices.email import mail_notice

    organisation = make_organisation()
    make_actor(organisation)
    (notice,) = tell_approved(organisation)
    before = len(letters(app))
    mail_notice(notice.id, now())
    mail_notice(notice.id, now())
    assert len(letters(app)) == before + 1


def test_line_breaks_in_a_name_add_no_header_and_no_reader(app: Any, db: Any, run_jobs: Any) -> None:
    organisation = make_organisation()
    make_actor(organisation)
    tell_approved(organisation, "Acme\r\nBcc: victim@evil.example\r\n\r\n<script>alert(1)</script>{{7*7}}")
    run_jobs()
    letter = letters(app)[-1]
    assert letter["Bcc"] is None and letter.get_all("To") is not None and len(letter.get_all("To")) == 1
    assert letter["Subject"].startswith("Acme Bcc: victim@evil.example")
    assert letter.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "address", ["a@x.cn, b@x.cn", "a@x.cn\r\nBcc: b@x.cn", "a@x.cn;b@x.cn", "a", "<a@x.cn>", "a@@x.cn"]
)
def test_a_letter_has_exactly_one_reader(app: Any, address: str) -> None:
    with pytest.raises(ValueError, match="one reader"):
        write_letter(app.extensions["settings"], address, "Subject", "Text", INSTANT)


def test_letters_go_to_the_console_if_so_configured(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from dataclasses import replace

    settings = replace(app.extensions["settings"], mail_backend="console")
    send_letter(settings, write_letter(settings, "a@fictional.example", "Hello", "Text", INSTANT), INSTANT)
    assert "Subject: Hello" in capsys.readouterr().err


def test_letters_go_to_an_smtp_server_if_so_configured(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    sent: list[Any] = []

    class Server:
        """Remembers what an SMTP server is told."""

        def __init__(self, host: str, port: int, timeout: int) -> None:
            sent.append((host, port))

        def __enter__(self) -> "Server":
            return self

        def __exit__(self, *_error: object) -> None:
            return None

        def login(self, name: str, password: str) -> None:
            sent.append((name, password))

        def send_message(self, letter: Any) -> None:
            sent.append(letter["To"])

    monkeypatch.setattr("smtplib.SMTP_SSL", Server)
    address = "smtps://post%40x.cn:s%3Acret@mail.x.cn"
    settings = replace(app.extensions["settings"], mail_backend="smtp", smtp_url=address)
    send_letter(settings, write_letter(settings, "a@fictional.example", "Hello", "Text", INSTANT), INSTANT)
    assert sent == [("mail.x.cn", 465), ("post@x.cn", "s:cret"), "a@fictional.example"]


def test_the_page_shows_hostile_text_as_text_and_counts_what_is_unread(
    client: FlaskClient, db: Any, sign_in: Any
) -> None:
    organisation = make_organisation()
    actor = make_actor(organisation)
    tell_approved(organisation, "<script>alert(1)</script>{{7*7}}")
    db.commit()
    page = sign_in(client, actor).get("/inbox?lang=en").text
    assert "<script>alert" not in page and "{{7*7}}" in page and '<span class="count">1</span>' in page
    listed = client.get("/api/v1/notices").json
    assert listed["unread"] == 1 and listed["items"][0]["link"] == "/organisation"
    answer = client.post(f"/inbox/{listed['items'][0]['id']}")
    assert answer.location == "/organisation" and client.get("/api/v1/notices").json["unread"] == 0


def test_nobody_reads_the_notices_of_others(client: FlaskClient, db: Any, sign_in: Any) -> None:
    organisation, stranger = make_organisation(), make_actor()
    make_actor(organisation)
    (notice,) = tell_approved(organisation)
    db.commit()
    assert client.get("/api/v1/notices").status_code == 401
    sign_in(client, stranger)
    headers = {"Idempotency-Key": uuid4().hex}
    assert client.post(f"/api/v1/notices/{notice.id}/read", headers=headers).status_code == 404
    assert client.get("/api/v1/notices").json["items"] == []
    assert client.get("/api/v1/notices?after=nonsense").status_code == 422
    assert client.get("/api/v1/notices?limit=5000").status_code == 422


def test_a_link_that_leaves_the_site_cannot_be_stored(db: Any) -> None:
    from sqlalchemy.exc import IntegrityError

    organisation = make_organisation()
    make_actor(organisation)
    for link in ("//evil.example", "https://evil.example"):
        with pytest.raises(IntegrityError), db.begin_nested():
            tell(organisation.id, "organisation_approved", {"organisation": "x"}, link, now())

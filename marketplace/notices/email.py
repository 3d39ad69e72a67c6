"""Letters: written in the reader's language, sent to a folder, the console or an SMTP server."""

import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import click
from flask import current_app
from flask_babel import force_locale

from marketplace.core.db import find
from marketplace.core.i18n import _
from marketplace.identity.people import Person
from marketplace.notices.inbox import Notice
from marketplace.notices.wording import one_line
from marketplace.settings import Settings

SMTP_WAIT_SECONDS = 20
UNFOLDED = SMTP.clone(max_line_length=998)
"""Lines as long as the standard allows: a folded address would be written in a form that mail programs do not open."""
STOP_LINK = "stop"
"""The parameter of a notice that holds the address where its reader stops this kind of letter."""


def write_letter(settings: Settings, to: str, subject: str, text: str, now: datetime) -> EmailMessage:
    """One letter to one reader; line breaks in the address or subject cannot add headers or readers."""
    letter = EmailMessage(policy=UNFOLDED)
    letter["From"] = settings.mail_sender
    letter["To"] = _one_address(to)
    letter["Subject"] = one_line(subject)
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = make_msgid(domain=settings.mail_sender.rpartition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text)
    return letter


def _one_address(address: str) -> str:
    if any(character in address for character in '\r\n,;<>"') or address.count("@") != 1:
        raise ValueError("a letter has exactly one reader")
    return address


def send_letter(settings: Settings, letter: EmailMessage, now: datetime) -> None:
    """Send by the configured way; unknown ways are refused."""
    ways: dict[str, Callable[[Settings, EmailMessage, datetime], None]] = {
        "file": _to_folder,
        "console": _to_console,
        "smtp": _to_smtp,
    }
    ways[settings.mail_backend](settings, letter, now)


def _to_folder(settings: Settings, letter: EmailMessage, now: datetime) -> None:
    folder: Path = settings.home / "mail"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = folder / f".{uuid4().hex}"
    unfinished.write_bytes(letter.as_bytes())
    unfinished.replace(folder / f"{now:%Y%m%dT%H%M%S.%f}-{uuid4().hex[:8]}.eml")


def _to_console(_settings: Settings, letter: EmailMessage, _now: datetime) -> None:
    click.echo(letter.as_string(), err=True)


def _to_smtp(settings: Settings, letter: EmailMessage, _now: datetime) -> None:
    address = urlsplit(settings.smtp_url or "")
    encrypted = address.scheme == "smtps"
    open_connection: Callable[..., smtplib.SMTP] = smtplib.SMTP_SSL if encrypted else smtplib.SMTP
    port = address.port or (465 if encrypted else 587)
    with open_connection(address.hostname or "localhost", port, timeout=SMTP_WAIT_SECONDS) as server:
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if address.username:
            server.login(unquote(address.username), unquote(address.password or ""))
        server.send_message(letter)


def absolute_link(path: str) -> str:
    """The address of a page for use outside the site; the host comes from the settings, never from a request."""
    settings: Settings = current_app.extensions["settings"]
    return settings.public_url.rstrip("/") + path


def mail_in(
    language: str, to: str, write: Callable[[], tuple[str, str]], now: datetime, stop: str | None = None
) -> None:
    """Write a letter in the reader's language and send it; mail programs offer the stop link as one click (RFC 8058)."""
    settings: Settings = current_app.extensions["settings"]
    with force_locale(language):
        subject, text = write()
        signature = _("This message was sent automatically by the IP marketplace.")
    letter = write_letter(settings, to, subject, f"{text}\n\n-- \n{signature}\n", now)
    if stop:
        letter["List-Unsubscribe"] = f"<{stop}>"
        letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    send_letter(settings, letter, now)


def mail_notice(notice_id: UUID, now: datetime) -> None:
    """Send one notice to its reader, once."""
    notice = find(Notice, notice_id, lock=True)
    person = find(Person, notice.person_id)
    if notice.mailed_at is not None or not person.active:
        return

    def write() -> tuple[str, str]:
        words = notice.words
        return words.subject, f"{words.text}\n\n{absolute_link(notice.link)}"

    mail_in(person.language, person.email, write, now, notice.params.get(STOP_LINK))
    notice.mailed_at = now

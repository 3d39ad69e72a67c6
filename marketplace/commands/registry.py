"""Import, show, check and verify the register from the command line."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
from flask.cli import AppGroup

from marketplace.commands.output import refusal, refuse, say
from marketplace.core.actor import SYSTEM
from marketplace.core.clock import now
from marketplace.core.db import session
from marketplace.core.errors import Malformed, Problem
from marketplace.registry.extracts import end_of_day, extract_by_number
from marketplace.registry.importing import ImportReport, finish_import, import_rows
from marketplace.registry.instrument_cases import judge_cases
from marketplace.registry.integrity import verify_register
from marketplace.registry.offices.reading import FORMATS, read_path
from marketplace.registry.offices.record import UnreadableFile
from marketplace.registry.security_chains import security_of_party

group = AppGroup("registry", help="Import, show, check and verify the register.")


@group.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "wanted", type=click.Choice(FORMATS), default="auto", show_default=True)
@click.option("--dry-run", is_flag=True, help="Report what would happen; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def import_files(paths: tuple[Path, ...], wanted: str, dry_run: bool, as_json: bool) -> None:
    """Import office files; a folder is walked."""
    report = ImportReport()
    at = now()
    files = [file for path in paths for file in _files(path)]
    for file in files:
        click.echo(f"reading {file}", err=True)
        _import_file(file, wanted, report)
    if dry_run:
        session.rollback()
    else:
        if report.created or report.updated:
            finish_import(SYSTEM, report, at)
        session.commit()
    if as_json:
        say(report.as_json())
    else:
        _tell(report, dry_run)
    if files and report.read == 0 and report.rejected:
        raise SystemExit(1)


@group.command("show")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (the only form).")
@click.option("--as-of", "as_of", default=None, help="The day to show, as 2026-11-22.")
@click.option("--known-at", "known_at", default=None, help="By what was known at the end of this day.")
def show(number: str, as_json: bool, as_of: str | None, known_at: str | None) -> None:
    """Show everything the register knows of the right with this number."""
    try:
        known = end_of_day(day) if (day := _day(known_at)) else None
        say(extract_by_number(number, _day(as_of), known))
    except Problem as problem:
        refuse(problem)


@group.command("check")
@click.option("--file", "path", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(path: Path) -> None:
    """Weigh each proposed instrument of a JSON file against the law and what already stands."""
    try:
        cases = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as wrong:
        refuse(Malformed("file", f"This is not JSON: {wrong}"))
        return
    answers = judge_cases(cases, now().date(), refusal)
    say(answers if isinstance(cases, list) or len(answers) != 1 else answers[0])


@group.command("verify")
def verify() -> None:
    """Prove the register's invariants over the whole database."""
    answer = verify_register()
    say(answer)
    if not answer["valid"]:
        raise SystemExit(1)


@group.command("security")
@click.argument("name")
@click.option("--on", "on", default=None, help="The day to show, as 2022-07-08; today if left out.")
def security(name: str, on: str | None) -> None:
    """Show who holds security over which rights of a party, replayed from the recordations."""
    try:
        say(security_of_party(name, _day(on) or now().date()))
    except Problem as problem:
        refuse(problem)


def _import_file(file: Path, wanted: str, report: ImportReport) -> None:
    """One file is imported whole or, when it is refused half-way, not at all."""
    before = report.stand()
    saved = session.begin_nested()
    try:
        import_rows(SYSTEM, read_path(file, wanted), str(file), now(), report)
        saved.commit()
    except UnreadableFile as refused:
        saved.rollback()
        report.go_back(before)
        report.reject(str(file), 0, "", refused.code, refused.message)


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or every ordinary file in the folder; links are not followed."""
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not file.is_symlink() and not file.name.startswith("."):
            yield file


def _tell(report: ImportReport, dry_run: bool) -> None:
    heading = "would be " if dry_run else ""
    click.echo(
        f"{report.read} read, {heading}{report.created} created, {report.updated} updated, "
        f"{report.unchanged} unchanged, {report.rejected_count} rejected"
    )
    for rejection in report.rejected:
        click.echo(f"  {rejection.source} row {rejection.row} {rejection.field}: {rejection.code} {rejection.message}")


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as wrong:
        raise Malformed("as_of", "Write the day as 2026-11-22.") from wrong

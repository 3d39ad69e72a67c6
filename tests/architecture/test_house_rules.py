"""Rules of the house that a command can check."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from apiflask import APIFlask

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for folder in ("marketplace", "demo", "bench") for path in (ROOT / folder).rglob("*.py"))


def test_every_route_is_guarded(app: APIFlask) -> None:
    open_routes = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.endswith("static")
        and not rule.endpoint.startswith(("openapi.", "bootstrap."))
        and not hasattr(app.view_functions[rule.endpoint], "guard")
    }
    assert open_routes == set()


def test_every_api_post_that_changes_something_is_idempotent(app: APIFlask) -> None:
    loose = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        and "POST" in (rule.methods or set())
        and not getattr(app.view_functions[rule.endpoint], "idempotent", False)
        and not getattr(app.view_functions[rule.endpoint], "changes_nothing", False)
    }
    assert loose == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_only_the_edges_know_http() -> None:
    edges = {"api.py", "pages.py", "schemas.py", "jobs.py", "panels.py"}
    knowing = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "marketplace").rglob("*.py")
        if path.parent.name not in ("core", "web", "commands", "identity", "marketplace")
        and path.name not in edges
        and not path.stem.endswith(("_api", "_pages"))
        and re.search(r"^from flask import .*\b(request|session|redirect|render_template)\b", path.read_text(), re.M)
    }
    assert knowing == set()


def test_nobody_commits_outside_the_edges() -> None:
    committing = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "marketplace").rglob("*.py")
        if "session.commit()" in path.read_text()
        and path.parent.name not in ("core", "commands")
        and path.name != "jobs.py"
    }
    assert committing == set()


def test_imports_keep_the_order_of_the_rooms() -> None:
    done = subprocess.run([str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout

"""A command starts light: libraries and rooms that few commands need are loaded by those that need them."""

import subprocess
import sys
from pathlib import Path

HEAVY = {
    "sklearn", "scipy", "rjieba", "pyhanko", "openpyxl", "stripe", "cn2an", "aiohttp", "flask_swagger_ui", "pypdf",
    "typst", "httpx", "alembic", "rfc3161_client", "rapidfuzz", "xlsxwriter", "webauthn",
}  # fmt: skip
NOT_FOR_THE_REGISTER = {
    "numpy", "tantivy", "flask_security", "flask_limiter", "marketplace.reactions", "marketplace.deals",
    "marketplace.financing", "marketplace.listings", "marketplace.valuation", "marketplace.documents",
}  # fmt: skip


def loaded_by(home: Path, start: str) -> set[str]:
    """The modules that a fresh process holds when the application is there."""
    program = f"import sys\nsys.argv = {['flask', *start.split()]}\nimport wsgi\nprint(' '.join(sys.modules))"
    environment = {
        "DATABASE_URL": "postgresql://x/y", "SECRET_KEY": "s" * 50, "MARKETPLACE_HOME": str(home),
        "MARKETPLACE_ENV": "local",
    }  # fmt: skip
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    return set(answer.stdout.split())


def test_making_the_application_loads_no_heavy_library(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path, "worker")
    assert HEAVY & loaded == set()
    assert loaded >= NOT_FOR_THE_REGISTER


def test_a_command_of_the_register_loads_the_register_alone(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path, "registry verify")
    assert (HEAVY | NOT_FOR_THE_REGISTER) & loaded == set()

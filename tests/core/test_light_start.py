"""A command starts light: libraries that few commands need are loaded by those that need them."""

import subprocess
import sys
from pathlib import Path

HEAVY = {
    "sklearn", "scipy", "rjieba", "pyhanko", "openpyxl", "stripe", "cn2an", "aiohttp", "flask_swagger_ui", "pypdf",
    "typst", "httpx", "alembic", "rfc3161_client", "rapidfuzz", "xlsxwriter", "webauthn",
}  # fmt: skip


def test_making_the_application_loads_no_heavy_library(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from marketplace import create_app\n"
        "from marketplace.settings import Settings\n"
        "create_app(Settings(home=pathlib.Path(sys.argv[1]), database_url='postgresql://x/y', secret_key='s' * 50))\n"
        "print(' '.join(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout
    assert HEAVY & set(loaded.split()) == set()

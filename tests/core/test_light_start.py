"""A command starts light: libraries that few commands need are loaded by those that need them."""

import subprocess
import sys

HEAVY = {"sklearn", "scipy", "rjieba", "pyhanko", "openpyxl", "stripe", "cn2an", "aiohttp", "flask_swagger_ui", "pypdf"}


def test_loading_the_application_loads_no_heavy_library() -> None:
    program = "import sys, marketplace.app, marketplace.reactions; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert HEAVY & set(loaded.split()) == set()

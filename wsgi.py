"""The WSGI entry point: gunicorn wsgi:app; also where the flask command finds the application."""

import sys

from marketplace import create_app
from marketplace.settings import Settings

REGISTER_COMMAND = sys.argv[1:2] == ["registry"]
"""The register's own commands show no page: without the other rooms an import of a large file stays small."""

app = create_app(Settings.from_environment(), pages=not REGISTER_COMMAND)

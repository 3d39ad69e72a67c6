"""A stand-in for Stripe on the loopback."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from wsgiref.simple_server import make_server

import pytest
from apiflask import APIFlask

from demo.stripe_double import StripeDouble, _Quiet, create_double

SECRET = "whsec_of_the_tests"


@pytest.fixture
def stripe_double(app: APIFlask) -> Iterator[StripeDouble]:
    """Cards switched on, against a stand-in that keeps its events for the test to deliver."""
    double_app = create_double(SECRET)
    server = make_server("127.0.0.1", 0, double_app, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings = app.extensions["settings"]
    app.extensions["settings"] = replace(
        settings,
        stripe_secret_key="sk_test_double",
        stripe_webhook_secret=SECRET,
        stripe_api_base=f"http://127.0.0.1:{server.server_port}",
    )
    yield double_app.double  # type: ignore[attr-defined]  # the stand-in's memory
    app.extensions["settings"] = settings
    server.shutdown()
    server.server_close()
    thread.join()

"""The load tools themselves: a measurement that cannot be made says so instead of hanging."""

import time

import pytest

from bench.load import Call, ClientDied, send


def _dies(_number: int) -> Call:
    raise RuntimeError("this client cannot go on")


@pytest.mark.filterwarnings("ignore")
def test_a_client_that_dies_is_noticed_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(ClientDied):
        send("http://127.0.0.1:9", [_dies], seconds=1)
    assert time.monotonic() - started < 30

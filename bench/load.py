"""A bounded HTTP load on loopback: keep-alive connections in a few processes, latencies kept."""

import json
import multiprocessing
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty
from typing import Any
from urllib.parse import urlsplit

LENGTH = re.compile(r"\r\ncontent-length: *(\d+)", re.I)


@dataclass(frozen=True)
class Call:
    """One request to send."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any = None


@dataclass(frozen=True)
class Outcome:
    """What a load saw: the status counts, the latencies in milliseconds, and the seconds it took."""

    statuses: dict[int, int]
    latencies_ms: list[float]
    seconds: float

    def rate(self, *statuses: int) -> float:
        """Answers per second with these statuses."""
        return sum(self.statuses.get(status, 0) for status in statuses) / self.seconds

    def p95_ms(self) -> float:
        """The latency that 95 of 100 answers kept."""
        ordered = sorted(self.latencies_ms)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 2)


def send(address: str, makers: list[Callable[[int], Call]], seconds: float, pause: float = 0.0) -> Outcome:
    """Each maker becomes one client process that sends its calls one after another for this long."""
    queue: Any = multiprocessing.get_context("fork").Queue()
    started = time.monotonic()
    clients = [
        multiprocessing.get_context("fork").Process(target=_client, args=(address, maker, seconds, pause, queue))
        for maker in makers
    ]
    for client in clients:
        client.start()
    try:
        results = [_result(queue, clients, started + seconds + 60) for _client_process in clients]
    finally:
        for client in clients:
            client.terminate()
            client.join()
    statuses: dict[int, int] = {}
    latencies: list[float] = []
    for seen, measured in results:
        latencies += measured
        for status, count in seen.items():
            statuses[status] = statuses.get(status, 0) + count
    return Outcome(statuses, latencies, max(seconds, 0.001) if not pause else time.monotonic() - started)


class ClientDied(Exception):
    """A client ended without a result, so the load measured nothing."""


def _result(queue: Any, clients: list[Any], deadline: float) -> Any:
    """The result of the next client that is done; a client that died is noticed at once, not waited for."""
    while time.monotonic() < deadline:
        try:
            return queue.get(timeout=0.2)
        except Empty:
            if dead := [client.exitcode for client in clients if client.exitcode]:
                raise ClientDied(f"a client ended with exit status {dead[0]}") from None
    raise ClientDied("no result in time")


def _client(address: str, maker: Callable[[int], Call], seconds: float, pause: float, queue: Any) -> None:
    statuses: dict[int, int] = {}
    latencies: list[float] = []
    for status, elapsed in _answers(address, maker, seconds, pause):
        statuses[status] = statuses.get(status, 0) + 1
        latencies.append(elapsed)
    queue.put((statuses, latencies))


def _answers(address: str, maker: Callable[[int], Call], seconds: float, pause: float) -> Iterator[tuple[int, float]]:
    place = urlsplit(address)
    connection = socket.create_connection((place.hostname or "127.0.0.1", place.port or 80), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        request = _bytes_of(maker(number), place.netloc)
        begun = time.perf_counter()
        connection.sendall(request)
        status = _read_answer(connection)
        elapsed = (time.perf_counter() - begun) * 1000
        yield status, elapsed
        number += 1
        if pause:
            time.sleep(max(0.0, pause - elapsed / 1000))
    connection.close()


def _bytes_of(call: Call, host: str) -> bytes:
    body = b"" if call.body is None else json.dumps(call.body).encode()
    headers = {"Host": host, "Content-Length": str(len(body)), **call.headers}
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    head = f"{call.method} {call.path} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in headers.items()
    )
    return head.encode() + b"\r\n" + body


def _read_answer(connection: socket.socket) -> int:
    """Read one answer whole and return its status."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _some(connection)
    head = received[:end].decode("latin-1")
    status = int(head[9:12])
    length = LENGTH.search(head)
    assert length, "the server answered without a length"
    missing = int(length[1]) - (len(received) - end - 4)
    while missing > 0:
        missing -= len(_some(connection))
    return status


def _some(connection: socket.socket) -> bytes:
    chunk = connection.recv(65_536)
    if not chunk:
        raise ConnectionError("the server closed the connection")
    return chunk

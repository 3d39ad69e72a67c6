"""Where the bytes lie: a folder by default; any store with the same two acts can take its place."""

import hashlib
import os
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from flask import current_app

from marketplace.settings import Settings


class ContentDamaged(Exception):
    """The stored bytes no longer have the hash they were stored under."""


class ContentStore(Protocol):
    """Keeps bytes under their SHA-256 and never overwrites them."""

    def put(self, sha256: str, content: bytes) -> None:
        """Keep the bytes; the same hash again changes nothing."""

    def get(self, sha256: str) -> bytes:
        """The bytes of this hash, checked against it."""


class FolderStore:
    """A folder of files named by their hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def put(self, sha256: str, content: bytes) -> None:
        """Write to a temporary name, flush to the disk, then give it its name in one step."""
        path = self._path(sha256)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f".{uuid4().hex}")
        with temporary.open("wb") as file:
            os.fchmod(file.fileno(), 0o400)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def get(self, sha256: str) -> bytes:
        """Read and check: damaged bytes are never served."""
        content = self._path(sha256).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ContentDamaged(sha256)
        return content


def content_store() -> ContentStore:
    """The store of this installation."""
    given: ContentStore | None = current_app.extensions.get("content_store")
    if given is not None:
        return given
    settings: Settings = current_app.extensions["settings"]
    return FolderStore(settings.home / "files")

"""ZIP archives of office files: their directory is judged before a byte is unpacked."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from marketplace.registry.offices.record import Row, RowFault, UnreadableFile

MAX_MEMBERS = 20_000
MAX_DIRECTORY_BYTES = 8 * 1024 * 1024
MAX_UNPACKED_BYTES = 8 * 1024**3
MAX_RATIO = 200
_SMALL = 1024 * 1024
_WHOLE_AT_ONCE = 2 * 1024 * 1024
_END = struct.Struct("<4s4H2LH")
_UNSAFE_NAME = re.compile(r"^/|^[A-Za-z]:|\\|(?:^|/)\.\.(?:/|$)|[\x00-\x1f]")
_DAMAGE = (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
_Reader = Callable[[BinaryIO, str, str], Iterator[Row]]


def open_archive(stream: BinaryIO) -> ZipFile:
    """The archive, unless its directory shows a bomb, a trap or a secret."""
    _check_directory(stream)
    try:
        archive = ZipFile(stream)
    except _DAMAGE as damaged:
        raise UnreadableFile("damaged_archive", "The archive is damaged.") from damaged
    entries = archive.infolist()
    if len(entries) > MAX_MEMBERS or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise UnreadableFile("zip_bomb", "The archive would unpack to too much.")
    for entry in entries:
        _check_entry(entry)
    _check_overlap(entries)
    return archive


def read_archive(archive: ZipFile, wanted: str, read: _Reader) -> Iterator[Row]:
    """The rows of every file inside; a file that cannot be read is one fault, an archive inside refuses all."""
    members = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_housekeeping(entry.filename)]
    if not members:
        raise UnreadableFile("empty_file", "The archive holds nothing.")
    for entry in members:
        rows = _member_rows(archive, entry, wanted, read)
        if entry.file_size <= _WHOLE_AT_ONCE:
            yield from _whole(rows, entry.filename)
        else:
            yield from (replace(row, place=entry.filename) for row in rows)


def _whole(rows: Iterator[Row], place: str) -> list[Row]:
    """A small file is read to its end before its first row counts, so that it comes in whole or not at all."""
    try:
        return [replace(row, place=place) for row in rows]
    except UnreadableFile as refused:
        if refused.code == "nested_archive":
            raise
        return [RowFault(0, "", refused.code, refused.message, place)]


def _member_rows(archive: ZipFile, entry: ZipInfo, wanted: str, read: _Reader) -> Iterator[Row]:
    try:
        with archive.open(entry) as stream:
            yield from read(cast(BinaryIO, stream), entry.filename.rsplit("/", 1)[-1], wanted)
    except _DAMAGE as damaged:
        raise UnreadableFile("damaged_archive", "The archive is damaged.") from damaged


def _check_directory(stream: BinaryIO) -> None:
    """The size the directory claims, read before anything of it is parsed."""
    stream.seek(0, 2)
    length = stream.tell()
    stream.seek(max(0, length - 65_557))
    tail = stream.read()
    stream.seek(0)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) < place + _END.size:
        raise UnreadableFile("damaged_archive", "The archive is damaged.")
    _mark, _disk, _start, _here, entries, directory_bytes, _offset, _comment = _END.unpack_from(tail, place)
    if entries > MAX_MEMBERS or directory_bytes > MAX_DIRECTORY_BYTES:
        raise UnreadableFile("zip_bomb", "The archive names too many files.")


def _check_entry(entry: ZipInfo) -> None:
    if _UNSAFE_NAME.search(entry.orig_filename):
        raise UnreadableFile("hostile_archive", "A file name in the archive leaves its folder.")
    if entry.flag_bits & 0x1:
        raise UnreadableFile("encrypted_file", "The archive is encrypted.")
    if entry.file_size > _SMALL and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise UnreadableFile("zip_bomb", "A file in the archive would unpack to too much.")


def _check_overlap(entries: list[ZipInfo]) -> None:
    """Files of an honest archive stand one behind the other."""
    end = 0
    for entry in sorted(entries, key=lambda item: item.header_offset):
        if entry.header_offset < end:
            raise UnreadableFile("zip_bomb", "Files in the archive overlap.")
        end = entry.header_offset + 30 + entry.compress_size


def _is_housekeeping(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")

"""Reading office XML without ever loading, expanding or fetching anything it names.

A DOCTYPE line with only an external identifier is accepted and never loaded. A declared entity
(other than an unparsed picture reference), an XInclude, a schema on a foreign host or a wrong
encoding refuses the file. An entity reference that the unread DTD would define stays in the
text as written, so nothing is lost silently.
"""

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO
from xml.etree.ElementTree import Element
from xml.parsers import expat

from marketplace.registry.offices.record import UnreadableFile

CHUNK_BYTES = 65_536
MAX_DEPTH = 300
MAX_RECORD_CHARACTERS = 16_000_000
MAX_RECORD_ELEMENTS = 400_000
MAX_FRUITLESS_DOCUMENTS = 1000
MAX_TOKEN_BYTES = 2_000_000
_DECLARED_ENCODING = re.compile(rb"""^<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_NATIVE_ENCODINGS = {"utf-8", "utf-16", "iso8859-1", "ascii"}
_TEXT_ENCODINGS = {
    "gb2312", "gbk", "gb18030", "big5", "shift_jis", "cp932", "euc_jp", "euc_kr",
    "cp1250", "cp1251", "cp1252", "iso8859-15", "iso8859-2",
}  # fmt: skip
_NEXT_DOCUMENT = re.compile(rb"<\?xml\s+version")
_HELD_BACK = 256
_BEHIND_THE_ROOT = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
_SKIPPED_PARTS = {"description", "drawings", "Description", "Drawings", "search-report-data"}
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_XINCLUDE = "http://www.w3.org/2001/XInclude"
_KNOWN_HOSTS = (
    "wipo.int", "uspto.gov", "epo.org", "cnipa.gov.cn", "sipo.gov.cn", "jpo.go.jp", "europa.eu",
    "w3.org", "oasis-open.org", "ipaustralia.gov.au", "gc.ca", "kipo.go.kr", "ipo.gov.uk",
    "dpma.de", "inpi.fr", "iponz.govt.nz", "ipos.gov.sg", "tmdn.org", "xml.org",
)  # fmt: skip
_ADDRESS = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//([^/:\s]*)", re.IGNORECASE)
_SCHEMELESS = re.compile(r"^(?:file|jar|data|gopher|php|expect):", re.IGNORECASE)


def read_records(stream: BinaryIO, record_tags: frozenset[str]) -> Iterator[tuple[str, Element]]:
    """Every outermost record element of the stream with the name of its document's root.

    Documents may follow one another in one file, with an XML declaration each or without.
    """
    reader = _DocumentReader(record_tags)
    documents = fruitless = 0
    for piece, ends_document in _document_pieces(stream):
        if ends_document and documents and not reader.started and not piece.strip():
            return
        rest = reader.feed(piece, final=ends_document)
        while True:
            for record in reader.take():
                fruitless = 0
                yield record
            if not rest and not ends_document:
                break
            documents, fruitless = documents + 1, fruitless + 1
            if fruitless > MAX_FRUITLESS_DOCUMENTS:
                raise UnreadableFile("unknown_format", "The XML holds no record of a known office format.")
            reader = _DocumentReader(record_tags)
            if not rest:
                break
            rest = reader.feed(rest, final=ends_document)


@lru_cache(maxsize=4096)
def local_name(name: str) -> str:
    """The element name without its namespace prefix."""
    return name.rsplit(":", 1)[-1]


def _document_pieces(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """UTF-8 (or natively readable) pieces; several documents in one file are told apart."""
    chunk = stream.read(CHUNK_BYTES)
    decoder = _decoder_for(chunk)
    if not chunk.startswith(_UTF16_MARKS):
        chunk = chunk.removeprefix(codecs.BOM_UTF8).lstrip() or chunk
    pending = b""
    search_from = 1
    while True:
        pending += _transcode(decoder, chunk, final=not chunk) if decoder else chunk
        while (match := _NEXT_DOCUMENT.search(pending, search_from)) is not None:
            yield pending[: match.start()], True
            pending = pending[match.start() :]
            search_from = 1
        if not chunk:
            yield pending, True
            return
        if len(pending) > 4 * _HELD_BACK:
            yield pending[:-_HELD_BACK], False
            pending = pending[-_HELD_BACK:]
            search_from = 0
        chunk = stream.read(CHUNK_BYTES)


def _decoder_for(first: bytes) -> codecs.IncrementalDecoder | None:
    head = first.removeprefix(codecs.BOM_UTF8).lstrip()
    match = _DECLARED_ENCODING.match(head)
    if match is None:
        return None
    try:
        name = codecs.lookup(match.group(1).decode("ascii")).name
    except LookupError as unknown:
        raise UnreadableFile("wrong_encoding", "The declared encoding is not known.") from unknown
    if name in _NATIVE_ENCODINGS:
        return None
    if name not in _TEXT_ENCODINGS:
        raise UnreadableFile("wrong_encoding", f"The declared encoding {name} is not accepted.")
    return codecs.getincrementaldecoder("gb18030" if name in ("gb2312", "gbk") else name)("strict")


def _transcode(decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool) -> bytes:
    try:
        return decoder.decode(chunk, final).encode("utf-8")
    except UnicodeError as wrong:
        raise UnreadableFile("wrong_encoding", "The bytes do not match the declared encoding.") from wrong


class _DocumentReader:
    """Builds only the record elements; everything around them is dropped as it passes."""

    def __init__(self, record_tags: frozenset[str]) -> None:
        self._record_tags = record_tags
        self._parser: expat.XMLParserType | None = None
        self._stack: list[Element] = []
        self._pieces: list[str] = []
        self._done: list[tuple[str, Element]] = []
        self._depth = 0
        self._skip_below = 0
        self._root = ""
        self._characters = 0
        self._elements = 0
        self._fed = 0
        self._before = b""

    @property
    def started(self) -> bool:
        return self._parser is not None

    def feed(self, piece: bytes | memoryview, final: bool) -> memoryview | None:
        """Parse a piece; what stands behind the root element, were it another document, is given back."""
        if self._parser is None:
            piece = bytes(piece) if bytes(piece[:2]) in _UTF16_MARKS else bytes(piece).lstrip()
            if not piece and not final:
                return None
            if not piece:
                raise UnreadableFile("empty_file", "The file holds nothing.")
            self._parser = self._new_parser(piece)
        try:
            self._parser.Parse(piece, final)
        except expat.ExpatError as wrong:
            if wrong.code == _BEHIND_THE_ROOT and self._depth == 0:
                whole = self._before + bytes(piece)
                return memoryview(whole)[self._parser.ErrorByteIndex - self._fed + len(self._before) :]
            raise UnreadableFile("malformed_xml", f"The XML is malformed: {wrong}.") from wrong
        except (LookupError, ValueError) as wrong:
            raise UnreadableFile("wrong_encoding", "The encoding cannot be read.") from wrong
        self._fed += len(piece)
        if not final and self._fed - self._parser.CurrentByteIndex > MAX_TOKEN_BYTES:
            raise UnreadableFile("hostile_xml", "One tag, comment or attribute is far too long.")
        self._before = bytes(piece[-_HELD_BACK:])
        return None

    def take(self) -> list[tuple[str, Element]]:
        done, self._done = self._done, []
        return done

    def _new_parser(self, piece: bytes) -> expat.XMLParserType:
        native = _decoder_for(piece) is None
        parser = expat.ParserCreate(None if native else "utf-8")
        parser.buffer_text = True
        parser.buffer_size = CHUNK_BYTES
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._kept_reference
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        return parser

    def _entity(self, *declaration: object) -> None:
        notation = declaration[6]
        if notation is None:
            raise UnreadableFile("hostile_xml", "The file declares entities; none is expanded.")

    def _kept_reference(self, name: str, is_parameter_entity: bool) -> None:
        if not is_parameter_entity:
            self._text(f"&{name};")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnreadableFile("hostile_xml", "The elements are nested too deeply.")
        if attributes:
            _check_attributes(attributes)
        tag = local_name(name)
        self._root = self._root or tag
        if self._skip_below:
            return
        if not self._stack:
            if tag in self._record_tags:
                self._characters = self._elements = 0
                self._stack.append(_element(tag, attributes))
            return
        if tag in _SKIPPED_PARTS:
            self._skip_below = self._depth
            return
        self._elements += 1
        if self._elements > MAX_RECORD_ELEMENTS:
            raise UnreadableFile("record_too_large", "One record has too many elements.")
        self._settle_text()
        child = _element(tag, attributes)
        self._stack[-1].append(child)
        self._stack.append(child)

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if self._skip_below:
            if self._depth < self._skip_below:
                self._skip_below = 0
            return
        if self._stack:
            self._settle_text()
            element = self._stack.pop()
            if not self._stack:
                self._done.append((self._root, element))

    def _text(self, text: str) -> None:
        if not self._stack or self._skip_below:
            return
        self._characters += len(text)
        if self._characters > MAX_RECORD_CHARACTERS:
            raise UnreadableFile("record_too_large", "One record is too large.")
        self._pieces.append(text)

    def _settle_text(self) -> None:
        """Text since the last tag belongs to the open element, or behind its last child."""
        if not self._pieces:
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        current = self._stack[-1]
        if len(current):
            current[-1].tail = text
        else:
            current.text = text


def _element(tag: str, attributes: dict[str, str]) -> Element:
    if not attributes:
        return Element(tag)
    return Element(tag, {local_name(key): value for key, value in attributes.items()})


def _check_attributes(attributes: dict[str, str]) -> None:
    for key, value in attributes.items():
        if key.startswith("xmlns"):
            if value == _XINCLUDE:
                raise UnreadableFile("hostile_xml", "The file asks to include other files.")
        elif local_name(key) in ("schemaLocation", "noNamespaceSchemaLocation"):
            _check_schema_hints(value, pairs=local_name(key) == "schemaLocation")


def _check_schema_hints(value: str, pairs: bool) -> None:
    """Schema hints are never followed; a hint to a host that is no office refuses the file."""
    words = value.split()
    for hint in words[1::2] if pairs else words:
        address = _ADDRESS.match(hint)
        if address is None:
            if _SCHEMELESS.match(hint):
                raise UnreadableFile("hostile_xml", "The file names a foreign schema.")
            continue
        host = address.group(1).lower()
        if not any(host == known or host.endswith("." + known) for known in _KNOWN_HOSTS):
            raise UnreadableFile("hostile_xml", "The file names a foreign schema.")

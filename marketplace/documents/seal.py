"""The platform's electronic seal on completed files (PAdES): any later change to the file can be seen."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import current_app

from marketplace.settings import Settings

SEAL_FIELD = "PlatformSeal"
SELF_MADE_DAYS = 3650
STAMP_WAIT_SECONDS = 15
ROOM_FOR_SEAL = 16_384
"""Hexadecimal digits kept for the signature and its certificate; keeping them spares signing once more to measure it."""


class SealKeyMissing(RuntimeError):
    """Production needs the operator's own seal key and certificate in MARKETPLACE_HOME/keys."""


def seal_pdf(content: bytes, reason: str) -> bytes:
    """The file with the platform's signature appended; what was there before is unchanged."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # loads only where a file is sealed
    from pyhanko.sign import fields, signers

    key, certificate = _key_files()
    load: Any = signers.SimpleSigner.load
    signer = load(str(key), str(certificate))
    sealed = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(content)),
        signers.PdfSignatureMetadata(
            field_name=SEAL_FIELD, reason=reason, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
        ),
        signer=signer,
        bytes_reserved=ROOM_FOR_SEAL,
    )
    return bytes(sealed.getvalue())


def stamp_pdf(content: bytes) -> bytes:
    """The sealed file with the independent authority's document time stamp (RFC 3161, PAdES-LTA) appended."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.timestamps import HTTPTimeStamper

    settings: Settings = current_app.extensions["settings"]
    stamper = signers.PdfTimeStamper(HTTPTimeStamper(settings.timestamp_url or "", timeout=STAMP_WAIT_SECONDS))
    stamped = stamper.timestamp_pdf(IncrementalPdfFileWriter(io.BytesIO(content)), "sha256")
    return bytes(stamped.getvalue())


def seal_is_intact(content: bytes) -> bool:
    """Whether a sealed file carries our seal over its whole content, unaltered."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    _key, certificate = _key_files()
    trusted = x509.load_pem_x509_certificate(certificate.read_bytes())
    signatures = PdfFileReader(io.BytesIO(content)).embedded_signatures
    if not signatures:
        return False
    status = validate_pdf_signature(
        signatures[0], ValidationContext(trust_roots=[_as_asn1(trusted)], allow_fetching=False)
    )
    return bool(status.bottom_line)


def _as_asn1(certificate: x509.Certificate) -> object:
    from asn1crypto import x509 as asn1

    return asn1.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _key_files() -> tuple[Path, Path]:
    settings: Settings = current_app.extensions["settings"]
    key, certificate = settings.home / "keys" / "seal_key.pem", settings.home / "keys" / "seal_certificate.pem"
    if not (key.exists() and certificate.exists()):
        if settings.production:
            raise SealKeyMissing(str(key))
        _make_key(key, certificate)
    return key, certificate


def _make_key(key_path: Path, certificate_path: Path) -> None:
    """A key of this installation for local use, readable by its owner alone."""
    key_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "IP Marketplace local seal")])
    begin = datetime.now(UTC) - timedelta(minutes=5)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=SELF_MADE_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(True, True, False, False, False, True, False, False, False), critical=True)
        .sign(key, hashes.SHA256())
    )
    temporary = key_path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    temporary.replace(key_path)

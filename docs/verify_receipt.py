#!/usr/bin/env python3
"""Check a marketplace receipt without trusting, or even reaching, the marketplace.

    python3 verify_receipt.py receipt.json [--block-hash HEX]

A receipt says that an event (a bid, an offer, a signature, a pledge act …) stands in the marketplace's sealed trail.
This script needs Python's standard library only. It recomputes, from the receipt alone:

1. the event's hash, over the canonical JSON of the event, its number in its subject's history and the previous hash;
2. the root of the hash tree (RFC 6962) of the block in which the event was sealed, from the inclusion path;
3. the block's hash, over its number, the previous block's hash, the root, the number of events and the time of sealing.

4. where an independent authority stamped the block (RFC 3161), that the stamp is for this very block. With
   ``--authority ROOTS.pem`` the authority's signature is verified too (needs the package ``rfc3161-client``).

It prints ``valid`` and the facts (exit 0), or ``invalid`` and the first thing that does not fit (exit 1). With
``--block-hash`` the block must also be the one that was published elsewhere, for example one noted down earlier.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path

FORMAT = "ip-marketplace-receipt/1"
SHAPE = {
    "format": str,
    "event": dict,
    "number": int,
    "previous": str,
    "event_hash": str,
    "proof": dict,
    "block": dict,
    "time_stamp": (dict, type(None)),
}


class Invalid(Exception):
    """The receipt does not prove what it says."""


def canonical(value):
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(content):
    return hashlib.sha256(content).digest()


def unhex(text, what):
    try:
        content = bytes.fromhex(text)
    except (TypeError, ValueError):
        raise Invalid(f"{what} is not hexadecimal") from None
    if len(content) != 32 or content.hex() != text:
        raise Invalid(f"{what} is not a SHA-256 hash in lower-case hexadecimal")
    return content


def expect(condition, complaint):
    if not condition:
        raise Invalid(complaint)


def only_once(pairs):
    """An object of JSON whose names are all different."""
    found = dict(pairs)
    expect(len(found) == len(pairs), "a name occurs twice in one JSON object")
    return found


def refuse_number(text):
    raise Invalid(f"{text} is not a number of JSON")


def root_from_path(leaf, index, size, path):
    """The tree's root implied by one leaf and its siblings, lowest first."""
    expect(type(index) is int and type(size) is int and 0 <= index < size, "the position lies outside the tree")
    current, siblings, last = sha256(b"\x00" + leaf), list(path), size - 1
    while last > 0:
        if index % 2 == 1 or index < last:
            expect(siblings, "the inclusion path is too short")
            sibling = unhex(siblings.pop(0), "a hash of the inclusion path")
            current = sha256(b"\x01" + (sibling + current if index % 2 == 1 else current + sibling))
        index, last = index // 2, last // 2
    expect(not siblings, "the inclusion path is too long")
    return current


def verify(receipt, published_block_hash=None):
    """Raise Invalid naming the first thing that does not fit."""
    expect(isinstance(receipt, dict) and set(receipt) == set(SHAPE), "the receipt does not have the expected members")
    for name, kind in SHAPE.items():
        expect(
            isinstance(receipt[name], kind) and not isinstance(receipt[name], bool),
            f"{name} is not of the expected kind",
        )
    expect(receipt["format"] == FORMAT, "the format is unknown")

    link = {"event": receipt["event"], "number": receipt["number"], "previous": receipt["previous"]}
    event_hash = sha256(canonical(link))
    expect(event_hash == unhex(receipt["event_hash"], "event_hash"), "the event does not match its hash")

    proof, block = receipt["proof"], receipt["block"]
    expect(set(proof) == {"index", "size", "path"}, "the proof does not have the expected members")
    expect(set(block) == {"number", "previous", "root", "count", "sealed_at", "hash"}, "the block is incomplete")
    expect(type(proof["path"]) is list, "the inclusion path is not a list")
    expect(proof["size"] == block["count"], "the proof is for another tree than the block's")
    root = root_from_path(event_hash, proof["index"], proof["size"], proof["path"])
    expect(root == unhex(block["root"], "the block's root"), "the event is not in the block")

    header = {name: block[name] for name in ("number", "previous", "root", "count", "sealed_at")}
    expect(sha256(canonical(header)) == unhex(block["hash"], "the block's hash"), "the block does not match its hash")
    if receipt["time_stamp"] is not None:
        stamp = receipt["time_stamp"]
        expect(set(stamp) == {"authority", "at", "response"}, "the time stamp does not have the expected members")
        imprint = b"\x04\x20" + sha256(bytes.fromhex(block["hash"]))
        expect(imprint in stamp_bytes(stamp), "the time stamp is for another block")
    if published_block_hash is not None:
        expect(block["hash"] == published_block_hash, "the block is not the published one")


def stamp_bytes(stamp):
    """The authority's answer."""
    try:
        return base64.b64decode(stamp["response"], validate=True)
    except (TypeError, ValueError):
        raise Invalid("the time stamp is not base64") from None


def verify_authority(receipt, roots):
    """Check the authority's signature and the moment it states, with a library made for it."""
    expect(receipt["time_stamp"] is not None, "the receipt carries no time stamp")
    from cryptography import x509
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    builder = VerifierBuilder()
    for root in x509.load_pem_x509_certificates(Path(roots).read_bytes()):
        builder = builder.add_root_certificate(root)
    try:
        answer = decode_timestamp_response(stamp_bytes(receipt["time_stamp"]))
        builder.build().verify_message(answer, bytes.fromhex(receipt["block"]["hash"]))
    except VerificationError as fault:
        raise Invalid(f"the time stamp does not verify: {fault}") from None
    return answer.tst_info.gen_time


def main(arguments=None):
    """Read the receipt, print the verdict, return the exit code."""
    parser = argparse.ArgumentParser(description="Check a marketplace receipt offline.")
    parser.add_argument("receipt", help="the receipt file (JSON), or - for standard input")
    parser.add_argument("--block-hash", help="the hash of the block as it was published elsewhere")
    parser.add_argument("--authority", metavar="ROOTS.pem", help="verify the time stamp by these root certificates")
    options = parser.parse_args(arguments)
    stamped = None
    try:
        content = sys.stdin.buffer.read() if options.receipt == "-" else Path(options.receipt).read_bytes()
        receipt = json.loads(content.decode("utf-8"), object_pairs_hook=only_once, parse_constant=refuse_number)
        verify(receipt, options.block_hash)
        stamped = verify_authority(receipt, options.authority) if options.authority else None
    except (Invalid, OSError, ValueError, RecursionError) as fault:
        print(f"invalid: {fault}")
        return 1
    event, block = receipt["event"], receipt["block"]
    print("valid")
    for name in ("kind", "subject", "at", "organisation", "person"):
        print(f"  {name}: {event.get(name)}")
    print(f"  event hash: {receipt['event_hash']}")
    print(f"  block {block['number']}: {block['hash']}, sealed {block['sealed_at']}, {block['count']} events")
    if receipt["time_stamp"]:
        proof = f"verified: {stamped}" if stamped else "signature not checked; give --authority"
        print(f"  time stamp of {receipt['time_stamp']['authority']}: {receipt['time_stamp']['at']} ({proof})")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Verifies what `kleisd audit export` writes, with nothing of Kleis: docs/formats.md section 11 is all it knows.

    kleisd audit export --data-dir DIR | verify_audit_export.py --root DIR/root.pem -

It recomputes the hash of every row, follows every chain from its first row (or from the segments that
stand for archived rows), follows the checkpoints from one to the next, and holds every head that a
checkpoint names against the row. The standard library is enough for that. Where the package
`cryptography` is there, and --root is given, it also verifies the signatures of checkpoints and
segments and their certificates' chains up to that root.

Exit code 0: all holds; 65: findings, one to a line; 64: not used as meant.
"""

import argparse
import base64
import hashlib
import json
import sys

FORMAT = "kleis-audit-export-v1"
SERVICES = {
    "registry": "SERVICE:registration",
    "custody": "SERVICE:custody",
    "sts": "SERVICE:sts",
}
ZERO = bytes(32)


def b64u(text):
    """The bytes of base64url without padding, in its only spelling."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise ValueError("not canonical base64url")
    return data


def lp(*fields):
    """Fields joined, each with its length in front."""
    parts = []
    for field in fields:
        if isinstance(field, int):
            field = field.to_bytes(8, "big", signed=field < 0)
        if isinstance(field, str):
            field = field.encode()
        parts += [len(field).to_bytes(4, "big"), field]
    return b"".join(parts)


def row_hash(row):
    """The hash of a row, computed from its other fields."""
    return hashlib.sha256(lp(
        "kleis-audit-v1", row["chain"], row["seq"], row["at"], b64u(row["previous"]), row["action"],
        row["actor"], row["resource"], row["resourceVersion"], b64u(row["resourceDigest"]),
        row["outcome"], b64u(row["orderDigest"]), row["traceId"], row["details"],
    )).digest()


def claims_of(token):
    """Header and claims of a compact JWS, not verified."""
    header, payload, _ = token.split(".")
    return json.loads(b64u(header)), json.loads(b64u(payload))


class Signatures:
    """Verifies tokens under a root, as of their own time."""

    def __init__(self, root):
        from cryptography import x509

        self.x509 = x509
        with open(root, "rb") as file:
            self.root = x509.load_pem_x509_certificate(file.read())
        self.installation = None

    def verify(self, token, typ, service):
        """Raises ValueError, or what the library raises, where a token is not the service's."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        header, claims = claims_of(token)
        if header.get("typ") != typ or header.get("alg") != "ES256" or set(header) != {"alg", "typ", "x5c"}:
            raise ValueError("its header is not that of its kind")
        leaf, issuer = (self.x509.load_der_x509_certificate(base64.b64decode(c)) for c in header["x5c"])
        leaf.verify_directly_issued_by(issuer)
        issuer.verify_directly_issued_by(self.root)
        for certificate in (leaf, issuer):
            begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
            if not begin.timestamp() <= claims["iat"] <= end.timestamp():
                raise ValueError("its certificate was not valid at its time")
        names = leaf.extensions.get_extension_for_class(self.x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(self.x509.UniformResourceIdentifier)
        ids = [uri for uri in uris if uri.startswith("urn:kleis:id:")]
        if ids != ["urn:kleis:id:" + service] or f"urn:kleis:installation:{self.installation}" not in uris:
            raise ValueError("it is signed by somebody else")
        if claims["iss"] != service or claims["aud"] != f"urn:kleis:installation:{self.installation}":
            raise ValueError("it names another issuer or installation")
        signed, signature = token.rsplit(".", 1)
        raw = b64u(signature)
        if len(raw) != 64:
            raise ValueError("its signature has another length")
        der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        leaf.public_key().verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))


class Verifier:
    """Reads an export line by line, and collects what is wrong."""

    def __init__(self, signatures=None):
        self.signatures = signatures
        self.findings = []
        self.counts = {"databases": 0, "rows": 0, "checkpoints": 0, "segments": 0}
        self.database = None

    def found(self, text):
        """Takes a finding in."""
        self.findings.append(f"{self.database}: {text}")

    def read(self, lines):
        """Reads everything."""
        for number, line in enumerate(lines, 1):
            try:
                ((kind, value),) = json.loads(line).items()
                getattr(self, "on_" + kind)(value)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                self.found(f"line {number} is not of the format: {error!r}")
        self.end()

    def on_header(self, header):
        """A database begins."""
        self.end()
        if header["format"] != FORMAT:
            raise ValueError("another format")
        self.database = header["database"]
        self.service = SERVICES[self.database]
        if self.signatures:
            self.signatures.installation = header["installation"]
        self.counts["databases"] += 1
        # The expected hash of rows, by chain and position; how far segments and chains reach.
        self.expected, self.reach, self.kept = {}, {}, {}
        self.checkpoint = None

    def token(self, token, typ):
        """Verifies a token, if that can be done, and gives its claims."""
        if self.signatures:
            try:
                self.signatures.verify(token, typ, self.service)
            except Exception as error:  # The library has many of its own.
                self.found(f"a token of type {typ} does not verify: {error!r}")
        return claims_of(token)[1]

    def on_checkpoint(self, token):
        """Follows the checkpoint before, and remembers the heads."""
        self.counts["checkpoints"] += 1
        claims = self.token(token, "kleis-checkpoint+jwt")
        seq, before = claims["seq"], self.checkpoint
        gap = claims.get("gap")
        if gap is not None:
            if gap > (before[0] if before else 0):
                self.found(f"checkpoints before {seq} are missing")
        elif before is None:
            if seq != 1 or "prev" in claims:
                self.found(f"checkpoints before {seq} are missing")
        elif seq != before[0] + 1:
            self.found(f"checkpoints between {before[0]} and {seq} are missing")
        elif b64u(claims["prev"]) != before[1]:
            self.found(f"checkpoint {seq} does not follow the one before it")
        self.checkpoint = seq, hashlib.sha256(token.encode()).digest()
        for head in claims["heads"]:
            key = head["chain"], head["seq"]
            digest = b64u(head["hash"])
            if self.expected.setdefault(key, digest) != digest:
                self.found(f"two checkpoints disagree about row {key[1]} of chain {key[0]}")

    def on_segment(self, token):
        """A stretch of a chain that was archived."""
        self.counts["segments"] += 1
        claims = self.token(token, "kleis-segment+jwt")
        chain = claims["chain"]
        last, digest = self.reach.get(chain, (0, ZERO))
        if claims["from"] != last + 1 or b64u(claims["before"]) != digest:
            self.found(f"the segment of chain {chain} from row {claims['from']} does not follow")
        self.reach[chain] = claims["to"], b64u(claims["last"])
        self.kept.update({(chain, seq): b64u(digest) for seq, digest in claims["kept"]})
        for key in [k for k in self.expected if k[0] == chain and claims["from"] <= k[1] <= claims["to"]]:
            digest = self.expected.pop(key)
            if key[1] == claims["to"] and digest != b64u(claims["last"]):
                self.found(f"the segment of chain {chain} ends otherwise than a checkpoint has seen")

    def on_row(self, row):
        """A row that is there."""
        self.counts["rows"] += 1
        chain, seq, digest = row["chain"], row["seq"], b64u(row["hash"])
        if row_hash(row) != digest:
            self.found(f"row {seq} of chain {chain} was edited")
        last, before = self.reach.get(chain, (0, ZERO))
        if seq <= last:
            if self.kept.pop((chain, seq), None) != digest:
                self.found(f"row {seq} of chain {chain} is not one that has stayed")
            return
        if seq != last + 1:
            self.found(f"rows {last + 1} to {seq - 1} of chain {chain} are missing")
        elif b64u(row["previous"]) != before:
            self.found(f"row {seq} of chain {chain} does not follow the row before it")
        if self.expected.pop((chain, seq), digest) != digest:
            self.found(f"row {seq} of chain {chain} is not the one that a checkpoint has seen")
        self.reach[chain] = seq, digest

    def end(self):
        """The end of a database: whatever is still expected is missing."""
        if self.database is None:
            return
        for chain, seq in sorted(self.expected):
            self.found(f"row {seq} of chain {chain}, which a checkpoint has seen, is missing")
        for chain, seq in sorted(self.kept):
            self.found(f"row {seq} of chain {chain}, which had stayed, is missing")
        self.expected, self.kept = {}, {}


def main(arguments):
    """Reads an export from a file or from standard input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", help="the installation's root certificate, PEM")
    parser.add_argument("--unsigned", action="store_true", help="do not verify signatures, also where it could be done")
    parser.add_argument("export", help="the file, or - for standard input")
    options = parser.parse_args(arguments)
    signatures = None
    if options.root and not options.unsigned:
        try:
            signatures = Signatures(options.root)
        except ImportError:
            print("signatures are not verified: the package cryptography is not there", file=sys.stderr)
    verifier = Verifier(signatures)
    if options.export == "-":
        verifier.read(sys.stdin)
    else:
        with open(options.export, encoding="utf-8") as file:
            verifier.read(file)
    if not verifier.counts["databases"]:
        verifier.found("there is no database in it")
    counts = ", ".join(f"{count} {name}" for name, count in verifier.counts.items())
    signed = "verified" if signatures else "not verified"
    print(f"{counts}, signatures {signed}, {len(verifier.findings)} findings")
    print("".join(f"  {finding}\n" for finding in verifier.findings), end="")
    return 65 if verifier.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

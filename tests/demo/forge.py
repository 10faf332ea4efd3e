"""What a forger does with openssl alone: keys, certificates, bindings and JWK Sets."""

import base64
import hashlib
import json
import time

DAY = 86_400


def encode(data):
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact_json(value):
    return json.dumps(value, separators=(",", ":")).encode()


def claims_of(compact):
    """The payload of a compact JWS, nothing verified."""
    return json.loads(decode(compact.split(".")[1]))


def header_of(compact):
    """The header of a compact JWS, nothing verified."""
    return json.loads(decode(compact.split(".")[0]))


def raw_signature(der, size=32):
    """An ECDSA signature as JOSE writes it, r and s side by side, from the DER that openssl makes."""

    def integer(at):
        assert der[at] == 0x02, "an INTEGER was expected"
        end = at + 2 + der[at + 1]
        return int.from_bytes(der[at + 2 : end], "big"), end

    # Shorter than 128 bytes for P-256, so the length is one byte.
    assert der[0] == 0x30 and der[1] == len(der) - 2, "a SEQUENCE was expected"
    r, at = integer(2)
    s, at = integer(at)
    assert at == len(der), "two INTEGERs were expected"
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


class Key:
    """A P-256 key in a PEM file that openssl made."""

    def __init__(self, stage, name):
        self.stage = stage
        self.path = stage.path / f"{name}.key.pem"
        if not self.path.exists():
            curve = ["-pkeyopt", "ec_paramgen_curve:P-256"]
            stage.openssl("genpkey", "-algorithm", "EC", *curve, "-out", self.path)

    def jwk(self):
        """The public key with its thumbprint (RFC 7638) as `kid`."""
        spki = self.stage.openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        # The subjectPublicKeyInfo of a P-256 key ends with the point: 04, x, y.
        point = spki[-65:]
        assert point[0] == 4, "an uncompressed point was expected"
        public = {"crv": "P-256", "kty": "EC", "x": encode(point[1:33]), "y": encode(point[33:])}
        kid = encode(hashlib.sha256(compact_json(public)).digest())
        return public | {"kid": kid}

    def sign(self, header, claims):
        """A compact JWS, ES256."""
        parts = [encode(compact_json(part)) for part in ({"alg": "ES256"} | header, claims)]
        signed = ".".join(parts)
        der = self.stage.openssl("dgst", "-sha256", "-sign", self.path, stdin=signed.encode())
        return f"{signed}.{encode(raw_signature(der))}"


def rebind(key, key_set, **changes):
    """The set with its encryption keys bound anew by their owner, some claims changed."""
    forged = []
    for jwk in key_set["keys"]:
        if jwk["use"] == "enc":
            binding = jwk["kleis_binding"]
            header, claims = header_of(binding), claims_of(binding)
            header.pop("alg")
            jwk = jwk | {"kleis_binding": key.sign(header, claims | changes)}
        forged.append(jwk)
    return {"keys": forged}


class ForeignCa:
    """A CA of somebody else, which issues certificates that look like ours."""

    def __init__(self, stage):
        self.stage = stage
        self.root_key = Key(stage, "foreign-root")
        self.root = stage.path / "foreign-root.pem"
        extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
        options = [part for extension in extensions for part in ("-addext", extension)]
        stage.openssl(
            "req", "-x509", "-new", "-key", self.root_key.path, "-subj", "/CN=Kleis root",
            "-days", "3650", "-out", self.root, *options,
        )
        self.key = Key(stage, "foreign-intermediate")
        self.certificate = self.issue(
            "foreign-intermediate", self.key, "/CN=Kleis intermediate", self.root, self.root_key,
            ["basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign,cRLSign"],
        )

    def identity(self, name, key, uris):
        """The chain (DER, leaf first) of an identity certificate with these subjectAltName URIs."""
        names = ",".join(f"URI:{uri}" for uri in uris)
        leaf = self.issue(
            name, key, "/CN=identity", self.certificate, self.key,
            [
                "basicConstraints=critical,CA:FALSE",
                "keyUsage=critical,digitalSignature",
                "extendedKeyUsage=clientAuth",
                f"subjectAltName={names}",
            ],
        )
        return [self.stage.openssl("x509", "-in", pem, "-outform", "DER")
                for pem in (leaf, self.certificate)]

    def issue(self, name, key, subject, issuer, issuer_key, extensions):
        """A certificate, as a PEM file."""
        folder = self.stage.path
        request, certificate = folder / f"{name}.csr.pem", folder / f"{name}.pem"
        self.stage.openssl("req", "-new", "-key", key.path, "-subj", subject, "-out", request)
        extensions = [*extensions, "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"]
        extension_file = folder / f"{name}.ext"
        extension_file.write_text("\n".join(extensions) + "\n", encoding="utf-8")
        self.stage.openssl(
            "x509", "-req", "-in", request, "-CA", issuer, "-CAkey", issuer_key.path,
            "-set_serial", f"0x{hashlib.sha256(name.encode()).hexdigest()[:30]}",
            "-days", "365", "-extfile", extension_file, "-out", certificate,
        )
        return certificate

    def key_set(self, genuine, uris):
        """A set for the owner of a genuine one: same names, same claims, the forger's keys."""
        signing, encryption = Key(self.stage, "foreign-leaf"), Key(self.stage, "foreign-encryption")
        chain = self.identity("foreign-leaf", signing, uris)
        thumbprint = encode(hashlib.sha256(chain[0]).digest())
        signature_key = signing.jwk() | {
            "use": "sig",
            "alg": "ES256",
            "x5c": [base64.b64encode(der).decode() for der in chain],
            "x5t#S256": thumbprint,
        }
        theirs = next(key for key in genuine["keys"] if key["use"] == "enc")
        algorithm = "ECDH-ES+A256KW"
        encryption_key = encryption.jwk() | {"use": "enc", "alg": algorithm}
        now = int(time.time())
        claims = claims_of(theirs["kleis_binding"]) | {
            "jkt": encryption_key["kid"],
            "algs": [algorithm],
            "iat": now,
            "exp": now + DAY,
        }
        claims["seq"] += 1
        header = {"typ": "kleis-binding+jwt", "kid": signature_key["kid"], "x5t#S256": thumbprint}
        encryption_key["kleis_binding"] = signing.sign(header, claims)
        return {"keys": [signature_key, encryption_key]}

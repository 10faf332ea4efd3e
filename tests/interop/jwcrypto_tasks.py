"""Does what it is told with jwcrypto: a list of tasks in JSON on standard input, a list of results on standard output.

Keys are JWKs, texts are base64url. A result is {"ok": ...} or {"error": "..."}.
"""

import json
import sys

from jwcrypto import jwe, jwk, jws
from jwcrypto.common import base64url_decode, base64url_encode

ALGORITHMS = [
    "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256", "A128KW", "A256KW", "dir",
    "A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512",
]
SIGNATURES = ["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"]


def key_of(value):
    return jwk.JWK(**value)


def public(value):
    key = key_of(value)
    return key if value["kty"] == "oct" else key_of(key.export_public(as_dict=True))


def encrypt(task):
    token = jwe.JWE(
        base64url_decode(task["plaintext"]),
        protected=json.dumps({"enc": task["enc"]} | task.get("header", {})),
        algs=ALGORITHMS,
    )
    compact = task["form"] == "compact"
    if compact:
        protected = {"enc": task["enc"], "alg": task["keys"][0]["alg"]} | task.get("header", {})
        token = jwe.JWE(
            base64url_decode(task["plaintext"]), protected=json.dumps(protected), algs=ALGORITHMS,
        )
        token.add_recipient(public(task["keys"][0]["jwk"]))
        return token.serialize(compact=True)
    for key in task["keys"]:
        header = {"alg": key["alg"], "kid": key["jwk"]["kid"]}
        token.add_recipient(public(key["jwk"]), header=json.dumps(header))
    return token.serialize()


def decrypt(task):
    token = jwe.JWE(algs=ALGORITHMS)
    token.deserialize(task["token"], key=key_of(task["jwk"]))
    return base64url_encode(token.payload)


def sign(task):
    token = jws.JWS(base64url_decode(task["payload"]))
    protected = {"alg": task["alg"]} | task.get("header", {})
    token.add_signature(key_of(task["jwk"]), alg=task["alg"], protected=json.dumps(protected))
    return token.serialize(compact=task["form"] == "compact")


def verify(task):
    token = jws.JWS()
    token.allowed_algs = SIGNATURES
    key = jwk.JWK.from_pem(task["pem"].encode()) if "pem" in task else public(task["jwk"])
    token.deserialize(task["token"], key=key)
    return base64url_encode(token.payload)


def thumbprint(task):
    return key_of(task["jwk"]).thumbprint()


TASKS = {
    "decrypt": decrypt, "encrypt": encrypt, "sign": sign, "thumbprint": thumbprint, "verify": verify,
}


def run(task):
    try:
        return {"ok": TASKS[task["do"]](task)}
    except Exception as error:  # whatever the library says is the result
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    print(json.dumps([run(task) for task in json.load(sys.stdin)]))

#!/usr/bin/env python3
"""Makes derivation.json: fixed examples of every key at rest (docs/formats.md, section 10).

It shares no code with the Rust crates: HKDF is written over `hmac`, AES and the two key wrapping
modes are written out here, and both are checked against the vectors of RFC 5869, 3394 and 5649
before anything is made. Python's standard library is all it needs.

    generate.py           writes derivation.json beside itself
    generate.py --check   exits with 1 where the file differs from what would be written

Not for real keys: this AES takes a time that depends on the key.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys

# --- AES (FIPS 197) -----------------------------------------------------------------------------


def gf_multiply(a, b):
    """Multiplies in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def make_s_box():
    box = []
    for value in range(256):
        inverse = next((x for x in range(256) if gf_multiply(value, x) == 1), 0)
        rotated = [(inverse << n | inverse >> (8 - n)) & 0xFF for n in range(5)]
        box.append(rotated[0] ^ rotated[1] ^ rotated[2] ^ rotated[3] ^ rotated[4] ^ 0x63)
    return box


S_BOX = make_s_box()


def expand_key(key):
    words = [list(key[i : i + 4]) for i in range(0, len(key), 4)]
    length = len(words)
    rounds = length + 6
    constant = 1
    for i in range(length, 4 * (rounds + 1)):
        word = list(words[i - 1])
        if i % length == 0:
            word = [S_BOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = gf_multiply(constant, 2)
        elif length > 6 and i % length == 4:
            word = [S_BOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[i - length], word)])
    return [sum(words[4 * r : 4 * r + 4], []) for r in range(rounds + 1)]


def encrypt_block(key, block):
    round_keys = expand_key(key)
    state = [a ^ b for a, b in zip(block, round_keys[0])]
    for number, round_key in enumerate(round_keys[1:], 1):
        state = [S_BOX[b] for b in state]
        # Column c, row r stands at 4c + r; row r moves r columns to the left.
        state = [state[(4 * (c + r) + r) % 16] for c in range(4) for r in range(4)]
        if number < len(round_keys) - 1:
            columns = [state[4 * c : 4 * c + 4] for c in range(4)]
            state = [
                gf_multiply(column[r], 2)
                ^ gf_multiply(column[(r + 1) % 4], 3)
                ^ column[(r + 2) % 4]
                ^ column[(r + 3) % 4]
                for column in columns
                for r in range(4)
            ]
        state = [a ^ b for a, b in zip(state, round_key)]
    return bytes(state)


# --- Key wrapping (RFC 3394, RFC 5649) ----------------------------------------------------------


def wrap_blocks(key, a, plaintext):
    blocks = [plaintext[i : i + 8] for i in range(0, len(plaintext), 8)]
    for j in range(6):
        for i, block in enumerate(blocks, 1):
            out = encrypt_block(key, a + block)
            step = len(blocks) * j + i
            a = (int.from_bytes(out[:8], "big") ^ step).to_bytes(8, "big")
            blocks[i - 1] = out[8:]
    return a + b"".join(blocks)


def kw(key, plaintext):
    assert len(plaintext) % 8 == 0 and len(plaintext) >= 16
    return wrap_blocks(key, b"\xa6" * 8, plaintext)


def kwp(key, plaintext):
    assert plaintext
    aiv = b"\xa6\x59\x59\xa6" + len(plaintext).to_bytes(4, "big")
    padded = plaintext + b"\0" * (-len(plaintext) % 8)
    if len(padded) == 8:
        return encrypt_block(key, aiv + padded)
    return wrap_blocks(key, aiv, padded)


# --- Derivation (RFC 5869, docs/formats.md section 1) -------------------------------------------


def hkdf(key, info, salt=b"", length=32):
    prk = hmac.new(salt or b"\0" * 32, key, hashlib.sha256).digest()
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([counter]), hashlib.sha256).digest()
        out, counter = out + block, counter + 1
    return out[:length]


def lp(*fields):
    out = b""
    for field in fields:
        if isinstance(field, bool):
            field = int(field)
        if isinstance(field, int):
            field = field.to_bytes(8, "big")
        elif isinstance(field, str):
            field = field.encode()
        out += len(field).to_bytes(4, "big") + field
    return out


def mac(key, *fields):
    return hmac.new(key, lp(*fields), hashlib.sha256).digest()


def sha256(data):
    return hashlib.sha256(data).digest()


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# --- Self-test ----------------------------------------------------------------------------------


def self_test():
    h = bytes.fromhex
    # FIPS 197, appendix C.3.
    counting = bytes(range(32))
    block = h("00112233445566778899aabbccddeeff")
    assert encrypt_block(counting, block) == h("8ea2b7ca516745bfeafc49904b496089")
    # RFC 3394, sections 4.3 and 4.6.
    assert kw(counting, block) == h("64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7")
    wrapped = h("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21")
    assert kw(counting, block + bytes(range(16))) == wrapped
    # RFC 5649, section 6.
    kek = h("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
    wrapped = h("138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a")
    assert kwp(kek, h("c37b7e6492584340bed12207808941155068f738")) == wrapped
    assert kwp(kek, h("466f7250617369")) == h("afbeb0f07dfbf5419200f2ccb50bb24f")
    # RFC 5869, appendix A.3: no salt, no info.
    okm = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert hkdf(b"\x0b" * 22, b"", length=42) == h(okm)


# --- The examples -------------------------------------------------------------------------------


def example_bytes(name, length):
    """Bytes that look random and that anybody can make again."""
    return hkdf(b"kleis test vectors", name.encode(), length=length)


INSTALLATION = b64u(example_bytes("installation", 16))
KEK = example_bytes("kek", 32)
KEK_ID = hkdf(KEK, lp("kleis-kek-id-v1"))[:8].hex()

POLICIES = [
    '{"readers":[{"allOf":[{"namespace":"urn:kleis:identifier","name":"NIHII","values":["18749704"]}]}],"expiresAt":1805000000}',
    '{"readers":[{"allOf":[{"namespace":"urn:kleis:identifier","name":"CBE"}]}],"expiresAt":1809000000,"maxReads":1,"ownerMayRead":true}',
]


def wrapping_key(period, version, current):
    name = f"wrapping key {period} {version}"
    key, id = example_bytes(name, 32), b64u(example_bytes(name + " id", 16))
    wrapper = hkdf(KEK, lp("kleis-wk-v1", INSTALLATION, id, period, version))
    wrapped = kw(wrapper, key)
    mac_key = hkdf(KEK, lp("kleis-wk-mac-v1", INSTALLATION))
    return {
        "id": id,
        "period": period,
        "version": version,
        "current": current,
        "key": key.hex(),
        "wrapper": wrapper.hex(),
        "wrapped": wrapped.hex(),
        "mac": mac(mac_key, id, period, version, current, KEK_ID, sha256(wrapped)).hex(),
    }


def record(wrapper, length, owner, policy, state, version, reads, destroy_at, shredded=False):
    name = f"record {length} {state}"
    key, id = bytes.fromhex(wrapper["key"]), wrapper["id"]
    algorithm, key_id = f"oct-{8 * length}", b64u(example_bytes(name + " id", 16))
    secret, policy_hash, created = example_bytes(name, length), sha256(policy.encode()), 1790000000
    record_key = hkdf(key, lp("kleis-record-v1", INSTALLATION, algorithm, key_id, owner, policy_hash))
    wrapped = b"" if shredded else kw(record_key, secret)
    mac_key = hkdf(key, lp("kleis-record-mac-v1", INSTALLATION, key_id))
    state_mac = mac(
        mac_key,
        id,
        owner,
        algorithm,
        policy_hash,
        sha256(wrapped),
        created,
        state,
        version,
        reads,
        destroy_at or 0,
    )
    return {
        "wrappingKey": id,
        "algorithm": algorithm,
        "keyId": key_id,
        "owner": owner,
        "policy": policy,
        "policyHash": policy_hash.hex(),
        "secret": None if shredded else secret.hex(),
        "recordKey": record_key.hex(),
        "wrapped": wrapped.hex(),
        "created": created,
        "state": state,
        "version": version,
        "reads": reads,
        "destroyAt": destroy_at,
        "stateMacKey": mac_key.hex(),
        "stateMac": state_mac.hex(),
    }


def secret(purpose, name, length):
    plain = example_bytes(f"secret {purpose} {name}", length)
    key = hkdf(KEK, lp("kleis-secret-v1", INSTALLATION, purpose, name))
    return {
        "purpose": purpose,
        "name": name,
        "secret": plain.hex(),
        "key": key.hex(),
        "wrapped": kwp(key, plain).hex(),
    }


def order(name, method, signer, result, reply, received_at, expires_at):
    jti, digest = b64u(example_bytes(f"order {name} jti", 16)), sha256(name.encode())
    key = hkdf(KEK, lp("kleis-order-mac-v1", INSTALLATION))
    fields = [jti, digest, method, signer, sha256(result.encode()), received_at, expires_at]
    # Where no reply is kept, the field is not there.
    fields += [sha256(reply.encode())] if reply else []
    return {
        "jti": jti,
        "digest": digest.hex(),
        "method": method,
        "signer": signer,
        "result": result,
        "reply": reply,
        "receivedAt": received_at,
        "expiresAt": expires_at,
        "macKey": key.hex(),
        "mac": mac(key, *fields).hex(),
    }


def role(name, state, granted_at, granted_by, version):
    person = "SSIN:85073003328"
    key = hkdf(KEK, lp("kleis-role-mac-v1", INSTALLATION))
    return {
        "person": person,
        "role": name,
        "state": state,
        "grantedAt": granted_at,
        "grantedBy": granted_by,
        "version": version,
        "macKey": key.hex(),
        "mac": mac(key, person, name, state, granted_at, granted_by, version).hex(),
    }


def vectors():
    keys = [
        wrapping_key("2027-03", 1, False),
        wrapping_key("2027-03", 2, True),
        wrapping_key("2027-05", 1, True),
    ]
    _, march, may = keys
    recipe, doctor = "CBE:0823257311/RECIPE", "NIHII:18749704"
    return {
        "about": "Keys at rest, docs/formats.md section 10; made by generate.py. Hexadecimal.",
        "installation": INSTALLATION,
        "kek": KEK.hex(),
        "kekId": KEK_ID,
        "wrappingKeys": keys,
        "records": [
            record(march, 16, recipe, POLICIES[0], "ACTIVE", 1, 0, None),
            record(march, 24, doctor, POLICIES[0], "ACTIVE", 2, 1, None),
            record(march, 32, recipe, POLICIES[0], "ACTIVE", 1, 0, None),
            record(may, 48, recipe, POLICIES[1], "EXHAUSTED", 7, 2**31 - 1, 1790000300),
            record(may, 64, doctor, POLICIES[1], "ACTIVE", 2**40 + 1, 3, None),
            record(may, 32, recipe, POLICIES[1], "SHREDDED", 3, 0, None, shredded=True),
        ],
        "secrets": [
            secret("service-key", "custody", 138),
            secret("code-verifier", "AAAAAAAAAAA", 32),
            secret("service-key", "x", 7),
        ],
        "orders": [
            order(
                "read",
                "kleis.custody.v1.CustodyService/GetKey",
                b64u(example_bytes("signer", 32)),
                '{"key":{"keyId":"AAAAAAAAAAAAAAAAAAAAAA"},"readsLeft":2}',
                "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
                1790000010,
                1790000300,
            ),
            order(
                "refused",
                "kleis.custody.v1.CustodyService/ShredKey",
                b64u(example_bytes("signer", 32)),
                "",
                "",
                1790000020,
                1790000310,
            ),
        ],
        "roles": [
            role("operator", "GRANTED", 1790000000, "bootstrap", 1),
            role("auditor", "WITHDRAWN", 1790000040, b64u(example_bytes("signer", 32)), 2),
        ],
    }


def main():
    self_test()
    path = pathlib.Path(__file__).with_name("derivation.json")
    text = json.dumps(vectors(), indent=2) + "\n"
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if path.exists() and path.read_text() == text else f"{path} is out of date")
    path.write_text(text)


if __name__ == "__main__":
    main()

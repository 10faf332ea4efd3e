"""What Kleis is for: people enrol, publish keys, and exchange a prescription."""

import json
import time
from pathlib import Path

from cast import Installation, Party
from database import Database
from forge import DAY, Key
from stage import Failed, check

PRESCRIPTION = Path(__file__).with_name("prescription.json")
MEDIA_TYPE = "application/fhir+json"

OPERATOR = "SSIN:73011136173"
PRESCRIBER = "NIHII:18749704"
PATIENT = "SSIN:85073003328"
CARE_PLAN = "CBE:0123456749/CAREPLAN"
BILLING = "CBE:0123456749/BILLING"
PHARMACY = "NIHII-PHARMACY:71000436"
INSURER = "CBE:0888888895"

REGISTER = f"""\
name,identifiers,active
Alix Peeters,{PRESCRIBER} SSIN:93051822361,true
Jane Doe,{PATIENT},true
Example Home Care,CBE:0123456749,true
Example Pharmacy,{PHARMACY},true
Example Insurer,{INSURER},true
"""

# Whoever is certified as a recognised pharmacy may read.
ANY_PHARMACY = {
    "namespace": "urn:be:fgov:certified-namespace:ehealth",
    "name": "urn:be:fgov:ehealth:1.0:pharmacy:nihii-number:recognisedpharmacy:boolean",
    "values": ["true"],
}


class Play:
    """The parties, what they have made, and the databases behind the scenes."""

    def __init__(self, stage):
        self.stage = stage
        self.document = PRESCRIPTION.read_bytes()
        self.registry = Database(stage.path / "data" / "registry.db")
        self.custody = Database(stage.path / "data" / "custody.db")

    def set_up(self):
        """A server that was not there before, and its first operator."""
        self.stage.scene("A key registry on a fresh machine")
        with self.stage.step("kleisd starts: a new installation with its CA, keys and databases"):
            ready = self.stage.start()
            self.installation = Installation(
                ready["public"], ready["admin"], ready["root"],
            )
        with self.stage.step("the first operator enrols with the one-time bootstrap code"):
            self.operator = self.party("operator", OPERATOR)
            self.operator.kleis(
                "operator", "bootstrap", "--code", ready["bootstrap"], "--id", OPERATOR,
            )
        with self.stage.step("the operator fills the register of persons and organisations"):
            register = self.stage.path / "register.csv"
            register.write_text(REGISTER, encoding="utf-8")
            self.operator.kleis("operator", "registrants", "import", register)

    def enrol(self):
        """Everybody gets a certificate."""
        self.stage.scene("Certificates")
        with self.stage.step("a request made by openssl becomes a certificate that openssl verifies"):
            self.care = self.party("care", CARE_PLAN)
            self.enrol_with_openssl(self.care)
        with self.stage.step("the same organisation enrols a second application"):
            self.billing = self.party("billing", BILLING)
            self.billing.enrol(self.code(BILLING))
        with self.stage.step("prescriber and pharmacy enrol; their codes never travel"):
            self.prescriber = self.party("prescriber", PRESCRIBER)
            self.pharmacy = self.party("pharmacy", PHARMACY)
            self.insurer = self.party("insurer", INSURER)
            for party in (self.prescriber, self.pharmacy):
                party.enrol(self.code(party.identifier))
        with self.stage.step("the insurer has no code: it asks, and the operator compares the key and approves"):
            asked = self.insurer.kleis("request", "submit", "--id", INSURER)
            waiting = self.operator.kleis("operator", "requests", "list")["requests"]
            check(len(waiting) == 1, "the request that waits", waiting)
            self.operator.kleis(
                "operator", "requests", "approve", waiting[0]["request"],
                "--key", asked["jkt"], "--yes",
            )
            self.insurer.kleis("request", "status")
        with self.stage.step("the patient enrols a phone with a code"):
            self.phone = self.party("phone", PATIENT, "phone")
            self.phone.enrol(self.code(PATIENT))
        with self.stage.step("... and a tablet, which the phone endorses"):
            self.tablet = self.party("tablet", PATIENT, "tablet")
            self.endorse(self.phone, self.tablet)

    def publish(self):
        """Everybody publishes encryption keys, and proves to hold them."""
        self.stage.scene("Encryption keys")
        with self.stage.step("the organisation publishes a key for each application"):
            self.care.kleis("keys", "publish", "--alg", "P-256")
            self.billing.kleis("keys", "publish")
        with self.stage.step("the patient's devices publish a key each"):
            self.phone.kleis("keys", "publish")
            self.phone_alone = self.registry.body(PATIENT)
            self.tablet.kleis("keys", "publish")
        with self.stage.step("a look-up verifies chain, binding, status and key of all of them"):
            found = self.prescriber.kleis("lookup", PATIENT)
            devices = sorted(key["device"] for key in found["keys"])
            check(devices == ["phone", "tablet"], "the keys of both devices", devices)

    def known_recipients(self):
        """Documents for recipients that the sender knows."""
        self.stage.scene("A prescription for known recipients")
        with self.stage.step("the prescriber seals it to the patient and the organisation"):
            sealed = self.seal()
            recipients = json.loads(sealed)["recipients"]
            check(len(recipients) == 3, "one recipient for each of three keys", len(recipients))
            check(b"amoxicillin" not in sealed.lower(), "nothing readable in it")
        for who, party in (
            ("the phone", self.phone), ("the tablet", self.tablet), ("the organisation", self.care),
        ):
            with self.stage.step(f"{who} opens it and knows who wrote it"):
                self.must_open(party, sealed)
        with self.stage.step("the pharmacy, to whom it was not sealed, cannot open it") as step:
            _, error = self.pharmacy.refused("open", "-", stdin=sealed)
            step.what += f": {error['reason']}"
        with self.stage.step("the organisation rotates its key, and still opens what came before"):
            self.before_rotation = self.registry.body(CARE_PLAN)
            self.care.kleis("keys", "rotate", "--alg", "P-256")
            check(self.registry.body(CARE_PLAN) != self.before_rotation, "another key set")
            self.must_open(self.care, sealed)
            self.must_open(self.care, self.seal())

    def unknown_readers(self):
        """A document for whichever pharmacy the patient walks into."""
        self.stage.scene("A prescription for any recognised pharmacy")
        self.policy = self.stage.path / "policy.json"
        self.policy.write_text(json.dumps({
            "readers": [{"allOf": [ANY_PHARMACY]}],
            "expiresAt": int(time.time()) + 90 * DAY,
            "ownerMayRead": True,
        }), encoding="utf-8")
        with self.stage.step("the prescriber seals it under a policy; custody keeps the key"):
            sealed, report = self.prescriber.seal(
                PRESCRIPTION, "--readers", self.policy, "--type", MEDIA_TYPE,
            )
            key_id = report["custodyKey"]
        with self.stage.step("a pharmacy that the prescriber never heard of opens it"):
            self.must_open(self.pharmacy, sealed)
        with self.stage.step("an insurer is refused, exactly as for a key that does not exist") as step:
            refused = self.insurer.refused("custody", "get", key_id)
            self.unknown = self.insurer.refused("custody", "get", "AAAAAAAAAAAAAAAAAAAAAA")
            check(refused == self.unknown, f"the same answer: {self.unknown}", refused)
            step.what += f": {refused[1]['reason']}"

    def access_tokens(self):
        """Callers who show access tokens in the place of a certificate."""
        self.stage.scene("Access tokens")
        with self.stage.step("the token service gives one to whoever holds a registered key"):
            token = self.billing.kleis("token", "--scope", "directory")
            check(token["tokenType"] == "DPoP", "a token that is bound to the key", token)
            stolen = self.stage.path / "token.jwt"
            stolen.write_text(token["token"], encoding="ascii")
        with self.stage.step("the insurer steals it: without the key it is nothing") as step:
            _, error = self.insurer.refused("--access-token", stolen, "lookup", PATIENT)
            check(error["reason"] == "DPOP_INVALID", "DPOP_INVALID", error)
            step.what += f": {error['reason']}"
        with self.stage.step("the patient's desk shows no certificate, and works by tokens alone"):
            desk = self.party("desk", PATIENT, "desk", access="token")
            self.endorse(self.phone, desk)
            desk.kleis("keys", "publish")
            self.must_open(desk, self.seal())

    def party(self, name, identifier, device="main", access="certificate"):
        return Party(self.stage, self.installation, name, identifier, device, access)

    def code(self, identifier):
        """An enrolment code, fresh from the operator."""
        return self.operator.kleis("operator", "codes", "create", "--id", identifier)["code"]

    def enrol_with_openssl(self, party):
        """Enrols with a key and a request made by openssl, and lets openssl verify the certificate."""
        stage = self.stage
        self.care_key = Key(stage, "care")
        request = stage.path / "care.csr.pem"
        stage.openssl("req", "-new", "-key", self.care_key.path, "-subj", "/", "-out", request)
        party.enrol(
            self.code(party.identifier), "--csr", request, "--key", self.care_key.path,
        )
        chain = party.home / "chain.pem"
        root = party.home / "root.pem"
        stage.openssl("verify", "-CAfile", root, "-untrusted", chain, "-purpose", "sslclient", chain)

    def endorse(self, sibling, device):
        """Enrols a further device on the word of a sibling."""
        request = self.stage.path / "device-request.json"
        endorsement = self.stage.path / "endorsement.jws"
        device.kleis(
            "devices", "request", "--id", device.identifier, "--device", device.device,
            "--out", request,
        )
        sibling.kleis("devices", "endorse", request, "--out", endorsement, "--yes")
        device.kleis(
            "enroll", "--id", device.identifier, "--device", device.device,
            "--endorsement", endorsement,
        )

    def seal(self):
        """The prescription, sealed to the patient and the organisation."""
        options = ["--to", PATIENT, "--to", CARE_PLAN, "--type", MEDIA_TYPE]
        sealed, _ = self.prescriber.seal(PRESCRIPTION, *options)
        return sealed

    def must_open(self, party, sealed):
        """Opens a sealed prescription, which must be the prescriber's, to the byte."""
        opened, report = party.open(sealed)
        check(opened == self.document, "the prescription, to the byte")
        sender = report["sender"]["identifier"]
        if sender != PRESCRIBER:
            raise Failed(f"the sender {PRESCRIBER}", output=sender)

"""The demo turns against its own databases: what an intruder writes there, nobody accepts."""

import time

from forge import DAY, ForeignCa, compact_json, rebind
from scenes import BILLING, CARE_PLAN, MEDIA_TYPE, PATIENT, PRESCRIPTION
from stage import check


def on_key_sets(play):
    """Other keys stand in the directory: the sender refuses each, and says why."""
    play.stage.scene("Somebody rewrites the directory's database")
    for recipient, what, reason, body in key_sets(play):
        with play.stage.step(f"refused: {what}") as step:
            with play.registry.substituted(recipient, body()):
                play.prescriber.refused_for(
                    reason, "seal", "--to", recipient, "--type", MEDIA_TYPE, PRESCRIPTION,
                )
            step.what = f"refused, {reason}: {what}"
            play.seal()


def key_sets(play):
    """In whose place what is put, for which reason it is to be refused, and a function that makes it."""
    genuine = play.registry.key_set(CARE_PLAN)
    now = int(time.time())

    def bound(**changes):
        return lambda: compact_json(rebind(play.care_key, genuine, **changes))

    def foreign():
        uris = subject_alternative_names(play)
        return compact_json(ForeignCa(play.stage).key_set(genuine, uris))

    return [
        (
            CARE_PLAN, "the valid key set of another registrant",
            "RECIPIENT_WRONG_IDENTITY", lambda: play.registry.body(PATIENT),
        ),
        (
            CARE_PLAN, "an expired binding, signed by the owner",
            "BINDING_EXPIRED", bound(iat=now - 2 * DAY, exp=now - DAY),
        ),
        (
            CARE_PLAN, "the valid key set of the same owner's other application",
            "RECIPIENT_WRONG_APPLICATION", lambda: play.registry.body(BILLING),
        ),
        (
            CARE_PLAN, "a binding for another application, signed by the owner",
            "BINDING_WRONG_OWNER", bound(sub=BILLING),
        ),
        (
            CARE_PLAN, "a binding for another device, signed by the owner",
            "BINDING_WRONG_DEVICE", bound(device="laptop"),
        ),
        (
            CARE_PLAN, "a key under a foreign CA, with the same names in the certificate",
            "CERTIFICATE_FOREIGN_CA", foreign,
        ),
        (
            CARE_PLAN, "the owner's own key from before the rotation",
            "BINDING_NOT_IN_USE", lambda: play.before_rotation,
        ),
        (
            PATIENT, "an earlier set, good in itself, from before the tablet was there",
            "RECIPIENT_ROLLED_BACK", lambda: play.phone_alone,
        ),
    ]


def subject_alternative_names(play):
    """The URIs in the organisation's certificate."""
    chain = play.care.home / "chain.pem"
    said = play.stage.openssl("x509", "-in", chain, "-noout", "-ext", "subjectAltName").decode()
    names = (name.strip() for line in said.splitlines()[1:] for name in line.split(","))
    return [name.removeprefix("URI:") for name in names if name.startswith("URI:")]


def on_roles(play):
    """Somebody makes an operator of himself in the database."""
    play.stage.scene("Somebody writes to the roles")
    with play.stage.step("a row makes the patient an operator: nobody believes it") as step:
        play.registry.grant(play.phone.identifier, "operator")
        _, error = play.phone.refused("operator", "registrants", "list")
        check(error["reason"] == "PERMISSION_DENIED", "PERMISSION_DENIED", error)
        step.what += f": {error['reason']}"
    with play.stage.step("the row is taken away again"):
        play.registry.take_back(play.phone.identifier, "operator")


def on_custody(play):
    """Wrapped keys change places: nobody gets either."""
    play.stage.scene("Somebody rewrites custody's database")
    with play.stage.step("the prescriber puts two keys into custody, under one policy"):
        created = play.prescriber.kleis("custody", "create", "--policy", play.policy, "--count", "2")
        one, other = (key["keyId"] for key in created["keys"])
        key = play.pharmacy.kleis("custody", "get", one)
    with play.stage.step("two wrapped keys change places: refused like an unknown id") as step:
        with play.custody.swapped(one, other):
            for key_id in (one, other):
                refused = play.pharmacy.refused("custody", "get", key_id)
                check(refused == play.unknown, f"the same answer: {play.unknown}", refused)
        step.what = f"refused, {refused[1]['reason']}: two wrapped keys change places"
    with play.stage.step("back in their places, the same key comes out"):
        again = play.pharmacy.kleis("custody", "get", one)
        check(again["jwk"] == key["jwk"], "the same key as before")
    with play.stage.step("the prescriber destroys one of them"):
        play.earlier = play.custody.record(other)
        play.prescriber.kleis("custody", "shred", other)
        refused = play.pharmacy.refused("custody", "get", other)
        check(refused == play.unknown, f"the same answer: {play.unknown}", refused)


def on_the_audit(play):
    """What a database alone cannot prevent, the audit finds."""
    play.stage.scene("The audit")
    verify = (play.stage.kleisd, "audit", "verify", "--data-dir", play.stage.path / "data")
    with play.stage.step("kleisd stops in order"):
        play.stage.server.stop()
    with play.stage.step("the audit is whole: every act has its row, in unbroken chains"):
        play.stage.must(*verify)
    with play.stage.step("the record of the destroyed key is put back: the audit names it") as step:
        play.custody.put_record_back(play.earlier)
        answer = play.stage.run(*verify)
        said = (answer.stdout + answer.stderr).decode()
        check(answer.returncode == 65, "exit code 65: tampered with", said)
        finding = f"record:{play.earlier[0]} is at version 1, the audit has seen version 2"
        check(finding in said, finding, said)
        step.what += f": {finding}"

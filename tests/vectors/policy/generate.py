#!/usr/bin/env python3
"""Makes parse.json and evaluate.json: fixed examples of policies (docs/formats.md, section 10).

It shares no code with the Rust crates. Documents are written by hand or by `json`; hashes are
computed here; the expected decisions are written down beside each case, and a second evaluation
of the rules, below, must agree with every one of them. Python's standard library is all it needs.

    generate.py           writes both files beside itself
    generate.py --check   exits with 1 where they differ from what would be written
"""

import base64
import hashlib
import json
import pathlib
import sys

NOW = 1790000000
END = NOW + 30 * 86400
AHEAD = 1827 * 86400


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hash_of(document):
    return b64u(hashlib.sha256(document.encode()).digest())


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# --- Reading ------------------------------------------------------------------------------------


def credential(namespace="urn:kleis:identifier", name="NIHII", values=("18749704",)):
    return {"namespace": namespace, "name": name, "values": list(values)}


def policy(**members):
    document = {"readers": [{"allOf": [credential()]}], "expiresAt": END}
    document.update(members)
    return {name: value for name, value in document.items() if value is not Ellipsis}


def padded(length):
    """A good policy of so many bytes: white space between tokens is part of the document."""
    text = compact(policy())
    return text[:-1] + " " * (length - len(text)) + "}"


def readers(*credentials):
    return policy(readers=[{"allOf": list(credentials)}])


def accepted_cases():
    yield "the smallest", compact(policy())
    yield "white space counts in the hash", json.dumps(policy(), indent=1)
    yield "every member", compact(
        policy(
            readers=[
                {"allOf": [credential(), credential(name="SSIN", values=[])]},
                {"allOf": [{"namespace": "urn:be:fgov:certified-namespace:ehealth", "name": "n"}]},
            ],
            excluded=[credential(name="CBE", values=["0809394427", "0406798006/UHMEP"])],
            notBefore=NOW - 1,
            maxReads=1,
            ownerMayRead=True,
        )
    )
    yield "members in another order, escaped text", (
        '{"ownerMayRead":false,"expiresAt":%d,"readers":[{"allOf":[{"values":["\\u0031"],'
        '"name":"\\u004eIHII","namespace":"urn:kleis:identifier"}]}]}' % END
    )
    yield "text beyond ASCII", compact(readers(credential(name="é" * 128, values=["ü" * 64])))
    yield "the longest document", padded(16384)
    yield "as many groups as there may be", compact(
        policy(readers=[{"allOf": [credential("n", "m", [])]}] * 64)
    )
    yield "as many credentials as there may be", compact(readers(*[credential("n", "m", [])] * 16))
    yield "as many exclusions as there may be", compact(
        policy(excluded=[credential("n", "m", [])] * 64)
    )
    yield "as many values as there may be", compact(readers(credential(values=["v"] * 64)))
    yield "the longest texts", compact(readers(credential("n" * 256, "m" * 256, ["v" * 128])))
    yield "reads without end, nearly", compact(policy(maxReads=2**31 - 1))
    yield "in force since before 1970", compact(policy(notBefore=-1))
    yield "one second of force", compact(policy(notBefore=END - 1))
    yield "expires in a second", compact(policy(expiresAt=NOW + 1))
    yield "expires as late as may be", compact(policy(expiresAt=NOW + AHEAD))


def refused_cases():
    good = compact(policy())
    yield "nothing", "", "", "NOT_JSON"
    yield "no JSON", "{", "", "NOT_JSON"
    yield "trailing bytes", good + "x", "", "NOT_JSON"
    yield "two documents", good + good, "", "NOT_JSON"
    yield "a comment", "/**/" + good, "", "NOT_JSON"
    yield "a byte order mark", "\ufeff" + good, "", "NOT_JSON"
    yield "too long", padded(16385), "", "TOO_LARGE"
    yield "too deep", '{"readers":' + "[" * 40 + "]" * 40 + "}", "", "TOO_DEEP"
    yield "a list", "[]", "", "WRONG_TYPE"
    yield "null", "null", "", "WRONG_TYPE"
    yield "a name twice", good[:-1] + ',"expiresAt":%d}' % END, "", "DUPLICATE_NAME"
    yield "a name twice, once escaped", good[:-1] + ',"expires\\u0041t":1}', "", "DUPLICATE_NAME"
    inner = '{"readers":[{"allOf":[{"namespace":"n","name":"a","name":"b"}]}],"expiresAt":%d}'
    yield "a name twice further in", inner % END, "", "DUPLICATE_NAME"

    yield "an unknown member", compact(policy(fourEyes=True)), "", "UNKNOWN_MEMBER"
    yield "another case", compact(policy(Excluded=[credential()])), "", "UNKNOWN_MEMBER"
    group = {"allOf": [credential()], "anyOf": []}
    yield "an unknown member of a group", compact(policy(readers=[group])), "readers[0]", "UNKNOWN_MEMBER"
    odd = dict(credential(), value="x")
    yield "an unknown member of a credential", compact(readers(credential(), odd)), "readers[0].allOf[1]", "UNKNOWN_MEMBER"

    yield "no readers", compact(policy(readers=...)), "readers", "MISSING"
    yield "no end", compact(policy(expiresAt=...)), "expiresAt", "MISSING"
    yield "no allOf", compact(policy(readers=[{}])), "readers[0].allOf", "MISSING"
    for member in "namespace", "name":
        without = {name: value for name, value in credential().items() if name != member}
        yield f"a reader without {member}", compact(readers(without)), f"readers[0].allOf[0].{member}", "MISSING"
        yield f"an exclusion without {member}", compact(policy(excluded=[without])), f"excluded[0].{member}", "MISSING"

    yield "readers empty", compact(policy(readers=[])), "readers", "EMPTY_LIST"
    yield "a group empty", compact(policy(readers=[{"allOf": [credential()]}, {"allOf": []}])), "readers[1].allOf", "EMPTY_LIST"
    yield "excluded empty", compact(policy(excluded=[])), "excluded", "EMPTY_LIST"

    for member in "readers", "excluded":
        for wrong in None, {}, "x", 1:
            yield f"{member} is {wrong!r}", compact(policy(**{member: wrong})), member, "WRONG_TYPE"
        yield f"{member} has null", compact(policy(**{member: [None]})), f"{member}[0]", "WRONG_TYPE"
    for wrong in None, "1790000001", True, [END]:
        for member in "expiresAt", "notBefore":
            yield f"{member} is {wrong!r}", compact(policy(**{member: wrong})), member, "WRONG_TYPE"
        if wrong is not True:
            yield f"ownerMayRead is {wrong!r}", compact(policy(ownerMayRead=wrong)), "ownerMayRead", "WRONG_TYPE"
    for text in "1790000001.0", "1.790000001e9", "9223372036854775808", "-0":
        document = compact(policy(expiresAt=...))[:-1] + ',"expiresAt":' + text + "}"
        yield f"expiresAt is {text}", document, "expiresAt", "WRONG_TYPE"
    for text in "null", '"1"', "1.0", "true":
        document = good[:-1] + ',"maxReads":' + text + "}"
        yield f"maxReads is {text}", document, "maxReads", "WRONG_TYPE"
    for reads in 0, -1, 2**31, 2**32 + 1, 2**64 - 1:
        yield f"maxReads is {reads}", compact(policy(maxReads=reads)), "maxReads", "READS_OUT_OF_RANGE"
    yield "ownerMayRead is 1", compact(policy(ownerMayRead=1)), "ownerMayRead", "WRONG_TYPE"

    first = "readers[0].allOf[0]"
    yield "values is null", compact(readers(dict(credential(), values=None))), f"{first}.values", "WRONG_TYPE"
    yield "values is a text", compact(readers(dict(credential(), values="x"))), f"{first}.values", "WRONG_TYPE"
    yield "a value is a number", compact(readers(dict(credential(), values=["x", 1]))), f"{first}.values[1]", "WRONG_TYPE"
    yield "a name is a number", compact(readers(credential(name=1))), f"{first}.name", "WRONG_TYPE"
    yield "a namespace is null", compact(readers(credential(namespace=None))), f"{first}.namespace", "WRONG_TYPE"

    yield "too many groups", compact(policy(readers=[{"allOf": [credential("n", "m", [])]}] * 65)), "readers", "TOO_MANY"
    yield "too many credentials", compact(readers(*[credential("n", "m", [])] * 17)), "readers[0].allOf", "TOO_MANY"
    yield "too many exclusions", compact(policy(excluded=[credential("n", "m", [])] * 65)), "excluded", "TOO_MANY"
    yield "too many values", compact(readers(credential(values=["v"] * 65))), f"{first}.values", "TOO_MANY"
    for member in "namespace", "name":
        for text in "", "n" * 257, "é" * 128 + "n":
            document = compact(readers(credential(**{member: text})))
            yield f"{member} of {len(text.encode())} bytes", document, f"{first}.{member}", "TEXT_LENGTH"
    for text in "", "v" * 129, "ü" * 65:
        document = compact(policy(excluded=[credential(values=["a", text])]))
        yield f"a value of {len(text.encode())} bytes", document, "excluded[0].values[1]", "TEXT_LENGTH"

    yield "ends as it begins", compact(policy(notBefore=END)), "notBefore", "NEVER_OPEN"
    yield "ends before it begins", compact(policy(notBefore=END + 1)), "notBefore", "NEVER_OPEN"
    yield "expires now", compact(policy(expiresAt=NOW)), "expiresAt", "ALREADY_EXPIRED"
    yield "expired", compact(policy(expiresAt=0)), "expiresAt", "ALREADY_EXPIRED"
    yield "expires too late", compact(policy(expiresAt=NOW + AHEAD + 1)), "expiresAt", "TOO_FAR_AHEAD"
    yield "expires at the end of time", compact(policy(expiresAt=2**63 - 1)), "expiresAt", "TOO_FAR_AHEAD"


def parse_vectors():
    return {
        "about": "Documents of policies, read as new at `now`; made by generate.py.",
        "now": NOW,
        "accepted": [
            {"name": name, "document": document, "hash": hash_of(document)}
            for name, document in accepted_cases()
        ],
        "refused": [
            {"name": name, "document": document, "field": field, "fault": fault}
            for name, document, field, fault in refused_cases()
        ],
    }


# --- Deciding -----------------------------------------------------------------------------------

KLEIS = "urn:kleis:identifier"
EHEALTH = "urn:be:fgov:certified-namespace:ehealth"

# What the issuer of the certificates makes of an identifier, besides its own credential.
RULES = [
    {"identifier_type": "NIHII", "first_digit": "1", "namespace": EHEALTH, "name": "doctor", "value": "true"},
    {"identifier_type": "NIHII-PHARMACY", "namespace": EHEALTH, "name": "pharmacy", "value": "true"},
    {"identifier_type": "NIHII-PHARMACY", "namespace": EHEALTH, "name": "pharmacy-number"},
    {"identifier_type": "NIHII", "namespace": EHEALTH, "name": "nihii11", "conclusive": False},
]
SHOWN_TYPES = ["SSIN", "NIHII", "CBE", "NIHII-PHARMACY"]

PRINCIPALS = {
    "doctor": ["NIHII:18749704", "SSIN:85073003328"],
    "nurse": ["NIHII:40000253"],
    "pharmacy": ["NIHII-PHARMACY:71000436"],
    "recipe": ["CBE:0823257311/RECIPE"],
    "recipe without application": ["CBE:0823257311"],
}


def credentials_of(identifiers):
    held = {}
    for identifier in identifiers:
        type_name, value = identifier.split(":", 1)
        held.setdefault((KLEIS, type_name), set()).add(value)
        for rule in RULES:
            if rule["identifier_type"] == type_name and value.startswith(rule.get("first_digit", "")):
                worth = rule.get("value", value.split("/")[0])
                held.setdefault((rule["namespace"], rule["name"]), set()).add(worth)
    return held


def shown(namespace, name):
    if namespace == KLEIS:
        return name in SHOWN_TYPES
    rules = [rule for rule in RULES if (rule["namespace"], rule["name"]) == (namespace, name)]
    return bool(rules) and all(rule.get("conclusive", True) for rule in rules)


def decide(policy, principal, owner, now):
    """The rules once more, as naively as they can be written."""
    held = credentials_of(PRINCIPALS[principal])

    def matches(credential):
        key = (credential["namespace"], credential["name"])
        wanted = set(credential.get("values", []))
        return key in held and (not wanted or bool(wanted & held[key]))

    excluded = policy.get("excluded", [])
    if now >= policy["expiresAt"]:
        return "EXPIRED"
    if "notBefore" in policy and now < policy["notBefore"]:
        return "NOT_YET_VALID"
    if any(matches(credential) for credential in excluded):
        return "EXCLUDED"
    if any(not shown(credential["namespace"], credential["name"]) for credential in excluded):
        return "EXCLUSION_UNDECIDABLE"
    if policy.get("ownerMayRead") and owner in PRINCIPALS[principal]:
        return "ALLOWED"
    if any(all(matches(c) for c in group["allOf"]) for group in policy["readers"]):
        return "ALLOWED"
    return "NO_READER"


def decision_cases():
    owner = "CBE:0823257311/RECIPE"
    doctor = {"namespace": EHEALTH, "name": "doctor", "values": ["true"]}
    pharmacy = {"namespace": EHEALTH, "name": "pharmacy"}
    this_doctor = {"namespace": KLEIS, "name": "NIHII", "values": ["18749704"]}
    same_person = {"namespace": KLEIS, "name": "SSIN", "values": ["85073003328"]}

    def case(name, expected, principal, now=NOW, owner=owner, **members):
        document = {"readers": [{"allOf": [pharmacy]}], "expiresAt": END}
        document.update(members)
        return name, expected, principal, now, owner, document

    yield case("any pharmacy", "ALLOWED", "pharmacy")
    yield case("no pharmacy", "NO_READER", "doctor")
    yield case("an empty list of values is any value", "ALLOWED", "pharmacy", readers=[{"allOf": [dict(pharmacy, values=[])]}])
    yield case("this pharmacy", "ALLOWED", "pharmacy", readers=[{"allOf": [{"namespace": EHEALTH, "name": "pharmacy-number", "values": ["1", "71000436"]}]}])
    yield case("another pharmacy", "NO_READER", "pharmacy", readers=[{"allOf": [{"namespace": EHEALTH, "name": "pharmacy-number", "values": ["71000437"]}]}])
    yield case("the same name in another namespace", "NO_READER", "pharmacy", readers=[{"allOf": [dict(pharmacy, namespace=KLEIS)]}])
    yield case("the second group", "ALLOWED", "doctor", readers=[{"allOf": [pharmacy]}, {"allOf": [doctor]}])
    yield case("all of a group", "ALLOWED", "doctor", readers=[{"allOf": [doctor, same_person]}])
    yield case("not all of a group", "NO_READER", "doctor", readers=[{"allOf": [doctor, pharmacy]}])
    yield case("groups do not add up", "NO_READER", "nurse", readers=[{"allOf": [doctor, same_person]}, {"allOf": [dict(same_person, values=[]), doctor]}])
    yield case("a reader by what proves nothing to the contrary", "ALLOWED", "doctor", readers=[{"allOf": [{"namespace": EHEALTH, "name": "nihii11"}]}])

    yield case("the last second", "ALLOWED", "pharmacy", now=END - 1)
    yield case("the end", "EXPIRED", "pharmacy", now=END)
    yield case("after the end", "EXPIRED", "pharmacy", now=END + 1)
    yield case("the second before", "NOT_YET_VALID", "pharmacy", now=NOW - 1, notBefore=NOW)
    yield case("the beginning", "ALLOWED", "pharmacy", notBefore=NOW)
    yield case("time comes before exclusion", "EXPIRED", "pharmacy", now=END, excluded=[pharmacy])
    yield case("time binds the owner", "NOT_YET_VALID", "recipe", now=NOW - 1, notBefore=NOW, ownerMayRead=True)

    readers = [{"allOf": [doctor]}, {"allOf": [pharmacy]}]
    yield case("exclusion wins", "EXCLUDED", "doctor", readers=readers, excluded=[this_doctor])
    yield case("exclusion by an alias", "EXCLUDED", "doctor", readers=readers, excluded=[same_person])
    yield case("exclusion of others", "ALLOWED", "pharmacy", readers=readers, excluded=[this_doctor, same_person])
    yield case("exclusion by any value", "EXCLUDED", "doctor", readers=readers, excluded=[dict(this_doctor, values=[])])
    yield case("exclusion with one value of many", "EXCLUDED", "doctor", readers=readers, excluded=[dict(this_doctor, values=["1", "18749704"])])
    yield case("exclusion with another value", "ALLOWED", "doctor", readers=readers, excluded=[dict(this_doctor, values=["1"])])
    yield case("exclusion that nobody can show", "EXCLUSION_UNDECIDABLE", "pharmacy", excluded=[{"namespace": EHEALTH, "name": "insolvent"}])
    yield case("exclusion by a type that does not exist", "EXCLUSION_UNDECIDABLE", "pharmacy", excluded=[{"namespace": KLEIS, "name": "NOSUCHTYPE", "values": ["1"]}])
    yield case("exclusion by what proves nothing to the contrary", "EXCLUSION_UNDECIDABLE", "pharmacy", excluded=[{"namespace": EHEALTH, "name": "nihii11", "values": ["1"]}])
    yield case("a match comes before a doubt", "EXCLUDED", "doctor", readers=readers, excluded=[{"namespace": EHEALTH, "name": "insolvent"}, same_person])
    yield case("a doubt in the second exclusion", "EXCLUSION_UNDECIDABLE", "pharmacy", excluded=[this_doctor, {"namespace": EHEALTH, "name": "insolvent"}])

    yield case("the owner may", "ALLOWED", "recipe", ownerMayRead=True)
    yield case("the owner may not", "NO_READER", "recipe", ownerMayRead=False)
    yield case("the owner may not unless told", "NO_READER", "recipe")
    yield case("the owner as a reader", "ALLOWED", "recipe", readers=[{"allOf": [{"namespace": KLEIS, "name": "CBE", "values": ["0823257311/RECIPE"]}]}])
    yield case("the owner without its application", "NO_READER", "recipe without application", ownerMayRead=True)
    yield case("a reader without its application", "NO_READER", "recipe without application", readers=[{"allOf": [{"namespace": KLEIS, "name": "CBE", "values": ["0823257311/RECIPE"]}]}])
    yield case("the owner by an alias", "ALLOWED", "doctor", owner="SSIN:85073003328", ownerMayRead=True)
    yield case("exclusion binds the owner", "EXCLUDED", "recipe", ownerMayRead=True, excluded=[{"namespace": KLEIS, "name": "CBE"}])
    yield case("a doubt binds the owner", "EXCLUSION_UNDECIDABLE", "recipe", ownerMayRead=True, excluded=[{"namespace": EHEALTH, "name": "insolvent"}])
    yield case("another's key", "NO_READER", "doctor", ownerMayRead=True)


def evaluate_vectors():
    cases = []
    for name, expected, principal, now, owner, document in decision_cases():
        assert decide(document, principal, owner, now) == expected, name
        cases.append(
            {
                "name": name,
                "policy": compact(document),
                "principal": principal,
                "owner": owner,
                "now": now,
                "decision": expected,
            }
        )
    principals = {
        name: {
            "identifiers": identifiers,
            "credentials": [
                {"namespace": namespace, "name": name, "values": sorted(values)}
                for (namespace, name), values in sorted(credentials_of(identifiers).items())
            ],
        }
        for name, identifiers in PRINCIPALS.items()
    }
    return {
        "about": "Decisions of policies; made by generate.py. `rules` say what credentials follow "
        "from identifiers, besides one in urn:kleis:identifier for each.",
        "rules": RULES,
        "principals": principals,
        "cases": cases,
    }


def main():
    outdated = []
    for name, vectors in ("parse.json", parse_vectors()), ("evaluate.json", evaluate_vectors()):
        path = pathlib.Path(__file__).with_name(name)
        text = json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"
        if sys.argv[1:] != ["--check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            outdated.append(str(path))
    if outdated:
        sys.exit(f"out of date: {', '.join(outdated)}")


if __name__ == "__main__":
    main()

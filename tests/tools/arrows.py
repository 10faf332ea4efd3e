"""Which crate may depend on which: the layers of the workspace, as data, and their check.

The arrows point down the list and never sideways. A service never names another service, a database or
the runtime; what is pure never pulls in an async runtime, a database or a transport, not even through
somebody else's crate. A new crate gets its line in MAY_NAME first.
"""

import json
import subprocess

# Our crates, and which of ours each may name in [dependencies] and [build-dependencies].
MAY_NAME = {
    "kleis-types": set(),
    "kleis-roster": {"kleis-types"},
    "kleis-jose": {"kleis-types"},
    "kleis-pki": {"kleis-types", "kleis-jose"},
    "kleis-trust": {"kleis-types", "kleis-jose", "kleis-pki"},
    "kleis-access": {"kleis-types", "kleis-jose", "kleis-pki", "kleis-trust"},
    "kleis-wrap": {"kleis-types"},
    "kleis-proto": {"kleis-types"},
    "kleis-store": {"kleis-types"},
    "kleis-store-sqlite": {"kleis-types", "kleis-store"},
    "kleis-registration": {
        "kleis-types", "kleis-proto", "kleis-store", "kleis-jose", "kleis-pki", "kleis-trust",
        "kleis-wrap",
    },
    "kleis-custody": {
        "kleis-types", "kleis-proto", "kleis-store", "kleis-jose", "kleis-trust", "kleis-wrap",
    },
    "kleis-directory": {
        "kleis-types", "kleis-proto", "kleis-store", "kleis-jose", "kleis-pki",
    },
    "kleis-sts": {
        "kleis-types", "kleis-proto", "kleis-store", "kleis-jose", "kleis-trust", "kleis-access",
        "kleis-wrap",
    },
    "kleis-audit": {"kleis-types", "kleis-proto", "kleis-store"},
    "kleis-runtime": {
        "kleis-types", "kleis-proto", "kleis-trust", "kleis-pki", "kleis-jose", "kleis-access",
    },
    "kleis-server": {
        "kleis-types", "kleis-jose", "kleis-pki", "kleis-trust", "kleis-wrap", "kleis-proto",
        "kleis-store", "kleis-store-sqlite", "kleis-registration", "kleis-custody",
        "kleis-directory", "kleis-runtime", "kleis-access", "kleis-sts", "kleis-audit",
        "kleis-roster",
    },
    "kleis-client": {
        "kleis-types", "kleis-jose", "kleis-pki", "kleis-proto", "kleis-trust", "kleis-access",
    },
    "kleis-cli": {
        "kleis-types", "kleis-jose", "kleis-pki", "kleis-proto", "kleis-trust", "kleis-client",
        "kleis-roster",
    },
    "kleis-bench": {
        "kleis-types", "kleis-jose", "kleis-access", "kleis-proto", "kleis-store",
        "kleis-store-sqlite", "kleis-directory",
    },
    # The end-to-end tests see what users see (binaries, sockets, the SDK), and what a thief of the
    # server's keys sees.
    "kleis-e2e": {
        "kleis-types", "kleis-jose", "kleis-pki", "kleis-proto", "kleis-trust", "kleis-client",
        "kleis-wrap", "kleis-access",
    },
}

# What tests may name besides: a real store, and whatever makes the certificates they need.
MAY_NAME_IN_TESTS = {
    "kleis-registration": {"kleis-store-sqlite"},
    "kleis-custody": {"kleis-store-sqlite", "kleis-pki"},
    "kleis-directory": {"kleis-store-sqlite", "kleis-jose", "kleis-pki", "kleis-trust"},
    "kleis-sts": {"kleis-store-sqlite", "kleis-pki"},
    "kleis-audit": {"kleis-store-sqlite"},
    "kleis-server": {"kleis-client"},
}

PURE = {"kleis-types", "kleis-roster", "kleis-jose", "kleis-pki", "kleis-trust", "kleis-access", "kleis-wrap"}
SERVICES = {
    "kleis-registration", "kleis-custody", "kleis-directory", "kleis-sts", "kleis-audit",
}
DATABASES = {"sqlx", "sqlx-core", "sqlx-sqlite", "libsqlite3-sys"}

# What must not be reached over any number of normal dependencies.
NEVER_REACHES = {
    **{crate: DATABASES | {"tokio", "tonic", "hyper"} for crate in PURE},
    **{crate: DATABASES | {"kleis-runtime"} | SERVICES - {crate} for crate in SERVICES},
    "kleis-client": DATABASES | SERVICES | {"kleis-runtime", "kleis-store"},
}
NEVER_REACHES["kleis-types"] |= {"aws-lc-rs"}

# Other people's crates with one home. Their names stand in no other manifest, tests included.
ONLY_IN = {
    "sqlx": {"kleis-store-sqlite"},
    "jsonwebkey": {"kleis-jose"},
}


def faults(metadata):
    """The forbidden arrows in the answer of `cargo metadata`, in words."""
    members = set(metadata["workspace_members"])
    packages = {package["id"]: package for package in metadata["packages"]}
    ours = sorted((packages[member] for member in members), key=lambda package: package["name"])
    found = []
    for package in ours:
        name = package["name"]
        if name not in MAY_NAME:
            found.append(f"{name} is new: say in MAY_NAME which crates it may name")
            continue
        found += direct_faults(package, {other["name"] for other in ours})
        for target in sorted(NEVER_REACHES.get(name, ())):
            path = shortest_path(metadata["resolve"], packages, package["id"], target)
            if path:
                found.append(f"{name} must never depend on {target}: {' -> '.join(path)}")
    return found


def direct_faults(package, ours):
    """The arrows that a manifest draws and may not."""
    name = package["name"]
    found = []
    for dependency in package["dependencies"]:
        target, kind = dependency["name"], dependency["kind"]
        allowed = set(MAY_NAME[name])
        where = "[dependencies]"
        if kind == "dev":
            allowed |= MAY_NAME_IN_TESTS.get(name, set())
            where = "[dev-dependencies]"
        if target in ours and target not in allowed:
            found.append(f"{name} names {target} in {where}")
        if name not in ONLY_IN.get(target, {name}):
            homes = " and ".join(sorted(ONLY_IN[target]))
            found.append(f"{name} names {target} in {where}; only {homes} may")
    return found


def shortest_path(resolve, packages, start, target):
    """The names along the shortest chain of normal dependencies from a package to a name."""
    nodes = {node["id"]: node for node in resolve["nodes"]}
    came_from = {start: None}
    queue = [start]
    for current in queue:
        if current != start and packages[current]["name"] == target:
            path = []
            while current is not None:
                path.insert(0, packages[current]["name"])
                current = came_from[current]
            return path
        for dependency in nodes[current]["deps"]:
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if normal and dependency["pkg"] not in came_from:
                came_from[dependency["pkg"]] = current
                queue.append(dependency["pkg"])
    return None


def check():
    """The check of `make lint`."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    return faults(json.loads(answer.stdout))

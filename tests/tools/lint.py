"""`make lint`: runs the checks one after the other, a line for each, and explains the first that fails.

`lint.py NAME...` runs only those; `lint.py --format-protos` formats the protos instead.
A check is a function that returns what it found wrong, in lines; see CHECKS at the end.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import arrows
import migrations
import tree
from migrations import Skipped

ROOT = Path(__file__).resolve().parents[2]
CARGO_DENY = "0.20.2"
BUF = "1.75.0"
# Long explanations are cut: the first fault is what matters.
MAX_LINES = 60


def run(*command, **environment):
    """The lines that a command prints if it fails; none if it succeeds."""
    answer = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    if answer.returncode == 0:
        return []
    return answer.stdout.strip().splitlines() or [f"{' '.join(command)} failed without a word"]


def works(*command):
    """Whether a command can be run and succeeds."""
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def cache(name):
    """A folder for the tools that are fetched."""
    script = ROOT / "tests/tools/cache_dir.sh"
    answer = subprocess.run([script, name], check=True, capture_output=True, text=True)
    return Path(answer.stdout.strip())


def note(text):
    """Tells of something that takes long."""
    print(f"        {text}", file=sys.stderr, flush=True)


def install_cargo_deny():
    """Makes `cargo deny` work; the lines of what went wrong."""
    home = cache("cargo")
    os.environ["PATH"] = os.environ["PATH"] + os.pathsep + str(home / "bin")
    if works("cargo", "deny", "--version"):
        return []
    note("installing cargo-deny: about two minutes, once")
    version = ["--version", CARGO_DENY]
    return run("cargo", "install", "cargo-deny", "--locked", *version, "--root", str(home))


def buf(*arguments):
    """Runs buf, of the pinned version, which is fetched if it is missing."""
    home = cache("npm")
    program = str(home / "node_modules/.bin/buf")
    if not (works(program, "--version") and not run("sh", "-c", f"{program} --version | grep -qx {BUF}")):
        note(f"installing buf {BUF}, once")
        options = ["--no-save", "--no-audit", "--no-fund", "--prefix", str(home)]
        wrong = run("npm", "install", *options, f"@bufbuild/buf@{BUF}")
        if wrong:
            return wrong
    return run(program, *arguments)


def formatting():
    """rustfmt."""
    return run("cargo", "fmt", "--all", "--check")


def tools():
    """The checks below can fail."""
    return run(
        sys.executable, "-m", "unittest", "discover", "--start-directory", "tests/tools", "--quiet"
    )


def protos():
    """buf lint and buf format."""
    return buf("lint", "proto") or buf("format", "proto", "--diff", "--exit-code")


def dependencies():
    """deny.toml, but for its advisories."""
    which = ["bans", "licenses", "sources"]
    return install_cargo_deny() or run("cargo", "deny", "--color", "never", "check", *which)


def advisories():
    """The advisories of deny.toml, where their database can be had."""
    found = install_cargo_deny() or run("cargo", "deny", "--color", "never", "check", "advisories")
    if any("failed to fetch advisory database" in line for line in found):
        raise Skipped("the advisory database cannot be fetched here")
    return found


def queries():
    """The descriptions of queries in .sqlx are those of the queries in the code."""
    found = []
    for described in sorted(ROOT.glob("crates/*/.sqlx")):
        found += run("sh", str(described.parent / "prepare.sh"), "--check")
    return found


def clippy():
    """clippy over everything, tests included."""
    return run(
        "cargo", "clippy", "--locked", "--workspace", "--all-targets", "--quiet",
        "--", "--deny", "warnings",
    )


def documentation():
    """rustdoc: no broken link."""
    flags = f"{os.environ.get('RUSTDOCFLAGS', '')} --deny warnings".strip()
    return run("cargo", "doc", "--locked", "--workspace", "--no-deps", "--quiet", RUSTDOCFLAGS=flags)


# The name, the check, and what to do when it fails. Quick ones first.
CHECKS = [
    ("formatting", formatting, "Type `make fmt`."),
    ("tools", tools, "The checks in tests/tools do not do what their tests say."),
    ("arrows", arrows.check, "The layers are written down in tests/tools/arrows.py."),
    ("static-sql", tree.check_static_sql, "Write SQL as a static string, or use a checked macro."),
    ("paths", tree.check_machine_paths, "Name no folder of your own machine."),
    ("migrations", migrations.check, "Put the file back and add a new migration."),
    ("protos", protos, "The rules are in proto/buf.yaml; `make fmt` formats."),
    ("dependencies", dependencies, "The rules, and how to make an exception, are in deny.toml."),
    ("advisories", advisories, "Update the crate, or put the advisory into deny.toml with a reason."),
    ("queries", queries, "Run the crate's prepare.sh and commit its .sqlx."),
    ("clippy", clippy, "Expect a lint with `#[expect(..., reason = \"...\")]` where it is wrong."),
    ("documentation", documentation, "Mend the link or the markup."),
]


def report(verdict, name, text):
    """Prints the line of a check."""
    print(f"{verdict:7} {name:14} {text}", flush=True)


def passes(name, check, advice):
    """Runs one check and prints its line; its faults too, if it fails."""
    start = time.monotonic()
    try:
        found = check()
    except Skipped as reason:
        report("skipped", name, str(reason))
        return True
    except (OSError, subprocess.CalledProcessError) as error:
        output = getattr(error, "stderr", None) or ""
        found = [str(error), *output.splitlines()]
    seconds = f"{time.monotonic() - start:.1f} s"
    if not found:
        report("ok", name, seconds)
        return True
    report("FAILED", name, seconds)
    print("\n".join(found[:MAX_LINES]))
    if len(found) > MAX_LINES:
        print(f"... and {len(found) - MAX_LINES} lines more")
    print(f"\n{name}: {advice}")
    return False


def main(arguments):
    """Runs the checks that were named, or all; the exit code."""
    os.chdir(ROOT)
    if arguments == ["--format-protos"]:
        found = buf("format", "proto", "--write")
        print("\n".join(found))
        return 1 if found else 0
    unknown = set(arguments) - {name for name, _, _ in CHECKS}
    if unknown:
        print(f"no such check: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 64
    for check in CHECKS:
        if (not arguments or check[0] in arguments) and not passes(*check):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

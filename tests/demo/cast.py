"""Who plays: parties with a home directory each, who do everything through `kleis`."""

import json
import re

from stage import Failed, words

TRACE = re.compile(r"\b[0-9a-f]{32}\b")


class Installation:
    """Where the server is, and how it is known."""

    def __init__(self, server, admin, root):
        self.server = server
        self.admin = admin
        self.root = root


class Party:
    """Somebody with a home directory."""

    def __init__(self, stage, installation, name, identifier, device="main", access="certificate"):
        self.stage = stage
        self.identifier = identifier
        self.device = device
        self.home = stage.path / name
        self.kleis(
            "init",
            "--server", installation.server,
            "--admin", installation.admin,
            "--root", installation.root,
            "--access", access,
        )

    def command(self, arguments):
        options = ["--home", self.home, "--output", "json"]
        return [str(part) for part in (self.stage.kleis, *options, *arguments)]

    def kleis(self, *arguments, stdin=None):
        """Runs a command that must succeed; gives what it says."""
        command = self.command(arguments)
        said = self.stage.must(*command, stdin=stdin)
        try:
            return json.loads(said)
        except ValueError as error:
            raise Failed("one JSON document", command, words(said)) from error

    def refused(self, *arguments, stdin=None):
        """Runs a command that must be refused; gives the exit code and the error, without the trace."""
        command = self.command(arguments)
        answer = self.stage.run(*command, stdin=stdin)
        said = words(answer.stdout, answer.stderr)
        if answer.returncode == 0:
            raise Failed("a refusal", command, said)
        try:
            error = json.loads(answer.stderr)["error"]
        except (ValueError, KeyError, TypeError) as cause:
            raise Failed("an error in JSON", command, said) from cause
        error = {name: value for name, value in error.items() if "trace" not in name}
        error["detail"] = TRACE.sub("(trace)", error.get("detail", ""))
        return answer.returncode, error

    def refused_for(self, reason, *arguments, stdin=None):
        """Runs a command that must be refused for this reason."""
        code, error = self.refused(*arguments, stdin=stdin)
        # Where several things can be wrong, each has a reason of its own.
        found = [item["reason"] for item in error.get("items", [error])]
        if found != [reason]:
            raise Failed(f"the reason {reason}", self.command(arguments), f"{code} {error}")

    def enrol(self, code, *options):
        """Gets a certificate by a code, which must not stand among the arguments of a process."""
        code_file = self.stage.path / "code"
        code_file.write_text(code, encoding="ascii")
        code_file.chmod(0o600)
        self.kleis(
            "enroll", "--id", self.identifier, "--device", self.device,
            "--code-file", code_file, *options,
        )
        code_file.unlink()

    def seal(self, document, *options):
        """Seals a document; gives the sealed one, and what `kleis` says."""
        target = self.stage.path / "sealed.json"
        report = self.kleis("seal", *options, "--out", target, document)
        return target.read_bytes(), report

    def open(self, sealed):
        """Opens a sealed document; gives the document, and what `kleis` says."""
        target = self.stage.path / "opened"
        report = self.kleis("open", "--out", target, "-", stdin=sealed)
        return target.read_bytes(), report

"""The stage: a temporary directory, the processes in it, and steps that are told in one line each."""

import contextlib
import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

# The longest that one command, the start of the server, and its end may take, in seconds.
COMMAND_SECONDS = 60
START_SECONDS = 30
STOP_SECONDS = 30


class Failed(Exception):
    """A check that does not hold: what was expected, what was run, and what it said."""

    def __init__(self, expected, command=(), output=""):
        super().__init__(expected)
        self.expected = expected
        self.command = command
        self.output = output


class Stage:
    """Runs commands in a temporary directory and leaves nothing behind."""

    def __init__(self, kleisd, kleis):
        self.kleisd = str(Path(kleisd).resolve())
        self.kleis = str(Path(kleis).resolve())
        self.server = None
        self.steps = 0
        self.colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def __enter__(self):
        # Not below the project: what is here must not find its configuration by accident.
        self.folder = tempfile.TemporaryDirectory(prefix="kleis-demo-")
        self.path = Path(self.folder.name)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("KLEIS_")
        }
        self.environment["HOME"] = str(self.path)
        # The directory keeps no key sets in memory: what is rewritten in its database is sent at once.
        self.environment["KLEIS_DIRECTORY__CACHE_BYTES"] = "0"
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not keep us from cleaning up.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self.server is not None:
            self.server.kill()
        self.folder.cleanup()

    @contextlib.contextmanager
    def step(self, what):
        """Times what happens inside and tells it; `step.what` may be made more precise inside."""
        step = Step(what)
        start = time.monotonic()
        try:
            yield step
        except Failed as failure:
            self.tell("FAILED", "31", time.monotonic() - start, step.what)
            self.explain(failure)
            raise
        self.tell("ok", "32", time.monotonic() - start, step.what)
        self.steps += 1

    def scene(self, title):
        """Tells what the next steps are about."""
        print(f"\n{self.coloured('1', title)}", flush=True)

    def tell(self, outcome, colour, seconds, what):
        padding = " " * max(0, 2 - len(outcome))
        print(f"{self.coloured(colour, outcome)}{padding}  {seconds:.2f}s  {what}", flush=True)

    def coloured(self, code, text):
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours else text

    def explain(self, failure):
        print(f"\nexpected: {failure.expected}", file=sys.stderr)
        if failure.command:
            print(f"command:  {shlex.join(failure.command)}", file=sys.stderr)
        if failure.output:
            print(f"output:\n{failure.output}", file=sys.stderr)
        if self.server is not None:
            print(f"the server's last words:\n{self.server.last_words()}", file=sys.stderr)

    def run(self, *command, stdin=None):
        """Runs a command to its end; the answer has bytes in `stdout` and `stderr`."""
        command = [str(part) for part in command]
        try:
            return subprocess.run(
                command,
                input=b"" if stdin is None else stdin,
                capture_output=True,
                cwd=self.path,
                env=self.environment,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            expected = f"an end within {COMMAND_SECONDS} seconds"
            raise Failed(expected, command, words(error.stdout, error.stderr)) from error

    def must(self, *command, stdin=None):
        """Runs a command that must succeed; gives its standard output."""
        answer = self.run(*command, stdin=stdin)
        if answer.returncode != 0:
            said = words(answer.stdout, answer.stderr)
            raise Failed("exit code 0", answer.args, f"exit code {answer.returncode}\n{said}")
        return answer.stdout

    def openssl(self, *arguments, stdin=None):
        """Runs openssl; gives its standard output."""
        return self.must("openssl", *arguments, stdin=stdin)

    def start(self):
        """Starts the server on free ports; gives what it said when it was ready."""
        command = [
            self.kleisd, "all", "--data-dir", str(self.path / "data"), "--output", "json",
            "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
        ]
        self.server = Server(command, self.path, self.environment)
        return self.server.ready()


class Step:
    """What is being done; the text is printed once it is."""

    def __init__(self, what):
        self.what = what


class Server:
    """A process that says in one line of JSON that it is ready."""

    def __init__(self, command, folder, environment):
        self.command = command
        self.log = folder / "kleisd.log"
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C is for us, and we end it in order.
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def ready(self):
        """Waits for the line; gives what it says."""
        try:
            line = self.lines.get(timeout=START_SECONDS)
        except queue.Empty:
            line = None
        if line is None:
            raise Failed("a line that says that the server is ready", self.command)
        try:
            return json.loads(line)
        except ValueError as error:
            raise Failed("one line of JSON", self.command, words(line)) from error

    def stop(self):
        """Asks it to end in order, and waits until it has."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"an end within {STOP_SECONDS} seconds", self.command) from error
        if code != 0:
            raise Failed("exit code 0", self.command, f"exit code {code}")

    def kill(self):
        """Ends it if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def last_words(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])


def words(*outputs):
    """What a process said, as text."""
    return "\n".join(out.decode(errors="replace").strip() for out in outputs if out)


def check(holds, expected, found=None):
    """Fails the step unless it holds."""
    if not holds:
        raise Failed(expected, output="" if found is None else f"found: {found}")

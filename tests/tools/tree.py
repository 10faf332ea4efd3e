"""Checks of the files as text: what no compiler looks for."""

import re
import subprocess
from pathlib import Path

# Folders of one developer's machine. A path in a container image or a manual may be absolute, but
# not lead into somebody's home.
MACHINE_PATH = re.compile(
    r"(?<![\w.$}/-])/(?:home/(?!kleis\b)\w|root/|Users/\w|work/|workspace/)|[A-Z]:\\Users\\"
)

# sqlx takes SQL that is not a static string only through this wrapper.
NOT_STATIC = re.compile(r"\bAssertSqlSafe\b")


def files(root):
    """The files that are, or would be, committed."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(command, check=True, capture_output=True)
        paths = [root / name.decode() for name in answer.stdout.split(b"\0") if name]
    except (FileNotFoundError, subprocess.CalledProcessError):
        outside = {"target", ".git", "node_modules", "kleis-data", "__pycache__"}
        paths = [
            path for path in root.rglob("*") if not outside & set(path.relative_to(root).parts)
        ]
    return sorted(path for path in paths if path.is_file())


def matches(root, pattern, suffix=""):
    """`file:line: text` for every line that matches."""
    found = []
    for path in files(root):
        if not path.name.endswith(suffix):
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(root)}:{number}: {line.strip()}")
    return found


def check_machine_paths(root=Path(".")):
    """No file names a folder of one developer's machine."""
    return matches(root, MACHINE_PATH)


def check_static_sql(root=Path(".")):
    """No SQL is put together at run time."""
    return matches(root, NOT_STATIC, suffix=".rs")

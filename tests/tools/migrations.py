"""Migrations are only added: databases out there have run those that exist.

Once there is a release (a tag `v...`), what happened before the first one does not count.
"""

import subprocess
from pathlib import Path


class Skipped(Exception):
    """The check cannot be made here; the text says why."""


def git(root, *arguments):
    """The lines that git prints; no lines where it fails."""
    command = ["git", "-C", str(root), *arguments]
    try:
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []
    return answer.stdout.splitlines()


def check(root=Path(".")):
    """The migrations that were changed, renamed or deleted after they were committed."""
    if git(root, "rev-parse", "--is-inside-work-tree") != ["true"]:
        raise Skipped("there is no git history here")
    if git(root, "rev-parse", "--is-shallow-repository") != ["false"]:
        raise Skipped("the git history is cut off here (a shallow clone)")
    if not git(root, "rev-parse", "--verify", "--quiet", "HEAD"):
        raise Skipped("nothing is committed yet")
    releases = git(root, "tag", "--list", "v*", "--merged", "HEAD", "--sort", "creatordate")
    span = f"{releases[0]}..HEAD" if releases else "HEAD"
    # Modified, deleted or turned into something else; a renamed file counts as deleted.
    kinds = ["--no-renames", "--diff-filter=MDT", "--name-only"]
    where = ["--", ":(glob)**/migrations/**"]
    changed = git(root, "log", "--format=", *kinds, span, *where)
    changed += git(root, "diff", *kinds, "HEAD", *where)
    return sorted({f"{path} was changed after it was committed" for path in changed if path})

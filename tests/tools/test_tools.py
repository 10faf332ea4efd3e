"""The checks of `make lint` find what they are there for."""

import copy
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import arrows
import migrations
import tree


def metadata(*edges):
    """What `cargo metadata` says of our crates and some edges (from, to, kind)."""
    names = set(arrows.MAY_NAME) | {edge[1] for edge in edges} | {edge[0] for edge in edges}
    packages, nodes = [], []
    for name in sorted(names):
        out = [(target, kind) for source, target, kind in edges if source == name]
        packages.append({
            "id": f"id:{name}",
            "name": name,
            "dependencies": [{"name": target, "kind": kind} for target, kind in out],
        })
        nodes.append({
            "id": f"id:{name}",
            "deps": [{"pkg": f"id:{t}", "dep_kinds": [{"kind": k}]} for t, k in out],
        })
    members = [f"id:{name}" for name in names if name.startswith("kleis-")]
    return {"packages": packages, "resolve": {"nodes": nodes}, "workspace_members": members}


class Arrows(unittest.TestCase):
    """The layers hold."""

    def test_all_arrows_that_are_allowed(self):
        edges = [(a, b, None) for a, targets in arrows.MAY_NAME.items() for b in targets]
        edges += [(a, b, "dev") for a, targets in arrows.MAY_NAME_IN_TESTS.items() for b in targets]
        self.assertEqual(arrows.faults(metadata(*edges)), [])

    def test_the_arrows_have_no_circle(self):
        left = copy.deepcopy(arrows.MAY_NAME)
        while left:
            bottom = {name for name, targets in left.items() if not targets}
            self.assertTrue(bottom, f"a circle among {sorted(left)}")
            left = {n: targets - bottom for n, targets in left.items() if n not in bottom}

    def test_rules_speak_of_crates_that_exist(self):
        for rules in (arrows.MAY_NAME, arrows.MAY_NAME_IN_TESTS, arrows.NEVER_REACHES):
            self.assertLessEqual(set(rules), set(arrows.MAY_NAME))
        named = set().union(*arrows.MAY_NAME.values(), *arrows.MAY_NAME_IN_TESTS.values())
        self.assertLessEqual(named, set(arrows.MAY_NAME))

    def assert_fault(self, *edges, says):
        found = arrows.faults(metadata(*edges))
        self.assertTrue(any(says in fault for fault in found), found)

    def test_a_service_never_names_another(self):
        edge = ("kleis-custody", "kleis-directory", None)
        self.assert_fault(edge, says="kleis-custody names kleis-directory in [dependencies]")
        edge = ("kleis-custody", "kleis-directory", "dev")
        self.assert_fault(edge, says="kleis-custody names kleis-directory in [dev-dependencies]")

    def test_tests_may_more_but_code_may_not(self):
        edge = ("kleis-custody", "kleis-store-sqlite", None)
        self.assert_fault(edge, says="kleis-custody names kleis-store-sqlite in [dependencies]")

    def test_what_is_pure_reaches_no_runtime(self):
        edges = [("kleis-jose", "somebody", None), ("somebody", "tokio", None)]
        self.assert_fault(*edges, says="never depend on tokio: kleis-jose -> somebody -> tokio")
        quiet = [("kleis-jose", "somebody", "dev"), ("somebody", "tokio", None)]
        self.assertEqual(arrows.faults(metadata(*quiet)), [])

    def test_sqlx_and_jsonwebkey_have_one_home(self):
        self.assert_fault(("kleis-server", "sqlx", None), says="only kleis-store-sqlite may")
        self.assert_fault(("kleis-pki", "jsonwebkey", "dev"), says="only kleis-jose may")

    def test_a_new_crate_needs_a_line(self):
        self.assert_fault(("kleis-new", "serde", None), says="kleis-new is new")


class Tree(unittest.TestCase):
    """Files are read as text."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def test_machine_paths(self):
        for folder in ("home/someone", "ro" + "ot/x", "Users/someone", "wo" + "rk/x"):
            self.write("notes.md", f"see\n`/{folder}/file`")
            self.assertEqual(len(tree.check_machine_paths(self.root)), 1, folder)
        fine = "https://host/home/page ~/.cache $HOME/work/x docs/work/x /homepage /usr/bin"
        self.write("notes.md", fine)
        self.assertEqual(tree.check_machine_paths(self.root), [])

    def test_sql_that_is_not_static(self):
        self.write("src/a.rs", "query(Assert" + "SqlSafe(text))")
        self.write("src/a.md", "Assert" + "SqlSafe is banned")
        found = tree.check_static_sql(self.root)
        self.assertEqual(len(found), 1)
        self.assertIn("src/a.rs:1", found[0])

    def test_other_files_do_no_harm(self):
        (self.root / "image.png").write_bytes(b"\x89PNG\xff\xfe/ho" + b"me/someone")
        self.write("target/out.txt", "/ho" + "me/someone/x")
        self.assertEqual(tree.check_machine_paths(self.root), [])


@unittest.skipUnless(shutil.which("git"), "there is no git here")
class Migrations(unittest.TestCase):
    """Only additions pass."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)

    def git(self, *arguments):
        identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
        command = ["git", "-C", str(self.root), *identity, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def commit(self, name, text):
        path = self.root / "migrations/sqlite/registry" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "test")
        return path

    def start(self):
        self.git("init", "--quiet")
        return self.commit("0001_first.sql", "create table a (b)")

    def test_additions_pass(self):
        self.start()
        self.commit("0002_second.sql", "create table c (d)")
        self.assertEqual(migrations.check(self.root), [])

    def test_changes_do_not(self):
        self.start()
        self.commit("0001_first.sql", "create table a (b, c)")
        self.assertIn("0001_first.sql", migrations.check(self.root)[0])
        self.git("tag", "v1.0.0")
        self.assertEqual(migrations.check(self.root), [], "before the first release")
        self.commit("0001_first.sql", "create table a (b, c, d)")
        self.assertIn("0001_first.sql", migrations.check(self.root)[0])

    def test_changes_before_the_commit_do_not(self):
        path = self.start()
        path.write_text("create table a (b, c)", encoding="utf-8")
        self.assertEqual(len(migrations.check(self.root)), 1)

    def test_renames_do_not(self):
        path = self.start()
        self.git("mv", str(path), str(path.with_name("0001_other.sql")))
        self.git("commit", "--quiet", "--message", "test")
        self.assertIn("0001_first.sql", migrations.check(self.root)[0])

    def test_no_history_is_no_fault(self):
        with self.assertRaises(migrations.Skipped):
            migrations.check(self.root)
        self.git("init", "--quiet")
        with self.assertRaises(migrations.Skipped):
            migrations.check(self.root)

    def test_a_shallow_clone_is_no_fault(self):
        self.start()
        self.commit("0002_second.sql", "create table c (d)")
        copy_of_it = self.root / "copy"
        self.git("clone", "--quiet", "--depth", "1", f"file://{self.root}", str(copy_of_it))
        with self.assertRaises(migrations.Skipped):
            migrations.check(copy_of_it)


if __name__ == "__main__":
    unittest.main()

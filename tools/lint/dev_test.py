#!/usr/bin/env python3
"""Shows how ./dev sets a machine up, with stand-ins for dpkg-query, apt-get, sudo and id."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

PACKAGES = """# a comment
[build]
cmake      # why
ninja-build
[check]
clang-tidy
[long]
munge
"""
# What the stand-ins do: knows only $INSTALLED; writes down how apt-get was called.
STUBS = {
    "dpkg-query": 'for p in "${@:3}"; do case " $INSTALLED " in *" $p "*) echo "installed $p" ;; esac; done; exit 1',
    "apt-get": 'echo "apt-get $*" >>"$CALLS"; echo "apt says no" >&2; exit "${APT_STATUS:-0}"',
    "id": 'echo "$FAKE_UID"',
    "cmake": "mkdir -p build/release && touch build/release/build.ninja",
    "ninja": 'case "$*" in *-n*) echo "ninja: no work to do." ;; esac',
}


class DevPackages(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        for path in ("dev", "CMakePresets.json"):
            shutil.copy(ROOT / path, self.root / path)
        (self.root / "tools").mkdir()
        (self.root / "tools/packages.txt").write_text(PACKAGES)
        self.bin = self.root / "bin"
        self.bin.mkdir()
        for name in ("bash", "env", "awk", "dirname", "mkdir", "touch", "tail", "flock", "cmp", "cp", "nproc", "cat"):
            (self.bin / name).symlink_to(shutil.which(name))
        for name, body in STUBS.items():
            self.stub(name, body)

    def tearDown(self):
        self.folder.cleanup()

    def stub(self, name, body):
        file = self.bin / name
        file.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        file.chmod(0o755)

    def dev(self, *arguments, installed, uid=0, **environment):
        run = subprocess.run(
            [str(self.root / "dev"), *arguments], cwd=self.root, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env={"PATH": str(self.bin), "CALLS": str(self.root / "calls"), "INSTALLED": installed,
                 "FAKE_UID": str(uid), **environment},
        )
        calls = self.root / "calls"
        return run.returncode, run.stdout + run.stderr, calls.read_text().splitlines() if calls.exists() else []

    def test_nothing_missing_nothing_said(self):
        status, output, calls = self.dev("build", installed="cmake ninja-build")
        self.assertEqual((status, output, calls), (0, "dev: configuring release\n", []))
        self.assertEqual(self.dev("build", installed="cmake ninja-build"), (0, "", []))

    def test_root_installs_only_what_is_missing(self):
        status, output, calls = self.dev("build", installed="cmake")
        self.assertEqual(status, 0, output)
        self.assertEqual(calls[0].split()[:2], ["apt-get", "update"])
        self.assertTrue(calls[1].startswith("apt-get install -y --no-install-recommends"), calls)
        self.assertTrue(calls[1].endswith(" ninja-build"), calls)
        self.assertNotIn("cmake", calls[1])

    def test_the_checks_need_their_own_group(self):
        _, _, calls = self.dev("check", installed="cmake ninja-build")
        self.assertTrue(calls[1].endswith(" clang-tidy"), calls)

    def test_the_long_tests_need_theirs_too(self):
        _, _, calls = self.dev("test", "--long", installed="cmake ninja-build clang-tidy")
        self.assertTrue(calls[1].endswith(" munge"), calls)
        (self.root / "calls").unlink()
        _, _, calls = self.dev("test", installed="cmake ninja-build clang-tidy")
        self.assertEqual(calls, [])

    def test_sudo_when_not_root(self):
        self.stub("sudo", 'echo "sudo" >>"$CALLS"; exec "$@"')
        status, output, calls = self.dev("build", installed="cmake", uid=1000)
        self.assertEqual(status, 0, output)
        self.assertEqual([c.split()[0] for c in calls], ["sudo", "apt-get", "sudo", "apt-get"])

    def test_neither_root_nor_sudo_prints_the_command(self):
        status, output, calls = self.dev("build", installed="cmake", uid=1000)
        self.assertEqual((status, calls), (2, []))
        self.assertIn("apt-get update && apt-get install -y --no-install-recommends", output)
        self.assertIn(" ninja-build\n", output)

    def test_a_failed_installation_is_reported(self):
        status, output, _ = self.dev("build", installed="cmake", APT_STATUS="100")
        self.assertEqual(status, 1)
        self.assertIn("apt says no", output)
        self.assertIn("failed (exit 100): apt-get update", output)

    def test_other_systems_are_told(self):
        os.remove(self.bin / "dpkg-query")
        status, output, _ = self.dev("build", installed="")
        self.assertEqual(status, 2)
        self.assertIn("holdfast builds on Debian 12", output)

    def test_a_failed_build_shows_why(self):
        self.stub("ninja", 'case "$*" in *-n*) echo "[1/1] x" ;; *) echo "x.cc:1: error: no"; exit 1 ;; esac')
        status, output, _ = self.dev("build", installed="cmake ninja-build")
        self.assertEqual(status, 1)
        self.assertIn("x.cc:1: error: no", output)

    def test_arguments_and_directory_reach_the_program(self):
        program = self.root / "build/release/bin/holdfast-sim"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!{shutil.which('bash')}\necho \"$PWD: $*\"; exit 12\n")
        program.chmod(0o755)
        status, output, _ = self.dev("sim", "--seed", "7 8", installed="cmake ninja-build")
        self.assertEqual((status, output.splitlines()[0]), (12, f"{self.root.resolve()}: run --seed 7 8"))

    def test_mistakes_are_named(self):
        for arguments, text in [(["frob"], "no command 'frob'"), (["build", "fast"], "no preset 'fast'"),
                                (["test", "--preset"], "--preset needs a name"), (["test", "x"], "unknown argument 'x'"),
                                (["check", "x"], "takes no argument but --full")]:
            with self.subTest(arguments):
                status, output, _ = self.dev(*arguments, installed="cmake ninja-build clang-tidy")
                self.assertEqual(status, 2)
                self.assertIn(text, output)


if __name__ == "__main__":
    unittest.main()

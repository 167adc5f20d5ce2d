"""A copy of the sources, beside the build, in which something is changed and built."""

import os
import pathlib
import shlex
import shutil
import subprocess


class Failed(Exception):
    """What is wrong, for people."""


def run(command, cwd, log):
    """Runs a command; its output goes into a file, and the end of that into the error."""
    with open(log, "w", encoding="utf-8") as out:
        status = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out,
                                stderr=subprocess.STDOUT).returncode
    if status != 0:
        tail = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise Failed(f"{shlex.join(map(str, command))} failed (exit {status}):\n{tail}\nthe whole output is in {log}")


class SourceCopy:
    def __init__(self, root, files, work):
        """`files`: paths below `root` that are copied.  The copy and the logs lie in the folder `work`."""
        self.root, self.files, self.work = pathlib.Path(root), files, pathlib.Path(work)
        self.tree = self.work / "tree"
        self.tree.mkdir(parents=True, exist_ok=True)

    def refresh(self):
        """The sources as they are; files that did not change keep their times, and are not built again."""
        wanted = set(self.files)
        for path in self.files:
            content, copy = (self.root / path).read_bytes(), self.tree / path
            if copy.exists() and copy.read_bytes() == content:
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
            shutil.copymode(self.root / path, copy)
        for copy in self.tree.rglob("*"):
            path = copy.relative_to(self.tree).as_posix()
            if copy.is_file() and not path.startswith("build/") and path not in wanted:
                copy.unlink()

    def build(self, change=None):
        """Refreshes, calls change(tree), and builds; the path of holdfast-sim."""
        self.refresh()
        if change:
            change(self.tree)
        if not (self.tree / "build" / "release" / "build.ninja").exists():
            run(["cmake", "--preset", "release"], self.tree, self.work / "configure.log")
        run(["ninja", "-C", "build/release", "-j", str(os.cpu_count() or 1), "holdfast-sim"], self.tree,
            self.work / "build.log")
        return self.tree / "build" / "release" / "bin" / "holdfast-sim"

"""The files a check looks at, and C++ sources with their comments and strings told apart."""

import bisect
import fcntl
import functools
import os
import pathlib
import re
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    path: str  # from the root
    line: int
    rule: str
    text: str  # what is wrong, and what to do

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.text}"


# Where ./dev check builds what its checks need to be built.
BUILD = "build/release"

# A comment, a raw string, a string, or a character literal (not the ' inside 1'000).
_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<string>R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"
                 | "(?:\\.|[^"\\\n])*"
                 | (?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+')""",
    re.S | re.X,
)
_ALLOW = re.compile(r"lint: allow\(([a-z_-]*)\)\s*(.*)")


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


class Source:
    """One C++ file; every view has the lines and columns of the text."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.comments = []  # (line, text)
        self._starts = [0] + [m.end() for m in re.finditer("\n", text)]
        code, directives, at = [], [], 0
        for m in _TOKEN.finditer(text):
            code.append(text[at : m.start()])
            directives.append(text[at : m.start()])
            if m.group("comment"):
                self.comments.append((self.line_at(m.start()), m.group()))
                directives.append(_blank(m.group()))
                code.append(_blank(m.group()))
            else:
                quote = m.group()[-1]
                directives.append(m.group())
                code.append(quote + _blank(m.group())[1:-1] + quote)
            at = m.end()
        code.append(text[at:])
        directives.append(text[at:])
        self.code = "".join(code)  # neither comments nor the insides of strings
        self.uncommented = "".join(directives)  # no comments

    def line_at(self, offset):
        return bisect.bisect_right(self._starts, offset)

    @property
    def line_count(self):
        return self.text.count("\n")

    @functools.cached_property
    def includes(self):
        """(line, "x/y.h" or "<x>") of every #include."""
        return [
            (self.line_at(m.start(1)), m.group(1))
            for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*("[^"\n]+"|<[^>\n]+>)', self.uncommented, re.M)
        ]

    @functools.cached_property
    def allowed(self):
        """{(line, rule): line of the marker}: a marker covers its own line and the next one."""
        covered = {}
        for line, text in self.comments:
            if m := _ALLOW.search(text):
                covered[(line, m.group(1))] = line
                covered[(line + 1, m.group(1))] = line
        return covered

    @property
    def markers(self):
        """(line, rule, reason) of every marker."""
        return [
            (line, m.group(1), m.group(2).strip())
            for line, text in self.comments
            if (m := _ALLOW.search(text))
        ]

    @property
    def is_test(self):
        return self.path.endswith(("_test.cc", "_fuzz.cc", "_bench.cc"))


class Tree:
    """What git tracks or would track; without git, every file outside build/ and hidden folders."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self._sources = {}

    @functools.cached_property
    def files(self):
        if (self.root / ".git").exists():
            listed = subprocess.run(
                ["git", "-c", f"safe.directory={self.root}", "ls-files", "-z", "-co", "--exclude-standard"],
                cwd=self.root, check=True, capture_output=True, text=True,
            ).stdout.split("\0")
        else:
            listed = [
                p.relative_to(self.root).as_posix()
                for p in self.root.rglob("*")
                if not p.relative_to(self.root).as_posix().startswith(("build/", "."))
            ]
        return sorted({f for f in listed if f and (self.root / f).is_file()})

    @property
    def sources(self):
        return [self.source(f) for f in self.files if f.endswith((".h", ".cc"))]

    def source(self, path):
        if path not in self._sources:
            self._sources[path] = Source(path, self.read(path))
        return self._sources[path]

    def read(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def ninja(self, *arguments):
        """Runs ninja in the build directory, under the lock that ./dev takes as well."""
        with open(self.root / BUILD / ".lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return subprocess.run(
                ["ninja", "-C", BUILD, "-j", str(os.cpu_count() or 1), *arguments],
                cwd=self.root, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            )

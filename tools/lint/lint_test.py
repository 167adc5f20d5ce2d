#!/usr/bin/env python3
"""Shows that ./dev check fails where it must, in scratch copies, and only there."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import check_layers  # noqa: E402
import mutants  # noqa: E402
import tidy  # noqa: E402
from tree import Source, Tree  # noqa: E402

MACHINE_PATH = "/" + "work/main/x"

# A tree of two layers that passes every check.
CLEAN = {
    "CMakeLists.txt": """cmake_minimum_required(VERSION 3.25)
project(scratch LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
include(tools/cmake/HoldfastLayer.cmake)
enable_testing()
add_subdirectory(protocol/env)
add_subdirectory(storage)
""",
    "protocol/env/CMakeLists.txt": "holdfast_layer(env HEADERS tick.h SOURCES tick.cc)\n",
    "protocol/env/tick.h": """#pragma once

namespace holdfast {

// The number after `n`.
int tick(int n);

}  // namespace holdfast
""",
    "protocol/env/tick.cc": """#include "protocol/env/tick.h"

namespace holdfast {

int tick(int n) {
  return n + 1;
}

}  // namespace holdfast
""",
    "storage/CMakeLists.txt": "holdfast_layer(storage HEADERS shelf.h SOURCES shelf.cc DEPS env)\n",
    "storage/shelf.h": """#pragma once

#include <vector>

namespace holdfast {

struct Shelf {
  std::vector<int> books;
};

int next_free(const Shelf& shelf);

}  // namespace holdfast
""",
    "storage/shelf.cc": """#include "storage/shelf.h"

#include "protocol/env/tick.h"

namespace holdfast {

int next_free(const Shelf& shelf) {
  return tick(static_cast<int>(shelf.books.size()));
}

}  // namespace holdfast
""",
}


def write(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


class DevCheck(unittest.TestCase):
    """The whole ./dev check, as people and CI call it, in a scratch tree."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.scratch = pathlib.Path(cls.folder.name) / "tree"
        cls.scratch.mkdir()
        for path in ("dev", ".clang-format", ".clang-tidy", "CMakePresets.json", "tools/packages.txt"):
            (cls.scratch / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, cls.scratch / path)
        for path in ("tools/lint", "tools/cmake"):
            shutil.copytree(ROOT / path, cls.scratch / path, ignore=shutil.ignore_patterns("__pycache__"))
        write(cls.scratch, CLEAN)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        write(self.scratch, CLEAN)

    def dev_check(self):
        run = subprocess.run(["./dev", "check"], cwd=self.scratch, capture_output=True, text=True,
                             stdin=subprocess.DEVNULL)
        return run.returncode, run.stdout + run.stderr

    def replace(self, path, old, new):
        text = CLEAN[path]
        self.assertIn(old, text)
        (self.scratch / path).write_text(text.replace(old, new))

    def assert_found(self, *expected):
        status, output = self.dev_check()
        self.assertEqual(status, 1, output)
        for part in expected:
            self.assertIn(part, output)

    def test_clean_tree_passes(self):
        status, output = self.dev_check()
        self.assertEqual(status, 0, output)
        self.assertIn("check: clean in 4 sources", output)

    def test_wrong_include_direction(self):
        self.replace("protocol/env/tick.cc", '#include "protocol/env/tick.h"\n',
                     '#include "protocol/env/tick.h"\n\n#include "storage/shelf.h"\n')
        self.assert_found("protocol/env/tick.cc:3: layer: protocol/env/ may not include storage/")

    def test_unformatted_file(self):
        self.replace("storage/shelf.cc", "  return tick(", "    return   tick(")
        self.assert_found("storage/shelf.cc:7: format: run clang-format -i storage/shelf.cc")

    def test_header_that_does_not_stand_alone(self):
        # The .cc compiles: it includes what the header forgot before the header.
        self.replace("storage/shelf.h", "#include <vector>\n\n", "")
        self.replace("storage/shelf.cc", '#include "storage/shelf.h"\n\n#include "protocol/env/tick.h"\n',
                     '#include <vector>\n\n#include "protocol/env/tick.h"\n\n#include "storage/shelf.h"\n')
        self.assert_found("storage/shelf.h:6: stand-alone: does not compile by itself", "include what it uses")

    def test_header_whose_source_includes_it_first(self):
        self.replace("storage/shelf.h", "#include <vector>\n\n", "")
        self.assert_found("storage/shelf.h:6: clang-diagnostic-error: ")

    def test_wall_clock_in_protocol(self):
        self.replace("protocol/env/tick.cc", '#include "protocol/env/tick.h"\n',
                     '#include "protocol/env/tick.h"\n\n#include <chrono>\n')
        text = (self.scratch / "protocol/env/tick.cc").read_text()
        (self.scratch / "protocol/env/tick.cc").write_text(text.replace(
            "return n + 1;",
            "return n + static_cast<int>(std::chrono::system_clock::now().time_since_epoch().count());"))
        self.assert_found("protocol/env/tick.cc:3: clock:", "protocol/env/tick.cc:8: clock: `system_clock`")

    def test_names_and_sizes(self):
        self.replace("storage/shelf.cc", "namespace holdfast {\n",
                     "namespace holdfast {\n\nint AddAll(int a, int b, int c, int d, int e, int f) {\n"
                     "  return a + b + c + d + e + f;\n}\n")
        self.assert_found("storage/shelf.cc:7: readability-identifier-naming:",
                          "storage/shelf.cc:7: readability-function-size:")

    def test_layer_that_needs_more_than_it_declares_does_not_link(self):
        self.assertEqual(self.dev_check()[0], 0)
        self.replace("storage/CMakeLists.txt", " DEPS env", "")
        run = subprocess.run(["./dev", "build"], cwd=self.scratch, capture_output=True, text=True,
                             stdin=subprocess.DEVNULL)
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertIn("undefined reference to `holdfast::tick(int)'", run.stderr)


class Rules(unittest.TestCase):
    """One source per rule that has it, and one that looks like it and is fine."""

    BROKEN = {
        "unordered": "std::unordered_map<int, int> seen;",
        "random": "int n = rand();",
        "clock": "auto now = std::chrono::steady_clock::now();",
        "thread": "std::thread worker(run);",
        "environment": 'const char* home = std::getenv("HOME");',
        "pointer-key": "std::map<const Node*, int> ranks;",
        "double": "const double rate = 1;",
        "thread_local": "thread_local int depth;",
        "static": "void f() {\n  static int calls = 0;\n}",
        "static ": "namespace holdfast {\nint calls = 0;\n}",
        "static  ": "namespace {\nstd::map<int, int> seen{{1, 2}};\n}",
        "catch-all": "void f() {\n  try {\n  } catch (...) {\n  }\n}",
        "disabled-test": "TEST(A, DISABLED_b) { EXPECT_TRUE(false); }",
        "empty-test": "TEST(A, b) {\n  // Later.\n}",
        "empty-test ": "TEST(A, b) {\n  std::vector<int> v;\n  v.push_back(1);\n}",
        "dead-code": "// next = begin + 1;",
        "banner": "// Copyright somebody.",
        "marker": "int n = 0;  // NOLINT",
    }
    FINE = [
        "// An unordered_map would do, a double too; catch (...) would not.",
        'const char* text = "std::thread, rand(), 1.5, TODO";',
        "Instant time() const;",
        "Knob::time(knobs);",
        "const auto at = clock.time();",
        "static constexpr int kLimit = 1'000'000;",
        "static Value nop();",
        "namespace a::b {\nconst std::map<int, int> kSeen{{1, 2}};\nusing X = int;\nenum class E { kA = 1 };\n}",
        "namespace {\nint f(int n = 1) {\n  int x = n;\n  return x;\n}\nstruct S {\n  int n = 0;\n};\n}",
        'extern "C" int f(int a) {\n  int b = a;\n  b++;\n  return b;\n}',
        "#define X(a) \\\n  int a = 0;\nX(b)\nclass C;\nint next(int);",
        "static const std::map<Position, int> kTable = {};",
        "struct S {\n  std::map<NodeId, Node*> nodes;\n};",
        "TEST(A, b) {\n  EXPECT_EQ(1, 1);\n}",
        "struct S {\n  void run() { EXPECT_EQ(1, 1); }\n};\nTEST(A, b) {\n  S s;\n  s.run();\n}",
        "// It holds, then; the rest follows.",
        "// as the pair (ballot, position);",
        "// lint: allow(double) printed only\nconst double rate = 1;",
        "const int n = f();  // NOLINT(bugprone-use-after-move): moved back above",
    ]

    def rules_of(self, text, path="protocol/x.cc"):
        return {finding.rule for finding in tidy.check_source(Source(path, text + "\n"))}

    def test_every_rule_finds_its_own(self):
        for rule, text in self.BROKEN.items():
            with self.subTest(rule):
                self.assertIn(rule.strip(), self.rules_of(text))

    def test_what_only_looks_like_it_passes(self):
        for text in self.FINE:
            with self.subTest(text):
                self.assertEqual(self.rules_of(text), set())

    def test_determinism_is_asked_only_where_it_holds(self):
        self.assertEqual(self.rules_of(self.BROKEN["clock"], "real/ports/clock.cc"), set())
        self.assertEqual(self.rules_of(self.BROKEN["catch-all"], "real/ports/clock.cc"), {"catch-all"})

    def test_the_rules_of_mesos_stay_with_the_tests(self):
        planted = "void f(NodeOptions& options) { options.mesos_compat.d1 = true; }"
        self.assertEqual(self.rules_of(planted, "real/server/daemon.cc"), {"mesos-compat"})
        self.assertEqual(self.rules_of(planted, "tools/holdfast.cc"), {"mesos-compat"})
        self.assertEqual(self.rules_of(planted, "scenarios/cluster.cc"), set())
        self.assertEqual(self.rules_of(planted, "real/server/daemon_test.cc"), set())

    def test_marker_needs_reason_and_finding(self):
        self.assertEqual(self.rules_of("const double r;  // lint: allow(double)"), {"marker"})
        self.assertEqual(self.rules_of("const int r;  // lint: allow(double) it is printed"), {"marker"})

    def test_file_cap(self):
        self.assertEqual(self.rules_of("\n" * 799), set())
        self.assertEqual(self.rules_of("\n" * 800), {"file-size"})

    def test_header_needs_its_pragma(self):
        self.assertEqual(self.rules_of("// About.\nint f();", "sim/x.h"), {"pragma-once"})
        self.assertEqual(self.rules_of("// About.\n#pragma once\nint f();", "sim/x.h"), set())


class Trees(unittest.TestCase):
    """Rules about more than one file."""

    def found(self, check, files):
        with tempfile.TemporaryDirectory() as folder:
            write(pathlib.Path(folder), files)
            return {(f.path, f.rule) for f in check(Tree(folder))}

    def test_dead_files(self):
        files = dict(CLEAN)
        files["storage/lost.cc"] = '#include "storage/shelf.h"\n'
        files["storage/CMakeLists.txt"] += "# lost_too.cc\n"
        self.assertEqual(self.found(tidy.check, files),
                         {("storage/lost.cc", "dead-file"), ("storage/CMakeLists.txt", "dead-code")})

    def test_header_nobody_includes(self):
        files = dict(CLEAN)
        files["storage/CMakeLists.txt"] = files["storage/CMakeLists.txt"].replace("shelf.h", "shelf.h spare.h")
        files["storage/spare.h"] = "#pragma once\n"
        self.assertEqual(self.found(tidy.check, files), {("storage/spare.h", "dead-file")})

    def test_paths_of_this_machine_and_unfinished_work(self):
        files = dict(CLEAN)
        files["README.md"] = f"See {MACHINE_PATH}.\n"
        files["storage/CMakeLists.txt"] += "# TODO: more\n"
        self.assertEqual(self.found(tidy.check, files),
                         {("README.md", "machine-path"), ("storage/CMakeLists.txt", "unfinished")})

    def test_what_documents_name_exists(self):
        files = dict(CLEAN)
        files["scenarios/catalog.cc"] = 'const char* names[] = {"duel"};\n'
        files["scenarios/CMakeLists.txt"] = "catalog.cc a_test.cc\n"
        files["scenarios/a_test.cc"] = "TEST(A, Is) { EXPECT_TRUE(true); }\n"
        named = "`scenarios/a_test.cc`: `A.Is`; scenario `duel`; `scenarios/compat/NAME.plan`\n"
        files["docs/fine.md"] = named
        self.assertEqual(self.found(tidy.check, files), set())
        for broken in (named.replace("A.Is", "A.Was"), named.replace("a_test", "b_test"), named.replace("duel", "trio")):
            files["docs/fine.md"] = broken
            self.assertEqual(self.found(tidy.check, files), {("docs/fine.md", "doc-link")})

    def layers(self, path, include):
        return {rule for _, rule in self.found(check_layers.check, {path: f"#include {include}\n"})}

    def test_every_arrow_of_the_table(self):
        folders = [layer for layer in check_layers.ALLOWED if layer != check_layers.MODEL]
        for own in folders:
            for theirs in folders:
                legal = own == theirs or theirs in check_layers.ALLOWED[own]
                with self.subTest(f"{own} -> {theirs}"):
                    self.assertEqual(self.layers(f"{own}/x.cc", f'"{theirs}/y.h"'), set() if legal else {"layer"})

    def test_the_model_is_a_layer_of_its_own(self):
        files = {
            "protocol/CMakeLists.txt": "holdfast_layer(model HEADERS types.h SOURCES types.cc DEPS env)\n",
            "protocol/types.cc": '#include "protocol/node.h"\n',
            "protocol/codec/parse.cc": '#include "protocol/types.h"\n#include "protocol/node.h"\n',
            "protocol/node.cc": '#include "protocol/codec/codec.h"\n#include "protocol/types.h"\n',
            "storage/store.cc": '#include "protocol/types.h"\n',
        }
        self.assertEqual(self.found(check_layers.check, files),
                         {("protocol/types.cc", "layer"), ("protocol/codec/parse.cc", "layer")})

    def test_what_only_benchmarks_may_include(self):
        self.assertEqual(self.layers("sim/x_bench.cc", '"sim/y_bench.h"'), set())
        self.assertEqual(self.layers("tools/bench/x.cc", '"sim/y_bench.h"'), set())
        for path in ["sim/x.cc", "sim/x_test.cc", "tools/x.cc", "scenarios/x.cc"]:
            with self.subTest(path):
                self.assertEqual(self.layers(path, '"sim/y_bench.h"'), {"layer"})

    def test_the_blanks_that_matter(self):
        table = check_layers.ALLOWED
        self.assertFalse({"protocol", "protocol/codec", "storage"} & set(table["sim"]), "sim knows no Paxos")
        self.assertFalse({"sim", "storage"} & set(table["properties"]), "judges know events only")
        self.assertFalse({"protocol", "storage", "sim"} & set(table["real/ports"]), "real/ports knows no Paxos")
        for layer, may in table.items():
            self.assertTrue(layer == "tools" or "tools" not in may, f"{layer} includes a main")

    def test_what_comes_from_outside(self):
        self.assertEqual(self.layers("sim/x.cc", "<leveldb/env.h>"), set())
        self.assertEqual(self.layers("protocol/x.cc", "<leveldb/env.h>"), {"layer"})
        self.assertEqual(self.layers("protocol/x.cc", "<gtest/gtest.h>"), {"layer"})
        self.assertEqual(self.layers("protocol/x_test.cc", "<gtest/gtest.h>"), set())
        self.assertEqual(self.layers("storage/x.cc", '"storage/store_conformance.h"'), {"layer"})
        self.assertEqual(self.layers("protocol/x.cc", '"types.h"'), {"include-path"})
        self.assertEqual(self.layers("extra/x.cc", "<map>"), {"layer"})


class Mutants(unittest.TestCase):
    """What is wrong with a patch of properties/mutants/ is said when it is written, or when the sources move on."""

    HEADER = "Breaks: counting\nSeen: nowhere\nCaught-by: agreement\n"
    DIFF = """
--- a/storage/shelf.cc
+++ b/storage/shelf.cc
@@ -7,3 +7,3 @@
 int next_free(const Shelf& shelf) {
-  return tick(static_cast<int>(shelf.books.size()));
+  return static_cast<int>(shelf.books.size());
 }
"""

    def found(self, patch, name="miscount.patch", **changed):
        files = dict(CLEAN) | {"properties/agreement.h": '    .name = "agreement",\n', f"properties/mutants/{name}": patch}
        with tempfile.TemporaryDirectory() as folder:
            write(pathlib.Path(folder), files | changed)
            return [f.text for f in mutants.check(Tree(folder))]

    def assert_wrong(self, patch, part, **more):
        texts = self.found(patch, **more)
        self.assertEqual(len(texts), 1, texts)
        self.assertIn(part, texts[0])

    def test_a_whole_one_passes(self):
        self.assertEqual(self.found(self.HEADER + self.DIFF), [])

    def test_header(self):
        self.assert_wrong(self.HEADER.replace("Seen: nowhere\n", "") + self.DIFF, "lacks Seen")
        self.assert_wrong(self.HEADER.replace("agreement", "harmony") + self.DIFF, "no property harmony")
        self.assert_wrong(self.HEADER + "Speed: slow\n" + self.DIFF, "no field Speed")

    def test_what_it_may_change(self):
        self.assert_wrong(self.HEADER, "no diff")
        self.assert_wrong(self.HEADER + self.DIFF.replace("storage/shelf.cc", "tools/shelf.cc"), "changes tools/shelf.cc")
        long = self.DIFF.replace("7,3 +7,3", "7,3 +7,20").replace("+  return", 17 * "+  // more\n" + "+  return")
        self.assert_wrong(self.HEADER + long, "changes 19 lines")
        self.assert_wrong(self.HEADER + self.DIFF, "only patches", name="miscount.txt")

    def test_sources_that_moved_on(self):
        moved = CLEAN["storage/shelf.cc"].replace("tick(", "tick(1 + ")
        self.assert_wrong(self.HEADER + self.DIFF, "does not apply any more", **{"storage/shelf.cc": moved})

    def test_applied(self):
        with tempfile.TemporaryDirectory() as folder:
            write(pathlib.Path(folder), CLEAN | {"miscount.patch": self.HEADER + self.DIFF})
            mutants.apply(folder, pathlib.Path(folder) / "miscount.patch")
            self.assertNotIn("tick(static", (pathlib.Path(folder) / "storage/shelf.cc").read_text())
            with self.assertRaisesRegex(mutants.Refused, "does not apply"):
                mutants.apply(folder, pathlib.Path(folder) / "miscount.patch")


if __name__ == "__main__":
    unittest.main()

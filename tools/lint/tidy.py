"""House rules that neither the compiler nor clang-tidy knows.

A finding on a line is accepted by a marker on it or on the line above, with its reason:
    // lint: allow(double) printed only, decides nothing
"""

import re

from check_layers import test_headers
from tree import Finding

FILE_LINES_MAX = 800

# Code that must replay exactly: everything but real/, tools/, benchmarks, and the suites that the real
# ports must pass too.
DETERMINISTIC = ("protocol/", "storage/", "sim/", "scenarios/", "properties/")

# rule, what is banned (in code without comments and strings), what to do.
BANNED = [
    ("unordered", r"\bunordered_(?:multi)?(?:map|set)\b",
     "its order differs between runs and libraries; use std::map, std::set or a sorted vector"),
    ("random", r"\b(?:std::)?s?rand\s*\(|\brandom_device\b|\bmt19937(?:_64)?\b|\bminstd_rand0?\b"
               r"|\bdefault_random_engine\b|\b\w+_distribution\s*<|\bstd::shuffle\b|\bgetrandom\b|\bgetentropy\b"
               r"|#\s*include\s*<random>",
     "draw from the Random port, or derive the choice with mix(seed, stream, entity, counter)"),
    ("clock", r"\b(?:system|steady|high_resolution)_clock\b|\bgettimeofday\b|\bclock_gettime\b"
              r"|(?:\bstd|(?<!\w))::time\s*\(|(?<![\w.>:])time\s*\(\s*(?:0|NULL|nullptr|&\w+)\s*\)"
              r"|\bstd::clock\s*\(|#\s*include\s*<(?:chrono|ctime|time\.h|sys/time\.h)>",
     "time comes from the Clock port (or the world); a wall clock makes a seed a lie"),
    ("thread", r"\bstd::(?:jthread|thread|async|this_thread)\b|\bpthread_create\b|\b(?:u|nano)?sleep\s*\(\s*\d"
               r"|#\s*include\s*<(?:thread|future)>",
     "one thread; use a fiber, or submit a job to the Disk port"),
    ("environment", r"\b(?:secure_)?getenv\b|\bsetenv\b|\bgetpid\b|\bgethostname\b",
     "take it by constructor; only tools/ and real/ read the machine"),
    ("pointer-key", r"\bstd::(?:multi)?(?:map|set)\s*<\s*(?:const\s+)?[\w:]+(?:<[\w:, ]*>)?\s*(?:const\s*)?\*",
     "the order of addresses differs between runs; key by an id"),
    ("double", r"\b(?:float|double)\b|(?<![\w.])\d[\d']*\.\d",
     "no floating point in a decision; use integers (parts per million). A figure that is only printed "
     "takes the marker: // lint: allow(double) reason"),
    ("thread_local", r"\bthread_local\b",
     "hidden state of a thread; pass it by constructor"),
]
BANNED_EVERYWHERE = [
    ("catch-all", r"\bcatch\s*\(\s*\.\.\.\s*\)",
     "it would swallow Cancelled; catch what you can handle by its type"),
    ("disabled-test", r"\bDISABLED_\w+", "make the test pass or remove it"),
    ("dead-code", r"(?m)^[ \t]*#[ \t]*if[ \t]+0\b", "remove what is not compiled"),
]
# Where the unsafe rules of Mesos may be named at all: the log itself, and what tests it.
_MAY_BE_UNSAFE = ("protocol/", "scenarios/")
_UNSAFE = [("mesos-compat", re.compile(r"\bMesosCompat\b|\bmesos_compat\b|\bcompat_d[1-9]\b"),
            "loses acknowledged entries; only tests and scenarios may turn it on")]
_BANNED = [(r, re.compile(p), t) for r, p, t in BANNED]
_BANNED_EVERYWHERE = [(r, re.compile(p), t) for r, p, t in BANNED_EVERYWHERE]

_STATIC = re.compile(r"\bstatic\b([^;{}()=]*)([;{(=])")
_CONSTANT = re.compile(r"\b(?:const|constexpr|consteval|constinit)\b")
_TEST = re.compile(r"\b(?:(?:TYPED_)?TEST(?:_[FP])?|RC_GTEST(?:_FIXTURE)?_PROP)\s*\(")
_ASSERTION = re.compile(r"EXPECT_|ASSERT_|RC_|FAIL\(|CHECK|REQUIRE|check|expect|assert|verif|conform|must", re.I)
_UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
_CODE_IN_COMMENT = re.compile(
    r"^//\s?(?:return\b[^,]*;|(?:[\w:<>*&]+\s+)?[\w.\[\]]+(?:->[\w.]+)*\s*(?:[-+|&]?=(?!=)\s*\S.*|\(.*\));|#\s*include\b.*|[})]+;?)\s*$")
_COMMENTED_CMAKE = re.compile(r"^\s*#\s*(?:[\w/]+\.(?:cc|h)\s*$|(?:add|target|holdfast|set|include)\w*\([^<]*$)")
# In two pieces, so that this file does not name them itself.
_MACHINE_PATH = re.compile(r"(?<![\w.])/" + r"(?:work|root|home)/\w|\.\./" + "shared")
_TEXT_SUFFIXES = (".h", ".cc", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".proto", ".yml", "dev", "run")


_MUTABLE = "a mutable static outlives the run and leaks into the next; make it a member, or const"


def _matches(source, rules):
    for rule, pattern, text in rules:
        if rule == "double" and source.is_test:
            continue  # decides nothing
        for m in pattern.finditer(source.code):
            what = " ".join(m.group().split())
            yield Finding(source.path, source.line_at(m.start()), rule, f"`{what}`: {text}")


def _statics(source):
    for m in _STATIC.finditer(source.code):
        if m.group(2) == "(":
            continue  # a function
        before = re.split(r"[;{}]", source.code[max(0, m.start() - 200) : m.start()])[-1]
        if not _CONSTANT.search(m.group(1)) and not _CONSTANT.search(before):
            yield Finding(source.path, source.line_at(m.start()), "static", _MUTABLE)


_BRACKETS = {"(": re.compile(r"[()]"), "{": re.compile(r"[{}]")}


def _closing(code, opening):
    """The offset just behind the bracket that closes the one at `opening`."""
    depth = 0
    for m in _BRACKETS[code[opening]].finditer(code, opening):
        depth += 1 if m.group() == code[opening] else -1
        if depth == 0:
            return m.end()
    return len(code)


_NOT_A_VARIABLE = re.compile(
    r"\b(?:using|typedef|namespace|template|class|struct|union|enum|friend|extern|concept|static_assert|"
    r"operator|thread_local)\b|\(")
_PUNCTUATION = re.compile(r"[{};]")
_SCOPE = re.compile(r"\bnamespace\b[\w:\s]*$|\bextern\s+\"\s*\"\s*$")


def _is_mutable_variable(declaration):
    """Whether a declaration at namespace scope, up to its initialiser, is of a variable that may change."""
    head = declaration.split("=", 1)[0]
    return (re.search(r"[\w>\]*&]\s+[*&]*\w+\s*(?:\[[^\]]*\]\s*)*$", head.rstrip()) is not None
            and not _NOT_A_VARIABLE.search(head) and not _CONSTANT.search(head))


def _globals(source):
    """Variables at namespace scope; what is inside other braces is skipped."""
    code = re.sub(r"(?m)^[ \t]*#(?:.*\\\n)*.*$", lambda m: re.sub(r"[^\n]", " ", m.group()), source.code)
    start = at = 0
    while m := _PUNCTUATION.search(code, at):
        declaration, at = code[start : m.start()], m.end()
        if m.group() == "{" and _SCOPE.search(declaration):
            start = at
        elif m.group() == "{":
            if _is_mutable_variable(declaration):
                yield Finding(source.path, source.line_at(m.start()), "static", _MUTABLE)
            at = _closing(code, m.start())
            if not re.match(r"\s*;", code[at : at + 200]):
                start = at
        else:
            if m.group() == ";" and "{" not in declaration and _is_mutable_variable(declaration):
                yield Finding(source.path, source.line_at(m.start()), "static", _MUTABLE)
            start = at


def _test_bodies(source):
    """(line, offsets of the body) of every test."""
    for m in _TEST.finditer(source.code):
        end = _closing(source.code, m.end() - 1)
        body = source.code.find("{", end)
        if body >= 0 and ";" not in source.code[end:body]:
            yield source.line_at(m.start()), body + 1, _closing(source.code, body) - 1


def _asserting_helpers(source, bodies):
    """Types and functions of this file, if what stands outside its tests asserts anything."""
    outside, at = [], 0
    for _, begin, end in bodies:
        outside.append(source.code[at:begin])
        at = end
    helpers = "".join([*outside, source.code[at:]])
    if not _ASSERTION.search(_TEST.sub("", helpers)):
        return set()
    return set(re.findall(r"\b(?:class|struct)\s+(\w+)", helpers)) | set(
        re.findall(r"\b(\w+)\([^;{}]*\)\s*(?:const\s*)?\{", helpers))


def _tests(source):
    """A test whose body is empty, or holds nothing that could fail."""
    if not source.path.endswith(".cc"):
        return
    bodies = list(_test_bodies(source))
    helpers = _asserting_helpers(source, bodies)
    for line, begin, end in bodies:
        inside = source.code[begin:end]
        if not inside.strip():
            yield Finding(source.path, line, "empty-test", "a test without a body; write it or remove it")
        elif not (_ASSERTION.search(inside) or helpers & set(re.findall(r"\w+", inside))
                  or source.path.endswith("_fuzz.cc")):
            yield Finding(source.path, line, "empty-test", "nothing in this test can fail; assert what it shows")


def _form(source):
    if source.line_count > FILE_LINES_MAX:
        yield Finding(source.path, source.line_count, "file-size",
                      f"{source.line_count} lines, more than {FILE_LINES_MAX}; split by concept, message or phase")
    if source.path.endswith(".h"):
        first = source.code.strip().split("\n", 1)[0]
        if first != "#pragma once":
            yield Finding(source.path, 1, "pragma-once", "a header starts with #pragma once")
    for line, text in source.comments:
        if re.search(r"\bCopyright\b|SPDX-", text):
            yield Finding(source.path, line, "banner", "no licence banner; LICENSE holds for every file")
        if _CODE_IN_COMMENT.match(text):
            yield Finding(source.path, line, "dead-code",
                          "this looks like code that was commented out; remove it (an example is indented by three spaces)")
        if "NOLINT" in text and not re.search(r"NOLINT\w*\([\w.,*-]+\):? \w+", text):
            yield Finding(source.path, line, "marker", "write // NOLINT(name-of-check): reason")
    for line, rule, reason in source.markers:
        if not rule or not reason:
            yield Finding(source.path, line, "marker", "write // lint: allow(rule) reason")


def _text_files(tree):
    for path in tree.files:
        if not path.endswith(_TEXT_SUFFIXES) or path.startswith("tools/lint/"):
            continue
        for number, line in enumerate(tree.read(path).split("\n"), 1):
            if _MACHINE_PATH.search(line):
                yield Finding(path, number, "machine-path", "a path of one machine; write it from the root of the tree")
            if _UNFINISHED.search(line) and path.endswith((".h", ".cc", ".py", ".cmake", ".txt", ".proto", "dev", "run")):
                yield Finding(path, number, "unfinished", "finish it, or open an issue and remove the note")


# `protocol/x_test.cc`: `Suite.Name`, `Suite.Other`
_NAMED_TESTS = re.compile(r"`([\w/]+/\w+\.(?:cc|h))`: ((?:`\w+\.\w+`(?:, )?)+)")
_NAMED_FILE = re.compile(r"`((?:protocol|storage|sim|scenarios|properties|real|tools)/[\w/.]+\.(?:cc|h|txt|plan|py|proto))`")
_NAMED_SCENARIO = re.compile(r"scenario `(\w+)`")
_CATALOG = "scenarios/catalog.cc"


def _documents(tree):
    """Tests, files and scenarios that a document names exist: a link that leads nowhere promises what nobody checks."""
    for path in tree.files:
        if not (path.startswith("docs/") and path.endswith(".md")):
            continue
        for number, line in enumerate(tree.read(path).split("\n"), 1):
            # NN and NAME stand for whatever somebody will choose.
            missing = [f for f in _NAMED_FILE.findall(line) if f not in tree.files and not re.search("NN|NAME", f)]
            missing += [s for s in _NAMED_SCENARIO.findall(line)
                        if _CATALOG in tree.files and f'"{s}"' not in tree.read(_CATALOG)]
            for file, tests in _NAMED_TESTS.findall(line):
                code = tree.read(file) if file in tree.files else ""
                missing += [f"{suite}.{name}" for suite, name in re.findall(r"`(\w+)\.(\w+)`", tests)
                            if not re.search(rf"\(\s*{suite},\s*{name}\b", code)]
            for name in missing:
                yield Finding(path, number, "doc-link", f"{name} does not exist; name what does, or write it")


def _dead_files(tree):
    lists = {}
    for p in tree.files:
        if p.rsplit("/", 1)[-1] == "CMakeLists.txt" or p.endswith(".cmake"):
            folder = p.rsplit("/", 1)[0] if "/" in p else ""
            lists[folder] = lists.get(folder, "") + tree.read(p)
    included = {name[1:-1] for source in tree.sources for _, name in source.includes if name[0] == '"'}
    for_tests = test_headers(tree)

    def is_listed(path):
        folder, name = path.rsplit("/", 1) if "/" in path else ("", path)
        while True:
            if re.search(rf"(?<![\w/.]){re.escape(name)}(?![\w.])", lists.get(folder, "")):
                return True
            if not folder:
                return False
            folder, last = folder.rsplit("/", 1) if "/" in folder else ("", folder)
            name = f"{last}/{name}"

    for source in tree.sources:
        if source.path in for_tests:
            continue  # belongs to its tests; the check that headers stand alone is for the product's
        if not is_listed(source.path):
            yield Finding(source.path, 1, "dead-file",
                          "in no CMakeLists.txt of its folder or above; list it or remove it")
        elif source.path.endswith(".h") and source.path not in included:
            yield Finding(source.path, 1, "dead-file", "nobody includes this header; use it or remove it")
    for path in tree.files:
        if path.rsplit("/", 1)[-1] == "CMakeLists.txt" or path.endswith(".cmake"):
            for number, line in enumerate(tree.read(path).split("\n"), 1):
                if _COMMENTED_CMAKE.match(line):
                    yield Finding(path, number, "dead-code", "commented out; remove it")


def _accepted(source, findings, used):
    for finding in findings:
        marker = source.allowed.get((finding.line, finding.rule))
        if marker is None:
            yield finding
        else:
            used.add((marker, finding.rule))


def check_source(source):
    findings = list(_matches(source, _BANNED_EVERYWHERE)) + list(_tests(source)) + list(_form(source))
    if source.path.startswith(DETERMINISTIC) and not re.search(r"_bench\.cc$|/conformance/", source.path):
        findings += list(_matches(source, _BANNED)) + list(_statics(source)) + list(_globals(source))
    if not source.path.startswith(_MAY_BE_UNSAFE) and not source.is_test:
        findings += list(_matches(source, _UNSAFE))
    used = set()
    yield from _accepted(source, findings, used)
    for line, rule, reason in source.markers:
        if rule and reason and (line, rule) not in used:
            yield Finding(source.path, line, "marker", f"there is nothing to allow({rule}) here; remove the marker")


def check(tree):
    for source in tree.sources:
        yield from check_source(source)
    yield from _text_files(tree)
    yield from _documents(tree)
    yield from _dead_files(tree)

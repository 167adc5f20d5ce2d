"""Who may include whom (docs/ARCHITECTURE.md, section 1)."""

import functools
import re

from tree import Finding

# The values everything else is about: not a folder, but the files that protocol/CMakeLists.txt lists as
# holdfast_layer(model ...).  The codec lies between them and the rest of protocol/.
MODEL = "protocol/model"
_PROTOCOL = ["protocol/env", "protocol/fiber", MODEL, "protocol/codec", "protocol"]

# Layer -> the layers its files may include besides its own.
ALLOWED = {
    "protocol/env": [],
    "protocol/fiber": ["protocol/env"],
    MODEL: ["protocol/env"],
    "protocol/codec": ["protocol/env", MODEL],
    "protocol": ["protocol/env", "protocol/fiber", MODEL, "protocol/codec"],
    "storage": ["protocol/env", MODEL, "protocol/codec"],
    "sim": ["protocol/env", "protocol/fiber"],
    "properties": ["protocol/env", MODEL],
    "scenarios": [*_PROTOCOL, "storage", "sim", "properties"],
    "real/ports": ["protocol/env", "protocol/fiber"],
    "real/server": [*_PROTOCOL, "storage", "real/ports", "real/client"],
    "real/client": [*_PROTOCOL, "storage", "real/ports", "real/server"],
}
ALLOWED["tools"] = list(ALLOWED)

# Layer -> what it may include from outside: beginnings of the names of headers.  The standard library
# is open to all; a layer that is not listed may include anything.
_POSIX = ["sys/", "unistd.h", "fcntl.h", "dlfcn.h", "errno.h"]
EXTERNAL = {
    "protocol/env": ["xxhash.h"],
    "protocol/fiber": ["boost/context/", "sanitizer/", "cxxabi.h", "xmmintrin.h", *_POSIX],
    MODEL: ["tl/"],
    "protocol": ["tl/"],
    "protocol/codec": ["tl/", "google/protobuf/"],
    "storage": ["tl/", "leveldb/", "fmt/"],
    "sim": ["tl/", "leveldb/", "fmt/", *_POSIX],
    "properties": ["fmt/"],
}
TEST_LIBRARIES = ("gtest/", "gmock/", "rapidcheck")


def _model_files(tree):
    lists = "protocol/CMakeLists.txt"
    if lists not in tree.files:
        return set()
    m = re.search(r"holdfast_layer\(\s*model\b([^)]*)\)", tree.read(lists))
    return {f"protocol/{name}" for name in re.findall(r"[\w/]+\.(?:h|cc)\b", m.group(1))} if m else set()


def _layer_of(path, model):
    """The layer that `path` is in: the model, or the innermost folder; or None."""
    if path in model:
        return MODEL
    return max((l for l in ALLOWED if path.startswith(l + "/")), key=len, default=None)


def _is_support(path):
    """Code that only tests use: suites that several implementations must pass, and the like."""
    name = path.rsplit("/", 1)[-1]
    return any(part in name for part in ("conformance", "arbitrary", "fixture", "test_support", "_test."))


def _internal(source, own, theirs, line, header):
    if theirs is None:
        yield Finding(source.path, line, "include-path",
                      f'"{header}" is not a path from the root into a layer; '
                      'write it like "protocol/env/clock.h"')
    elif theirs != own and theirs not in ALLOWED[own]:
        may = ", ".join(ALLOWED[own]) or "nothing but the standard library"
        yield Finding(source.path, line, "layer",
                      f'{own}/ may not include {theirs}/ ("{header}"); it may include {may}. '
                      "Move the code, or put what is needed behind an interface further in")
    elif _is_support(header) and not (source.is_test or _is_support(source.path) or own == "tools"):
        yield Finding(source.path, line, "layer",
                      f'"{header}" is test code and this is not; move what is needed out of it')


def _external(source, own, line, header):
    is_standard = all(c.islower() or c.isdigit() or c == "_" for c in header)
    if is_standard:
        return
    if header.startswith(TEST_LIBRARIES):
        if not (source.is_test or _is_support(source.path) or own in ("scenarios", "tools")):
            yield Finding(source.path, line, "layer",
                          f"<{header}> is for tests; this file is part of the product")
        return
    if own in EXTERNAL and not source.is_test and not header.startswith(tuple(EXTERNAL[own])):
        may = ", ".join(EXTERNAL[own]) or "none"
        yield Finding(source.path, line, "layer",
                      f"{own}/ may not include <{header}>; from outside it may include: {may}")


def check(tree):
    layer_of = functools.partial(_layer_of, model=_model_files(tree))
    for source in tree.sources:
        own = layer_of(source.path)
        if own is None:
            yield Finding(source.path, 1, "layer",
                          "this folder is in no layer; move the file, or add the layer to "
                          "tools/lint/check_layers.py and docs/ARCHITECTURE.md with an ADR")
            continue
        for line, name in source.includes:
            header = name[1:-1]
            if name[0] == '"':
                yield from _internal(source, own, layer_of(header), line, header)
            else:
                yield from _external(source, own, line, header)

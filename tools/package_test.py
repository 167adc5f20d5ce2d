#!/usr/bin/env python3
"""Makes the Debian package and looks into it: package_test.py BUILD-DIRECTORY

That it installs and purges cleanly is tried by hand: a test would change the machine.
"""

import gzip
import pathlib
import subprocess
import sys
import tempfile

FILES = {"usr/bin/holdfast", "usr/bin/holdfastd", "usr/lib/systemd/system/holdfastd@.service",
         "usr/share/doc/holdfast/copyright", "usr/share/doc/holdfast/example.toml", "usr/share/doc/holdfast/operations.md",
         "usr/share/doc/holdfast/holdfast.proto"}
LIBRARIES = {"libleveldb1d", "libssl3", "libgrpc++1.51", "libprotobuf-lite32", "libsystemd0"}


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, check=False)
    check(done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def complete(file, program, *line):
    """What bash offers for the last word of the line."""
    words = " ".join(f"'{word}'" for word in (program, *line))
    script = f"source '{file}'; COMP_WORDS=({words}); COMP_CWORD={len(line)}; _{program}; echo \"${{COMPREPLY[*]}}\""
    return run("bash", "-c", script).split()


def check_manual(root, program, section):
    page = gzip.decompress((root / f"usr/share/man/man{section}/{program}.{section}.gz").read_bytes()).decode()
    check(page.startswith(f".TH {program.upper()} {section} ") and "\\-\\-config" in page, f"the manual of {program}: {page[:300]}")
    said = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=page.encode(), capture_output=True, check=False)
    check(said.returncode == 0 and not said.stderr, f"groff has nothing to say of it: {said.stderr.decode()}")
    file = root / "usr/share/bash-completion/completions" / program
    if program == "holdfast":
        check(complete(file, program, "ba") == ["backup"], "a command is completed")
        check(complete(file, program, "backup", "--out") == ["--output"], "an option is completed")
    else:
        check(complete(file, program, "--conf") == ["--config"], "an option is completed")
    check(complete(file, program, "--config", "/etc/host.con") == ["/etc/host.conf"], "a file is completed")


def check_libraries(package, root):
    """That programs can be built with it is shown by examples_test.py."""
    depends = run("dpkg-deb", "-f", package, "Depends").strip().split(", ")
    run("dpkg-query", "-W", *depends)
    run("dpkg-deb", "-x", package, root)
    there = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    for file in ("lib/cmake/holdfast/holdfastConfig.cmake", "lib/holdfast/libholdfast_real_client.a",
                 "include/holdfast/real/client/client.h", "share/doc/libholdfast-dev/examples/copy_lines.cc"):
        check(f"usr/{file}" in there, f"it has {file}: {there}")


def main():
    build = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="holdfast-package-") as folder:
        folder = pathlib.Path(folder)
        run("cpack", "--config", build / "CPackConfig.cmake", "-B", folder)
        packages = {path.name.split("_")[0]: path for path in folder.glob("*.deb")}
        check(set(packages) == {"holdfast", "libholdfast-dev"}, f"two packages: {packages}")
        check_libraries(packages["libholdfast-dev"], folder / "dev")
        package = packages["holdfast"]
        depends = run("dpkg-deb", "-f", package, "Depends")
        check(all(library in depends for library in LIBRARIES), f"it depends on what it links: {depends}")
        root, control = folder / "root", folder / "control"
        run("dpkg-deb", "-x", package, root)
        run("dpkg-deb", "-e", package, control)
        there = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
        check(there >= FILES, f"it has {FILES - there}")
        check(all(path.startswith("usr/") for path in there), f"it keeps to /usr: {there}")
        for script in ("postinst", "prerm", "postrm"):
            run("sh", "-n", control / script)
        unit = (root / "usr/lib/systemd/system/holdfastd@.service").read_text()
        check("Type=notify" in unit and "ExecStart=/usr/bin/holdfastd --config /etc/holdfast/%i.toml" in unit, "the unit")
        for program, section in (("holdfast", 1), ("holdfastd", 8)):
            run(root / "usr/bin" / program, "--help")
            check_manual(root, program, section)
        # The example is a sound configuration, once it has a directory to be in.
        example = (root / "usr/share/doc/holdfast/example.toml").read_text()
        config = folder / "example.toml"
        config.write_text(example.replace("/var/lib/holdfast/NAME", str(folder / "data")).replace("10.0.0.", "127.0.0."))
        run(root / "usr/bin/holdfast", "init", "--config", config)
    print("the package: passed")


if __name__ == "__main__":
    main()

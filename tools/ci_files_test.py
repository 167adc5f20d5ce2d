#!/usr/bin/env python3
"""Tests of the files of docs/ci: their commands are executed with the built program, in surroundings as the system that
they are for makes them: ci_files_test.py PROGRAM CASE

Each case is a function below, and one entry of CTest (tools/CMakeLists.txt).
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import yaml

import sim_testing
from sim_testing import call, check, expect_exit, play

ROOT = pathlib.Path(__file__).resolve().parents[1]
CI = ROOT / "docs/ci"
COMMIT = "3443fcb0c1d2e3f405162738495a6b7c8d9e0f12"
# Stands before the program: fewer seeds than in earnest, everything else as it comes.
SHIM = """#!/bin/bash
arguments=()
while (($#)); do
  if [[ $1 == --seeds ]]; then arguments+=("$1" SEEDS); shift; else arguments+=("$1"); fi
  shift
done
exec PROGRAM "${arguments[@]}"
"""
# Nothing of the system around this test.
CLEAN = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS")
         if name in os.environ}


def make_shim(folder, seeds):
    """A folder with holdfast-sim in it, for PATH."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    shim = tools / "holdfast-sim"
    shim.write_text(SHIM.replace("PROGRAM", f'"{sim_testing.PROGRAM}"').replace("SEEDS", str(seeds)))
    shim.chmod(0o755)
    return shim


def execute(command, cwd, environment):
    return subprocess.run(command, cwd=cwd, env=CLEAN | environment, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=800)


class Workflow:
    """Enough of GitHub's runner for the steps of our workflow."""

    # What a step with these ids does is not done here: the machine and the program are there.
    SET_UP = {"packages": "apt-get ", "build": "./dev build"}

    def __init__(self, folder):
        self.content = yaml.safe_load((CI / "github-actions.yml").read_text())
        self.jobs = self.content["jobs"]
        self.folder = folder
        self.summary = folder / "summary.md"
        check(self.content["defaults"]["run"]["shell"] == "bash", "steps are run by bash -eo pipefail")

    def expressions(self, text, matrix):
        """The text with ${{ matrix.NAME }} replaced."""
        return re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda found: str(matrix[found.group(1)]), text)

    def run(self, job, cwd, shim, matrix, **more):
        """The result of the last step that runs something; a failed one ends the job."""
        environment = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_SHA": COMMIT, "GITHUB_RUN_NUMBER": "17",
                       "GITHUB_WORKSPACE": str(cwd), "GITHUB_STEP_SUMMARY": str(self.summary),
                       "GITHUB_EVENT_NAME": "push"}
        for scope in (self.content, self.jobs[job]):
            for name, value in scope.get("env", {}).items():
                environment[name] = self.expressions(value, matrix)
        environment["SIM"] = str(shim)
        result = None
        for step in self.jobs[job]["steps"]:
            if "run" not in step or step.get("id") in self.SET_UP:
                continue
            script = self.folder / "step.sh"
            script.write_text(step["run"])
            result = execute(["bash", "--noprofile", "--norc", "-eo", "pipefail", script], cwd, environment | more)
            if result.returncode != 0:
                break
        return result


def github(folder):
    """The workflow is well-formed, and its steps do what they say, on runs that pass and on one that fails."""
    flow = Workflow(folder)
    for name, job in flow.jobs.items():
        check(job["container"] == "debian:12" and job["timeout-minutes"] > 0, f"{name} says where it runs and how long")
        for step in job["steps"]:
            check(("run" in step) != ("uses" in step), f"{name}: a step runs or uses: {step}")
            check(re.fullmatch(r"actions/[a-z/-]+@v\d+", step.get("uses", "actions/x@v1")), f"{name}: {step}")
            check("${{" not in step.get("run", ""), f"{name}: values reach the shell by variables only: {step}")
            prefix = Workflow.SET_UP.get(step.get("id"), "")
            check(step.get("run", prefix).startswith(prefix), f"{name}: {step}")
    check(set(flow.content[True]) == {"push", "pull_request", "schedule"}, "it says when it runs")
    scenarios = flow.jobs["change"]["strategy"]["matrix"]["scenario"]
    shim = make_shim(folder, 20)
    for scenario in scenarios:
        cwd = folder / scenario
        cwd.mkdir()
        passed = flow.run("change", cwd, shim, {"scenario": scenario})
        expect_exit(passed, 0)
        check(f"seeds drawn from commit {COMMIT}" in passed.stdout, "the seeds are the commit's", passed)
        check((cwd / f"holdfast-{scenario}.xml").exists(), "the account is where the artifact takes it", passed)
    check(flow.summary.read_text().count("### holdfast-sim ") == len(scenarios), "every job adds to the summary")

    cwd = folder / "failing"
    (cwd / "ci").mkdir(parents=True)
    failed = flow.run("change", cwd, shim, {"scenario": "x"}, SCENARIO="mesos_g1")
    expect_exit(failed, 12)
    check(len(re.findall(r"^::error file=properties/", failed.stdout, re.M)) == 10, "annotations are printed", failed)
    check("### holdfast-sim mesos\\_g1: safety" in flow.summary.read_text(), "the summary has it", failed)
    check(len(list((cwd / "holdfast-failures").glob("*.plan"))) == 10, "so has the cache", failed)
    again = flow.run("change", cwd, shim, {"scenario": "x"}, SCENARIO="wipes")
    expect_exit(again, 12)
    check("10 played: 0 passed, 10 failed" in again.stdout, "the next run begins with what failed before", again)


def github_night(folder):
    """The shards of the night, each on a machine of its own, and their account."""
    flow = Workflow(folder)
    shim = make_shim(folder, 40)
    report = folder / "report"
    for shard in flow.jobs["night"]["strategy"]["matrix"]["shard"]:
        cwd = folder / f"machine-{shard}"
        cwd.mkdir()
        expect_exit(flow.run("night", cwd, shim, {"shard": shard}), 0)
        # The artifact, and where download-artifact puts it.
        shutil.copytree(cwd / "sweep", report / f"shards/shard-{shard}")
    merged = flow.run("night-report", report, shim, {})
    expect_exit(merged, 0)
    account = json.loads((report / "holdfast-night.json").read_text())
    check(account["sums"]["seeds"] == account["seeds_asked"] == 40 and account["shards"] == 8, "every seed, once", merged)
    check("### holdfast-sim sweep swarm: passed" in flow.summary.read_text(), "the summary has it", merged)


# The fields that our manifests use, of those that Kubernetes knows.
SCHEMA = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "metadata": {"name"},
    "spec": {"completionMode", "completions", "parallelism", "backoffLimit", "template"},
    "spec.template": {"spec"},
    "spec.template.spec": {"restartPolicy", "terminationGracePeriodSeconds", "containers", "volumes"},
    "spec.template.spec.containers": {"name", "image", "env", "command", "args", "resources", "volumeMounts"},
    "spec.template.spec.containers.env": {"name", "value", "valueFrom"},
    "spec.template.spec.containers.env.valueFrom": {"resourceFieldRef"},
    "spec.template.spec.containers.env.valueFrom.resourceFieldRef": {"resource"},
    "spec.template.spec.containers.resources": {"requests", "limits"},
    "spec.template.spec.containers.resources.requests": {"cpu", "memory"},
    "spec.template.spec.containers.resources.limits": {"cpu", "memory"},
    "spec.template.spec.containers.volumeMounts": {"name", "mountPath"},
    "spec.template.spec.volumes": {"name", "persistentVolumeClaim"},
    "spec.template.spec.volumes.persistentVolumeClaim": {"claimName"},
}


def check_schema(value, path=""):
    if isinstance(value, list):
        for each in value:
            check_schema(each, path)
    elif isinstance(value, dict):
        unknown = set(value) - SCHEMA.get(path, set())
        check(not unknown, f"{path or 'the manifest'} has {unknown}, which we do not know")
        for name, each in value.items():
            check_schema(each, f"{path}.{name}".lstrip("."))


def manifest(name):
    content = yaml.safe_load((CI / name).read_text())
    check_schema(content)
    check((content["apiVersion"], content["kind"]) == ("batch/v1", "Job"), f"{name} is a Job")
    pod = content["spec"]["template"]["spec"]
    check(pod["restartPolicy"] in ("OnFailure", "Never"), f"{name}: what a Job may do")
    container = pod["containers"][0]
    check({mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]},
          f"{name}: what is mounted is there")
    # A value is text: YAML must not make a number of it.
    check(all(isinstance(row.get("value", ""), str) for row in container["env"]), f"{name}: values are texts")
    return content["spec"], container


def kubernetes(folder):
    """Every pod's command, with the variables that Kubernetes would set; then the Job that merges."""
    spec, container = manifest("kubernetes-job.yaml")
    shim = make_shim(folder, 40)
    values = {row["name"]: row.get("value") for row in container["env"]}
    check(spec["completionMode"] == "Indexed" and str(spec["completions"]) == values["SHARDS"], "a shard for each pod")
    check(container["resources"]["requests"]["cpu"] == container["resources"]["limits"]["cpu"], "CPUS is what it gets")
    environment = values | {"FOLDER": str(folder / "sweep"), "CPUS": container["resources"]["limits"]["cpu"],
                            "PATH": f"{shim.parent}:{CLEAN['PATH']}"}
    for index in range(spec["completions"]):
        expect_exit(execute(container["command"] + container["args"], folder,
                            environment | {"JOB_COMPLETION_INDEX": str(index)}), 0)
    _, merger = manifest("kubernetes-merge.yaml")
    merged = execute(merger["command"] + merger["args"], folder, environment)
    expect_exit(merged, 0)
    account = json.loads((folder / "sweep/merged.json").read_text())
    check(account["sums"]["seeds"] == account["seeds_asked"] == 40 and account["shards"] == 8, "every seed, once", merged)


def slurm_script(folder):
    """The script of the array job, with a stand-in for the one command of Slurm that it calls."""
    script = CI / "slurm-sweep.sh"
    expect_exit(execute([script], folder, {}), 2)
    directives = re.findall(r"^#SBATCH --([a-z-]+)", script.read_text(), re.M)
    check({"requeue", "open-mode", "signal"} <= set(directives), f"what it asks of Slurm: {directives}")
    tools = folder / "bin"
    tools.mkdir()
    (tools / "scontrol").write_text('#!/bin/sh\necho "$@" >>scontrol.calls\n')
    (tools / "scontrol").chmod(0o755)
    environment = {"HOLDFAST_SIM": sim_testing.PROGRAM, "SLURM_ARRAY_JOB_ID": "77", "SLURM_CPUS_PER_TASK": "1",
                   "PATH": f"{tools}:{CLEAN['PATH']}"}

    def task(number, *arguments):
        return [script, "sweep", "2", "--scenario", "wipes", "--no-double-runs", *arguments], \
            CLEAN | environment | {"SLURM_ARRAY_TASK_ID": str(number)}

    command, variables = task(0, "--seeds", "100000000")
    for number, code, calls in ((signal.SIGUSR1, 0, "requeue 77_0\n"), (signal.SIGTERM, 143, "")):
        (folder / "scontrol.calls").write_text("")
        program = subprocess.Popen(command, cwd=folder, env=variables, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while not (folder / "sweep/shard-0-of-2.part.json").exists():
            check(time.monotonic() < deadline, "the shard begins")
            time.sleep(0.05)
        time.sleep(1)
        program.send_signal(number)
        out, err = program.communicate(timeout=120)
        check(program.returncode == code, f"{number}: exit {program.returncode}, not {code}:\n{out}{err}")
        check((folder / "scontrol.calls").read_text() == calls, f"{number}: put back or not")
        check("is unfinished" in out, f"what was played is written:\n{out}{err}")
    check("goes on after" in out, f"the second went on:\n{out}{err}")
    shutil.rmtree(folder / "sweep")
    for number in (0, 1):
        command, variables = task(number, "--seeds", "50")
        expect_exit(subprocess.run(command, cwd=folder, env=variables, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE), 0)
    expect_exit(call("merge", "sweep", cwd=folder), 0)
    command, variables = task(2, "--seeds", "50")
    expect_exit(subprocess.run(command, cwd=folder, env=variables, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE), 2)


CASES = {f.__name__: f for f in (github, github_night, kubernetes, slurm_script)}

if __name__ == "__main__":
    play(CASES)

#!/usr/bin/env python3
"""Tests of holdfastd and holdfast as people use them, on loopback: cluster_test.py BIN CASE

Each case is a function below, and one entry of CTest (tools/CMakeLists.txt).  Ports are free ones, and only
processes that the test itself started are ended.
"""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from cluster import MEMBERS, Cluster, free_ports
from cluster_lives import crash, recorded
from cluster_testing import (ADDRESS, ALL, DAMAGED, DONE, FOREIGN, IN_USE, NO_ANSWER, PATIENCE, REFUSED, UNKNOWN, USAGE,
                             Authority, Log, check, coordinators, memory, running, snapshot, status,
                             the_coordinator, votes, wait_until)


def failover(cluster):
    """kill -9 of the coordinator: another takes over, and what was acknowledged stays; three times."""
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log = Log(cluster)
    log.append_lines(50)
    log.check_everywhere()
    for _ in range(3):
        log.append(1)
        victim = the_coordinator(cluster)
        cluster.kill(victim)
        began = time.monotonic()
        log.append(5)
        print(f"killed member {victim}: five appends later after {time.monotonic() - began:.2f} s")
        wait_until(lambda: coordinators(cluster) not in ([], [victim]), "another coordinates", cluster)
        cluster.start(victim)
        wait_until(lambda: votes(cluster), f"member {victim} votes again", cluster)
        log.append(5)
    log.check_everywhere()


def backup(cluster):
    """A copy of the log makes a new cluster, with the same entries and keys; what is no copy, or of another id, does not."""
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    empty = cluster.call("backup", "--output", cluster.folder / "empty")
    check(empty.returncode == REFUSED and "empty" in empty.stderr, "an empty log", cluster, empty)
    log = Log(cluster)
    log.append(3)
    truncated = cluster.call("truncate", "--to", max(log.entries))
    check(truncated.returncode == DONE, "a truncation", cluster, truncated)
    log.entries = {max(log.entries): log.entries[max(log.entries)]}
    log.append_lines(200)
    keyed = int(cluster.call("append", "--key", "7:1", "keyed").stdout)
    log.note(keyed, "keyed")
    # A member that is down is not asked.
    cluster.kill(the_coordinator(cluster))
    file = cluster.folder / "copy"
    done = cluster.call("backup", "--output", file, "--json")
    check(done.returncode == DONE and json.loads(done.stdout)["entries"] == len(log.entries), "a backup", cluster, done)
    again = cluster.call("backup", "--output", file)
    check(again.returncode == USAGE and "name a new file" in again.stderr, "a file is not replaced", cluster, again)
    read = cluster.call("read").stdout
    cluster.stop_all()

    new = Cluster(cluster.programs, cluster.folder.parent / "new")
    new.configure(free_ports(3 * MEMBERS))
    refused = new.call("restore", "--input", file, config=new.config(1))
    check(refused.returncode == FOREIGN and "write id = " in refused.stderr, "another id is refused", result=refused)
    number = re.search(r"write id = (\d+)", refused.stderr).group(1)
    for path in (*map(new.config, ALL), new.client_config):
        path.write_text(re.sub(r"^id = \d{3,}", f"id = {number}", path.read_text(), flags=re.M))
    damaged = cluster.folder / "damaged"
    damaged.write_bytes(file.read_bytes()[:-100])
    for wrong in (damaged, cluster.folder / "none", cluster.config(1)):
        result = new.call("restore", "--input", wrong, config=new.config(1))
        check(result.returncode == DAMAGED and str(wrong) in result.stderr, f"{wrong} is refused", result=result)
        check(not new.data(1).exists(), "and nothing is made", result=result)
    for member in ALL:
        result = new.call("restore", "--input", file, config=new.config(member))
        check(result.returncode == DONE, f"member {member} is made", result=result)
    twice = new.call("restore", "--input", file, config=new.config(1))
    check(twice.returncode == FOREIGN, "a directory is not restored into twice", result=twice)
    try:
        new.start_all()
        wait_until(lambda: votes(new), "all members vote", new)
        check(new.call("read").stdout == read, "it holds the same entries at the same positions", new)
        result = new.call("append", "--key", "7:1", "not looked at")
        check(result.stdout.strip() == str(keyed), "keys are remembered", new, result)
        log.cluster = new
        log.append(5)
        log.check_everywhere()
        # A member of the old cluster, with its directory, that calls at the new one's ports is nobody.
        stranger = new.folder / "stranger.toml"
        old = cluster.config(1).read_text()
        for own, other in zip(cluster.ports(), new.ports()):
            old = old.replace(f":{own}", f":{other}") if own not in cluster.ports()[:3] else old
        stranger.write_text(old.replace(f'"{cluster.data(1).name}"', f'"{cluster.data(1)}"'))
        process = subprocess.Popen([f"{cluster.programs}/holdfastd", "--config", str(stranger)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: "connection_refused" in new.log(2).read_text() and "cluster" in new.last_lines(2, 3),
                       "a member of the old cluster is refused", new)
        finally:
            process.kill()
            process.wait()
        log.append(1)
        log.check_everywhere()
    finally:
        new.kill_all()


def disk_low(cluster):
    """Before its disk is full a coordinator refuses appends; elections, reads and truncations go on."""
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log = Log(cluster)
    log.append_lines(20)
    cluster.stop_all()
    ballast = cluster.folder / "ballast"
    # Others write to this disk as well, and remove what they wrote.
    free = shutil.disk_usage(cluster.folder).free
    room = min(1 << 30, free // 4)
    for member in ALL:
        with cluster.config(member).open("a") as file:
            file.write(f'\n[store]\nreserve = "{free - room}B"\n')
    cluster.start_all()
    wait_until(lambda: coordinators(cluster), "somebody coordinates", cluster)
    log.append(1)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 2 * room)
    wait_until(lambda: all("event=disk_low" in cluster.log(member).read_text() for member in ALL), "all notice", cluster)
    refused = cluster.call("append", "no room")
    check(refused.returncode == REFUSED and "disk_low" in refused.stderr, "an append is refused", cluster, refused)
    port = cluster.http_ports()[the_coordinator(cluster) - 1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        check("\nholdfast_disk_low 1" in re.sub(r"\{.*?\}", "", answer.read().decode()), "it is told in metrics", cluster)
    log.check_everywhere()
    victim = the_coordinator(cluster)
    cluster.kill(victim)
    wait_until(lambda: coordinators(cluster) not in ([], [victim]), "another coordinates", cluster)
    last = max(log.entries)
    truncated = cluster.call("truncate", "--to", last, "--deadline", f"{PATIENCE}s", timeout=2 * PATIENCE)
    check(truncated.returncode == DONE, "a truncation goes on", cluster, truncated)
    log.entries = {last: log.entries[last]}
    ballast.unlink()
    wait_until(lambda: "event=disk_well" in cluster.log(the_coordinator(cluster)).read_text(), "there is room again", cluster)
    log.append(1)
    cluster.start(victim)
    wait_until(lambda: [row["begin"] for row in status(cluster).values()] == [last] * MEMBERS, "all have truncated", cluster)
    log.check_everywhere()


def keys(cluster, log):
    """What is appended twice under one key is there once; what is no key is refused."""
    first = cluster.call("append", "--key", "7:1", "keyed", "--deadline", f"{PATIENCE}s", timeout=2 * PATIENCE)
    check(first.returncode == DONE, "an append with a key succeeds", cluster, first)
    log.note(int(first.stdout), "keyed")
    log.append(2)
    again = cluster.call("append", "--key", "7:1", "not looked at", "--deadline", f"{PATIENCE}s", timeout=2 * PATIENCE)
    check((again.returncode, again.stdout) == (DONE, first.stdout), "its key is known", cluster, again)
    log.check_everywhere()
    for text in ("", "7", "7:", ":7", "x:1", "7:1x", "-1:1", "0:0", f"{2 ** 64}:1"):
        bad = cluster.call("append", f"--key={text}", "x")
        check(bad.returncode == USAGE and "--key" in bad.stderr, f"'{text}' is no key", cluster, bad)


def insist(process):
    """Asks it to end until it has; the exit code."""
    time.sleep(0.3)
    give_up = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        process.terminate()
        time.sleep(0.0005)
    process.kill()
    return process.wait()


def restart(cluster):
    """SIGTERM ends members with 0 and loses nothing; so does kill -9 of all at once; truncation survives."""
    log = Log(cluster)
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log.append_lines(30)
    codes = cluster.stop_all()
    check(set(codes.values()) == {DONE}, f"SIGTERM ends members with 0, not {codes}", cluster)
    for _ in range(10):
        cluster.start(1)
        check(insist(cluster.processes.pop(1)) == DONE, "asked again and again, it still ends with 0", cluster)
    cluster.start_all()
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log.append(3)
    for member in ALL:
        cluster.kill(member)
    cluster.start_all()
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log.append(3)
    log.check_everywhere()
    keys(cluster, log)

    last = max(log.entries)
    truncated = cluster.call("truncate", "--to", last, "--deadline", f"{PATIENCE}s", timeout=2 * PATIENCE)
    check(truncated.returncode == DONE, "the log is truncated", cluster, truncated)
    bad = cluster.call("truncate", "--to", last + 1000)
    check(bad.returncode == REFUSED and "bad_truncate" in bad.stderr, "a bad truncate is refused", cluster, bad)
    log.entries = {last: log.entries[last]}
    log.append(2)
    log.check_everywhere()
    early = cluster.call("read", "--from", last - 1)
    check(early.returncode == REFUSED and "truncated" in early.stderr, "a truncated read says so", cluster, early)


def wiped(cluster):
    """A data directory deleted: its replica comes back VOTING by itself; so does the coordinator's, and a second
    time."""
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log = Log(cluster)
    log.append_lines(100)
    lost = {member: 0 for member in ALL}
    for choose in (lambda c: next(m for m in ALL if m != c), lambda c: c, lambda c: max(ALL, key=lost.get)):
        victim = choose(the_coordinator(cluster))
        cluster.kill(victim)
        shutil.rmtree(cluster.data(victim))
        log.append(3)
        lost[victim] += 1
        began = time.monotonic()
        cluster.start(victim)
        wait_until(lambda: votes(cluster), f"member {victim} votes again", cluster)
        print(f"member {victim} lost its directory: VOTING again after {time.monotonic() - began:.2f} s")
        incarnation = status(cluster)[victim]["incarnation"]
        check(incarnation == lost[victim], f"member {victim}: incarnation {incarnation}, not {lost[victim]}", cluster)
        log.append(3)
        log.check_everywhere()
    # What it acknowledged as a new acceptor counts: it makes a quorum with either of the others.
    for other in ALL:
        cluster.kill(other)
        log.append(2)
        cluster.start(other)
        wait_until(lambda: votes(cluster), "all members vote", cluster)
    log.check_everywhere()


def first_start(cluster):
    """Empty directories: with initialise = "manual" members wait for an operator and say so; with "auto" they start
    the log by themselves, and once it is started a restart is no first start."""
    cluster.stop_all()
    for member in ALL:
        shutil.rmtree(cluster.data(member))
    cluster.start_all()
    wait_until(lambda: len(status(cluster)) == MEMBERS and
               all("holdfast init" in row["waits_for"] for row in status(cluster).values()),
               "members say that they wait for an operator", cluster)
    check(cluster.call("status").returncode == NO_ANSWER, "and nobody votes", cluster)
    cluster.stop_all()
    for member in ALL:
        made = cluster.call("init", config=cluster.config(member))
        check(made.returncode == DONE, "an EMPTY directory is initialised", cluster, made)
    cluster.start_all()
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    cluster.stop_all()

    automatic = Cluster(cluster.programs, cluster.folder / "automatic")
    automatic.configure(free_ports(3 * MEMBERS), 'initialise = "auto"\n')
    cluster.processes = automatic.processes
    automatic.start_all()
    wait_until(lambda: votes(automatic), "members initialise themselves", automatic)
    log = Log(automatic)
    log.append(5)
    automatic.stop_all()
    automatic.start_all()
    wait_until(lambda: votes(automatic), "all members vote", automatic)
    log.append(1)
    log.check_everywhere()


def bench(cluster):
    """A load goes on while the coordinator is killed; each entry is in the log once."""
    for wrong, said in ((["--size", "many"], "--size: "), (["--time", "1ms"], "--time: wants at least 100ms"),
                        (["--connections", "0"], "--connections: wants 1 to"),
                        (["--outstanding", "1", "--connections", "2"], "--outstanding: wants one for each connection")):
        refused = cluster.call("bench", *wrong)
        check(refused.returncode == USAGE and said in refused.stderr, f"bench {wrong}", cluster, refused)
    wait_until(lambda: coordinators(cluster), "somebody coordinates", cluster)
    with subprocess.Popen([f"{cluster.programs}/holdfast", "bench", "--config", str(cluster.client_config), "--connections", "2",
                           "--outstanding", "16", "--time", "5s", "--deadline", "60s", "--json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as load:
        time.sleep(2)
        cluster.kill(the_coordinator(cluster))
        out, err = load.communicate(timeout=PATIENCE * 2)
    check(load.returncode == DONE, f"a load survives the coordinator: exit {load.returncode}\n{out}{err}", cluster)
    told = json.loads(out)
    check(told["appends"] > 100 and told["errors"] == {} and told["p50_ms"] > 0, f"figures: {told}", cluster)
    read = cluster.call("read", "--json")
    check(read.returncode == DONE, "the log can be read", cluster, read)
    entries = [json.loads(line)["text"] for line in read.stdout.splitlines()]
    numbers = [entry.partition("x")[0] for entry in entries]
    check(len(numbers) == len(set(numbers)), "each entry is there once", cluster)
    check(len(numbers) >= told["appends"], f"{told['appends']} were acknowledged, {len(numbers)} are there", cluster)
    paced = cluster.call("bench", "--rate", "200", "--time", "1s", "--warm-up", "0s", "--json")
    check(paced.returncode == DONE, "an open loop", cluster, paced)
    told = json.loads(paced.stdout)
    check(150 <= told["appends"] <= 201, f"an open loop sends at its rate: {told}", cluster)


def minority(cluster):
    """One member alone writes nothing, and says so in time."""
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log = Log(cluster)
    log.append(1)
    for member in (2, 3):
        cluster.kill(member)
    began = time.monotonic()
    result = cluster.call("append", "--deadline", "2s", "alone")
    check(result.returncode in (NO_ANSWER, UNKNOWN), "an append without a quorum fails", cluster, result)
    check(time.monotonic() - began < 10, "and in time", cluster, result)
    if result.returncode == UNKNOWN:
        log.unknown.add("alone")
    check(cluster.call("status").returncode == NO_ANSWER, "status says that no quorum votes", cluster)
    for member in (2, 3):
        cluster.start(member)
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log.append(3)
    log.check_everywhere()


def garbage(cluster):
    """Whatever is sent to their ports: the members serve on, and say who it was."""
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log = Log(cluster)
    log.append(1)
    draw = random.Random(1)
    silent = []
    for port in cluster.ports():
        for size in (0, 1, 3, 4, 47, 64, 1000, 100_000):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                try:
                    connection.sendall(draw.randbytes(size))
                except OSError:
                    pass  # it was cut off in the middle, as it should be
        for text in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
            if port in cluster.http_ports() and text.startswith(b"GET"):
                continue
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(text)
                connection.settimeout(20)
                try:
                    check(connection.recv(100) == b"", "a stranger gets no answer", cluster)
                except ConnectionResetError:
                    pass
        silent += [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(20)]
    log.append(3)
    log.check_everywhere()
    for connection in silent:
        connection.close()
    check(not cluster.ended(), "all members run", cluster)
    for member in ALL:
        text = cluster.log(member).read_text()
        for port in ("members", "clients"):
            check(f"event=connection_refused from=127.0.0.1:" in text and f"port={port}" in text,
                  f"member {member} says that it refused somebody on the port of its {port}", cluster)
        check(len(text) < 100_000, "garbage does not fill the log", cluster)
    codes = cluster.stop_all()
    check(set(codes.values()) == {DONE}, f"and they end as asked: {codes}", cluster)


def garbage_flood(cluster):
    """10,000 connections of garbage to members' and clients' ports: appends go on, memory is bounded, strangers are
    counted, and told of once a minute."""
    # What ASan keeps of freed memory is not the member's.
    cluster.stop_all()
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    cluster.start_all()
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log = Log(cluster)
    log.append_lines(10)
    before = memory(cluster)
    draw = random.Random(2)
    ports = [port for port in cluster.ports() if port not in cluster.http_ports()]
    hello = b"\0\0\0\x38" + draw.randbytes(56)
    for number in range(10_000):
        with socket.create_connection(("127.0.0.1", ports[number % len(ports)]), timeout=PATIENCE) as stranger:
            try:
                # Noise of any length; a frame that is too long, or ends in the middle; and the same hello again and again.
                stranger.sendall((draw.randbytes(draw.randrange(1, 2000)), b"\xff\xff\xff\xff" + draw.randbytes(500),
                                  b"\0\0\0\x40" + draw.randbytes(30), hello)[number % 4])
            except OSError:
                pass
        if number % 2000 == 0:
            log.append(1)
    log.append(3)
    log.check_everywhere()
    after = memory(cluster)
    print(f"memory of three members: {before} MB before, {after} MB after")
    check(after < before + 100, f"memory is bounded: {before} MB before, {after} MB after", cluster)
    for member, port in zip(ALL, cluster.http_ports()):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
            counted = re.findall(r'^holdfast_refused_connections_total\{.*port="(\w+)".*\} (\d+)$', answer.read().decode(), re.M)
        check(sorted(name for name, _ in counted) == ["clients", "members"]
              and all(int(count) > 1000 for _, count in counted), f"member {member} counts them: {counted}", cluster)
        lines = cluster.log(member).read_text().count("event=connection_refused")
        check(lines < 100, f"member {member} tells of them in {lines} lines", cluster)
    check(not cluster.ended(), "all members run", cluster)


def http(cluster):
    """What the members say to scrapers, probes and browsers."""
    def get(member, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{cluster.http_ports()[member - 1]}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    wait_until(lambda: coordinators(cluster), "somebody coordinates", cluster)
    log = Log(cluster)
    log.append(5)
    coordinator = the_coordinator(cluster)
    other = next(member for member in ALL if member != coordinator)
    for member in ALL:
        check(get(member, "/healthz") == (200, "ok\n"), "healthy", cluster)
        wait_until(lambda m=member: get(m, "/readyz")[0] == 200, f"member {member} is ready", cluster)
        check(get(member, "/nothing")[0] == 404, "what is not there", cluster)
    code, text = get(coordinator, "/metrics")
    check(code == 200, "metrics", cluster)
    samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            samples[name] = float(value)
    who = f'{{cluster="{cluster.folder.name}",member="{coordinator}"'
    check(samples[f"holdfast_coordinating{who}}}"] == 1, "it coordinates", cluster)
    check(samples[f'holdfast_request_seconds_count{who},kind="append",outcome="ok"}}'] == 5, f"five appends\n{text}", cluster)
    check(samples[f'holdfast_disk_seconds_count{who},lane="commit"}}'] >= 5, f"synced\n{text}", cluster)
    check(samples[f'holdfast_election_seconds_count{who},outcome="won"}}'] >= 1, f"elected\n{text}", cluster)
    check(samples[f'holdfast_status{who},status="VOTING"}}'] == 1, "it votes", cluster)
    board = (pathlib.Path(__file__).parent.parent / "docs" / "monitoring" / "grafana.json").read_text()
    names = set(re.findall(r"holdfast_\w+", board))
    check(len(names) > 10, "the dashboard shows metrics")
    missing = [name for name in names if not re.search(rf"^{name}[{{ ]", text, re.M)]
    check(not missing, f"the dashboard shows what there is not: {missing}", cluster)
    json.loads(board)
    status = json.loads(get(other, "/status.json")[1])
    check(status["coordinator"] == coordinator and status["role"] == "follower", f"{status}", cluster)
    for member in ALL:
        if member != other:
            cluster.kill(member)
    wait_until(lambda: get(other, "/readyz")[0] == 503, "alone it is not ready", cluster)
    check(get(other, "/healthz")[0] == 200, "but healthy", cluster)


def logs(cluster):
    """Lines of JSON, and a level that changes without a restart; systemd hears when a member is ready, and that it ends."""
    cluster.stop(1)
    cluster.log(1).unlink()
    text = cluster.config(1).read_text()
    cluster.config(1).write_text(text + '\n[log]\nformat = "json"\nlevel = "warning"\n')
    notified = cluster.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(notified))
        listener.settimeout(PATIENCE)
        os.environ["NOTIFY_SOCKET"] = str(notified)
        try:
            cluster.start(1)
        finally:
            del os.environ["NOTIFY_SOCKET"]
        check(listener.recv(100) == b"READY=1", "it says that it is ready", cluster)
        check("ready" not in cluster.log(1).read_text(), "of info nothing is said", cluster)
        cluster.config(1).write_text(text + '\n[log]\nformat = "json"\n')
        cluster.processes[1].send_signal(signal.SIGHUP)
        wait_until(lambda: '"event":"certificates_read"' in cluster.log(1).read_text(), "now it is", cluster)
        cluster.config(1).write_text(text + '\n[log]\nformat = "xml"\n')
        cluster.processes[1].send_signal(signal.SIGHUP)
        wait_until(lambda: '"event":"configuration_refused"' in cluster.log(1).read_text(), "a mistake is said", cluster)
        check(cluster.stop(1) == DONE, "it ends as asked", cluster)
        check(listener.recv(100) == b"STOPPING=1", "and says so", cluster)
    lines = [json.loads(line) for line in cluster.log(1).read_text().splitlines()]
    check(all({"time", "level", "event"} <= set(line) for line in lines), "each line is an object", cluster)
    check(any("log.format: wants" in line.get("why", "") for line in lines), "the mistake is named", cluster)


def tail(cluster):
    """Entries are printed once each, in their order, whoever is asked; and each member can be made to know all."""
    wait_until(lambda: coordinators(cluster), "somebody coordinates", cluster)
    log = Log(cluster)
    log.append(3)
    for arguments, said in ((["--poll", "0s"], "--poll: wants at least 1ms"), (["--member", "9"], "no member 9")):
        wrong = cluster.call("tail", *arguments)
        check(wrong.returncode == USAGE and said in wrong.stderr, f"tail {arguments}", cluster, wrong)
    line = [f"{cluster.programs}/holdfast", "tail", "--config", str(cluster.client_config), "--poll", "20ms", "--deadline", "60s"]
    with (cluster.folder / "all").open("w") as everything, (cluster.folder / "new").open("w") as new:
        followers = [subprocess.Popen([*line, "--from", "0"], stdout=everything),
                     subprocess.Popen(line, stdout=new)]
        try:
            # The second begins behind what there is.
            time.sleep(2)
            log.append(3)
            cluster.kill(1)
            log.append(3)

            def lines(name):
                return [line.partition("\t")[2] for line in (cluster.folder / name).read_text().splitlines()]

            wanted = [log.entries[position] for position in sorted(log.entries)]
            wait_until(lambda: lines("all") == wanted, "all entries are printed, once each", cluster)
            wait_until(lambda: lines("new") == wanted[3:], "the new entries are printed, once each", cluster)
        finally:
            for follower in followers:
                follower.terminate()
        check([follower.wait(PATIENCE) for follower in followers] == [DONE, DONE], "they end as asked", cluster)
    cluster.start(1)
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    caught = cluster.call("catchup")
    last = max(log.entries)
    rows = [line.split("\t") for line in caught.stdout.splitlines()]
    check(caught.returncode == DONE and [row[0] for row in rows] == ["1", "2", "3"]
          and all(int(row[1]) >= last for row in rows), "catchup of all", cluster, caught)
    truncated = cluster.call("truncate", "--to", str(last))
    check(truncated.returncode == DONE, "a truncation", cluster, truncated)
    wait_until(lambda: all(row["begin"] == last for row in status(cluster).values()), "all have truncated", cluster)
    gone = cluster.call("tail", "--from", "0")
    check(gone.returncode == REFUSED and "truncated" in gone.stderr, "what was truncated is not passed over", cluster, gone)


def tls(plain):
    """Whoever has no certificate of the right authority is nobody, to members and to clients."""
    plain.stop_all()
    folder = plain.folder.parent / "secured"
    members, clients = Authority(folder / "pki", "members"), Authority(folder / "pki", "clients")
    trusted = f'client_authority = "{clients.certificate}"\n'

    def tables(bearer):
        if bearer != "client":
            return members.table(bearer, trusted)
        certificate, key = clients.issue(bearer)
        return f'\n[tls]\ncertificate = "{certificate}"\nkey = "{key}"\nauthority = "{members.certificate}"\n'

    cluster = Cluster(plain.programs, folder)
    cluster.configure(free_ports(3 * MEMBERS), tables=tables)
    cluster.initialise()
    try:
        cluster.start_all()
        wait_until(lambda: coordinators(cluster), "somebody coordinates", cluster)
        log = Log(cluster)
        log.append(5)
        load = cluster.call("bench", "--time", "1s", "--warm-up", "0s", "--json")
        check(load.returncode == DONE, "a load over TLS", cluster, load)

        def refused(name, text, said):
            config = folder / f"{name}.toml"
            config.write_text(text)
            result = cluster.call("append", "--deadline", "1s", "x", config=config)
            check(result.returncode in (REFUSED, NO_ANSWER) and said in result.stderr, f"a client: {name}", cluster, result)

        text = cluster.client_config.read_text()
        refused("plain", text.partition("[tls]")[0], "closed the connection")
        strangers = Authority(folder / "pki", "strangers")
        certificate, key = strangers.issue("stranger")
        refused("stranger", text.partition("[tls]")[0] + f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\n'
                f'authority = "{members.certificate}"\n', "")
        refused("distrustful", text.replace(str(members.certificate), str(strangers.certificate)), "certificate verify failed")
        # A certificate for clients opens no member's port; a member that speaks clear text joins nobody.
        cluster.stop(3)
        sound = cluster.config(3).read_text()
        cluster.config(3).write_text(sound.partition("[tls]")[0])
        cluster.start(3)
        wait_until(lambda: "TLS" in cluster.log(1).read_text() and "connection_refused" in cluster.log(1).read_text(),
                   "a member in clear text is refused", cluster)
        check(status(cluster)[1]["connected"] == 1, "it is connected to nobody", cluster)
        log.append(2)
        cluster.stop(3)
        cluster.config(3).write_text(sound)
        # New certificates, read without a restart.
        for member in (1, 2):
            cluster.processes[member].send_signal(signal.SIGHUP)
            wait_until(lambda m=member: "event=certificates_read" in cluster.log(m).read_text(), "read again", cluster)
        certificate = folder / "pki" / "member1.pem"
        kept = certificate.read_text()
        certificate.write_text("damaged\n")
        cluster.processes[1].send_signal(signal.SIGHUP)
        wait_until(lambda: "event=certificates_refused" in cluster.log(1).read_text(), "damaged ones are refused", cluster)
        certificate.write_text(kept)
        cluster.start(3)
        wait_until(lambda: status(cluster).get(3, {}).get("connected") == 2, "the third is back", cluster)
        log.append(2)
        cluster.stop(2)
        (folder / "pki" / "member2.key").unlink()
        cluster.start(2)
        check(cluster.processes.pop(2).wait(PATIENCE) == USAGE and "member2.key" in cluster.last_lines(2, 2),
              "a key that is not there", cluster)
    finally:
        cluster.kill_all()


def replaced(text, what, by):
    assert what in text, what
    return text.replace(what, by, 1)


def mistakes(cluster):
    """(name, configuration, exit code, what the error names)."""
    text = cluster.config(1).read_text()
    ports = cluster.ports()
    identity = next(line for line in text.splitlines() if line.startswith("id = "))
    data = f'data_directory = "{cluster.data(1).name}"'
    pki = Authority(cluster.folder / "pki", "authority")
    certificate, key = pki.issue("member1")
    _, other_key = pki.issue("member2")
    broken = cluster.folder / "pki" / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n")
    file = cluster.folder / "letter"
    file.write_text("dear")

    def tls(certificate=certificate, key=key, authority=pki.certificate):
        return text + f'\n[tls]\ncertificate = "{certificate}"\nkey = "{key}"\nauthority = "{authority}"\n'

    return [
        ("no file", None, USAGE, "cannot be read"),
        ("no TOML", "[cluster\n" + text, USAGE, ":1: is no TOML"),
        ("missing key", replaced(text, identity + "\n", ""), USAGE, "cluster.id: is missing"),
        ("wrong type", replaced(text, identity, 'id = "x"'), USAGE, ":2: cluster.id: wants a whole number"),
        ("unknown key", text + "\n[tunables]\nwindwo = 3\n", USAGE, "tunables.windwo: there is no such key"),
        ("unknown table", text + "\n[tunable]\nwindow = 3\n", USAGE, "tunable: there is no such key"),
        ("out of range", text + "\n[tunables]\nwindow = 0\n", USAGE, "tunables.window: wants"),
        ("no unit", text + '\n[tunables]\nbackoff = "100"\n', USAGE, "tunables.backoff"),
        ("contradiction", text + '\n[tunables]\nresend_max = "1ms"\n', USAGE, "tunables.resend_max"),
        ("duplicate member", replaced(text, "[[members]]\nid = 2", "[[members]]\nid = 1"), USAGE, "members[2].id"),
        ("stranger", replaced(text, "[member]\nid = 1", "[member]\nid = 9"), USAGE, "member.id: no [[members]]"),
        ("bad address", replaced(text, f"127.0.0.1:{ports[0]}", "127.0.0.1"), USAGE, "members[1].address"),
        ("port twice", replaced(text, f":{ports[1]}", f":{ports[0]}"), USAGE, "members[1].client_address"),
        ("client's file", cluster.client_config.read_text(), USAGE, "has no [member] table"),
        ("other cluster", replaced(text, identity, "id = 5"), FOREIGN, "cluster"),
        ("other member", replaced(text, "[member]\nid = 1", "[member]\nid = 2"), FOREIGN, "member"),
        ("other list", text + '\n[[members]]\nid = 4\naddress = "127.0.0.1:1"\nclient_address = "127.0.0.1:2"\n',
         FOREIGN, "members 1 2 3"),
        ("no parent", replaced(text, data, 'data_directory = "no/such/parent"'), 10, "make its parent directory"),
        ("other files", replaced(text, data, 'data_directory = "."'), FOREIGN, "which is no part"),
        ("bad HTTP address", replaced(text, f"127.0.0.1:{ports[2]}", "127.0.0.1:http"), USAGE, "members[1].http_address"),
        ("bad gRPC address", text.replace("\nhttp_address", '\ngrpc_address = "nowhere"\nhttp_address', 1), USAGE,
         "members[1].grpc_address"),
        ("HTTP port twice", replaced(text, f":{ports[2]}", f":{ports[1]}"), USAGE, "members[1].http_address"),
        ("not our HTTP address", replaced(text, f"127.0.0.1:{ports[2]}", f"192.0.2.1:{ports[2]}"), ADDRESS, "192.0.2.1"),
        ("empty file", "", USAGE, "cluster: is missing"),
        ("no members", text.split("[[members]]")[0], USAGE, "members: is missing"),
        ("directory is a file", replaced(text, data, f'data_directory = "{file.name}"'), 10, str(file)),
        ("TLS without a key", text + f'\n[tls]\ncertificate = "{certificate}"\nauthority = "{pki.certificate}"\n', USAGE,
         "tls.key: is missing"),
        ("no such certificate", tls(certificate="none.pem"), USAGE, "none.pem"),
        ("broken certificate", tls(certificate=broken), USAGE, str(broken)),
        ("broken authority", tls(authority=broken), USAGE, str(broken)),
        ("key of another", tls(key=other_key), USAGE, str(other_key)),
        ("bad level", text + '\n[log]\nlevel = "loud"\n', USAGE, "log.level: wants"),
        ("bad size", text + '\n[store]\nreserve = "much"\n', USAGE, "store.reserve"),
        ("not our address", replaced(text, f"127.0.0.1:{ports[0]}", f"192.0.2.1:{ports[0]}"), ADDRESS, "192.0.2.1"),
    ]


def wrong_configs(cluster):
    """Every wrong configuration: an error that names the thing, the right exit code, and untouched data."""
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    log = Log(cluster)
    log.append_lines(5)
    cluster.stop_all()
    before = snapshot(cluster.data(1))

    def run(file):
        return subprocess.run([str(cluster.programs / "holdfastd"), "--config", str(file)], text=True, timeout=30,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)

    for name, text, code, named in mistakes(cluster):
        file = cluster.folder / "wrong.toml"
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text)
        result = run(file)
        check(result.returncode == code, f"{name}: exit code {code}", result=result)
        check(named in result.stderr, f"{name}: the error says {named!r}", result=result)
        check(code != USAGE or str(file) in result.stderr or ".pem" in named or ".key" in named,
              f"{name}: the error names the file", result=result)
        check(snapshot(cluster.data(1)) == before, f"{name}: data untouched", result=result)

    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", cluster.ports()[0]))
        holder.listen()
        result = run(cluster.config(1))
        check(result.returncode == ADDRESS and f":{cluster.ports()[0]}" in result.stderr, "port in use", result=result)
        check(snapshot(cluster.data(1)) == before, "port in use: data untouched", result=result)

        # gRPC's port as well.
        file = cluster.folder / "taken.toml"
        file.write_text(cluster.config(1).read_text().replace(
            "\nhttp_address", f'\ngrpc_address = "127.0.0.1:{cluster.ports()[0]}"\nhttp_address', 1).replace(
                f'address = "127.0.0.1:{cluster.ports()[0]}"\nclient', f'address = "127.0.0.1:{free_ports(1)[0]}"\nclient', 1))
        result = run(file)
        check(result.returncode == ADDRESS and "gRPC" in result.stderr, "gRPC port in use", result=result)
        check(snapshot(cluster.data(1)) == before, "gRPC port in use: data untouched", result=result)

    cluster.start_all()
    wait_until(lambda: votes(cluster), "all members vote", cluster)
    result = run(cluster.config(1))
    check(result.returncode == IN_USE and "in use by another process" in result.stderr, "in use", result=result)
    again = cluster.call("init", config=cluster.config(1))
    check(again.returncode in (IN_USE, REFUSED), "init of a running member", result=again)
    log.append(1)
    log.check_everywhere()
    cluster.kill(1)
    again = cluster.call("init", config=cluster.config(1))
    check(again.returncode == REFUSED and "votes already" in again.stderr, "init of a cluster in use", result=again)
    stranger = cluster.folder / "stranger.toml"
    text = cluster.client_config.read_text()
    identity = next(line for line in text.splitlines() if line.startswith("id = "))
    stranger.write_text(replaced(text, identity, "id = 5"))
    refused = cluster.call("read", "--deadline", "1s", config=stranger)
    check(refused.returncode == REFUSED and "the cluster id differs" in refused.stderr, "a stranger", result=refused)


CASES = {f.__name__: f for f in (backup, bench, crash, disk_low, garbage_flood, http, logs, recorded, tail, tls, failover, restart, wiped, first_start, minority, garbage, wrong_configs)}


def main():
    programs, case = sys.argv[1:]
    # A test that is killed by its time limit still ends its members.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("FAILED: told to stop"))
    with tempfile.TemporaryDirectory(prefix="holdfast-cluster-") as folder:
        cluster = running(programs, pathlib.Path(folder) / "demo")
        try:
            CASES[case](cluster)
        finally:
            cluster.kill_all()
    print(f"{case}: passed")


if __name__ == "__main__":
    main()

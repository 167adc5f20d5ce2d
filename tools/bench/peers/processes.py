"""Members of a system that are a process each, for failover.py and peers.py."""

import subprocess


class Processes:
    """`command(member)`, of whoever inherits this, is what starts one."""

    def __init__(self, folder):
        self.folder, self.processes = folder, {}
        folder.mkdir(parents=True)

    def start(self, member):
        with open(self.folder / f"m{member}.log", "ab") as log:
            self.processes[member] = subprocess.Popen(self.command(member), stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def kill(self, member):
        self.processes[member].kill()
        self.processes.pop(member).wait()

    def close(self):
        for member in list(self.processes):
            self.kill(member)

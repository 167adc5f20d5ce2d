"""Three ZooKeeper servers on loopback, for failover.py and peers.py; Debian's zookeeper and a Java runtime."""

import socket

from processes import Processes


class ZooKeeperServers(Processes):

    def __init__(self, folder, ports):
        """`ports` are three for each server: for clients, for the others, and for elections."""
        super().__init__(folder)
        self.members = range(1, len(ports) // 3 + 1)
        count = len(self.members)
        self.clients = ports[:count]
        servers = "".join(f"server.{i}=127.0.0.1:{ports[count + i - 1]}:{ports[2 * count + i - 1]}\n" for i in self.members)
        for member in self.members:
            data = folder / f"data{member}"
            data.mkdir()
            (data / "myid").write_text(f"{member}\n")
            (folder / f"m{member}.cfg").write_text(
                f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={data}\nclientPort={self.clients[member - 1]}\n"
                f"maxClientCnxns=0\nadmin.enableServer=false\n4lw.commands.whitelist=*\n{servers}")
            self.start(member)

    def command(self, member):
        return ["java", "-Xmx512m", "-cp", "/usr/share/java/*:/etc/zookeeper/conf",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", str(self.folder / f"m{member}.cfg")]

    def mode(self, member):
        """What a server says it is, or None."""
        try:
            with socket.create_connection(("127.0.0.1", self.clients[member - 1]), timeout=0.5) as connection:
                connection.sendall(b"srvr")
                text = b""
                while data := connection.recv(4096):
                    text += data
            return next((line[6:] for line in text.decode().splitlines() if line.startswith("Mode: ")), None)
        except OSError:
            return None

    def leader(self):
        return next((member for member in self.members if self.mode(member) == "leader"), None)

    def healthy(self):
        followers = ["follower"] * (len(self.members) - 1)
        return sorted(str(self.mode(member)) for member in self.members) == [*followers, "leader"]

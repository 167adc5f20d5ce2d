#!/usr/bin/env python3
"""Opens the status page of a member in Chromium while members come and go: status_page_test.py BIN"""

import pathlib
import signal
import sys
import tempfile

import browser
from cluster_testing import ALL, MEMBERS, check, running, the_coordinator, wait_until

COLUMNS = ("member", "status", "role", "begin", "end", "learned", "lag", "incarnation", "up for", "note")


def rows(driver):
    """By member: what its row says."""
    cells = driver.execute_script(
        "return [...document.querySelectorAll('#members tr')].map(r => [...r.cells].map(c => c.textContent))")
    return {int(row[0]): dict(zip(COLUMNS, row, strict=True)) for row in cells}


def verdict(driver):
    return driver.execute_script(
        "const v = document.getElementById('verdict'); return [v.textContent, v.className]")


def test(cluster, driver):
    coordinator = the_coordinator(cluster)
    watcher = next(member for member in ALL if member != coordinator)
    result = cluster.call("append", "hello")
    check(result.returncode == 0, "an append", cluster, result)
    position = result.stdout.strip()
    driver.get(f"http://127.0.0.1:{cluster.http_ports()[watcher - 1]}/")
    wait_until(lambda: len(rows(driver)) == MEMBERS, "all members are shown", cluster)

    wait_until(lambda: all(row["status"] == "VOTING" and row["learned"] == position and row["lag"] == "0"
                           for row in rows(driver).values()), "all vote and have learned the entry", cluster)
    check(rows(driver)[coordinator]["role"] == "coordinator", f"it coordinates: {rows(driver)}", cluster)
    wanted = [f"3 of 3 members vote; member {coordinator} coordinates", ""]
    wait_until(lambda: verdict(driver) == wanted, "the verdict is good", cluster)
    check(driver.title == f"{cluster.folder.name} - holdfast", f"the title: {driver.title}", cluster)

    third = next(member for member in ALL if member not in (coordinator, watcher))
    cluster.kill(third)
    wait_until(lambda: rows(driver)[third]["note"].startswith("does not answer"), "a member that is down shows", cluster)
    wait_until(lambda: verdict(driver)[0].startswith("2 of 3 members vote"), "two vote", cluster)
    cluster.kill(coordinator)
    wait_until(lambda: verdict(driver)[1] == "bad" and "fewer than the quorum of 2" in verdict(driver)[0],
               "no quorum shows", cluster)
    cluster.start(third)
    cluster.start(coordinator)
    wait_until(lambda: verdict(driver)[0].startswith("3 of 3 members vote; member"), "all are back", cluster)
    cluster.kill(watcher)
    wait_until(lambda: "does not answer any more" in verdict(driver)[0], "the end of the member itself", cluster)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("FAILED: told to stop"))
    with tempfile.TemporaryDirectory(prefix="holdfast-page-") as folder:
        cluster = running(sys.argv[1], pathlib.Path(folder) / "demo")
        driver = browser.start()
        try:
            test(cluster, driver)
        finally:
            driver.quit()
            cluster.kill_all()
    print("the status page: passed")


if __name__ == "__main__":
    main()

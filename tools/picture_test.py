#!/usr/bin/env python3
"""Opens pictures of runs in Chromium and uses them: picture_test.py PROGRAM SOURCES CASE

Each case is a function below, and one entry of CTest (tools/CMakeLists.txt).  `screenshots` writes
docs/picture/ anew, and is called by people:

    python3 tools/picture_test.py build/release/bin/holdfast-sim . screenshots
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

import browser

PROGRAM = ""
SOURCES = pathlib.Path()
# Seconds; a quiet machine needs a tenth of it.
PATIENCE = 60


def call(*arguments, cwd, code=0):
    """Runs the program to its end; `code` is how it must exit, or None."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=cwd, timeout=300, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(code in (None, done.returncode), f"{arguments}: expected exit {code}, got {done.returncode}\n"
          f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


class Page:
    """A page in a browser of its own."""

    def __init__(self, file, link="", width=1280, height=800, dark=False):
        self.driver = browser.start(width, height, dark)
        # Whatever the page asks a network for is a fault.
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["http://*", "https://*"]})
        began = time.monotonic()
        self.driver.get(f"file://{file}{link}")
        self.wait(lambda: self.run("return document.body.dataset.loadMs"), "the page is drawn")
        self.seconds = time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        problems = [] if kind else [entry["message"] for entry in self.driver.get_log("browser")]
        self.driver.quit()
        check(not problems, f"the console is silent: {problems}")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, holds, what):
        try:
            WebDriverWait(self.driver, PATIENCE).until(lambda _: holds())
        except Exception as problem:
            print([entry["message"] for entry in self.driver.get_log("browser")])
            sys.exit(f"FAILED: {what} ({problem})")

    def settle(self):
        """Waits for what was asked for to be drawn."""
        self.driver.execute_async_script("const done = arguments[0];"
                                         "requestAnimationFrame(() => requestAnimationFrame(() => done()))")

    def text(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def type(self, selector, text):
        field = self.driver.find_element(By.CSS_SELECTOR, selector)
        field.clear()
        field.send_keys(text)
        self.settle()

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()
        self.settle()

    def click_button(self, selector):
        self.driver.find_element(By.CSS_SELECTOR, selector).click()
        self.settle()

    def click_row(self, row):
        """Clicks where the sign of a row was drawn."""
        where = self.run("const sign = picture.lanes.drawn.find((each) => each.row === arguments[0]);"
                         "if (!sign) return null;"
                         "const box = document.getElementById('lanes').getBoundingClientRect();"
                         "return [Math.round(box.left + sign.x), Math.round(box.top + sign.y)]", row)
        check(where, f"row {row} has a sign on the screen")
        for what in ("mousePressed", "mouseReleased"):
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {
                "type": what, "x": where[0], "y": where[1], "button": "left", "clickCount": 1})
        self.settle()

    def drag(self, selector, start, end):
        """Over an element, from one share of its width to another, half way down."""
        left, top, width, height = self.run("const box = document.querySelector(arguments[0]).getBoundingClientRect();"
                                            "return [box.left, box.top, box.width, box.height]", selector)
        y = round(top + height / 2)
        for what, share in (("mousePressed", start), ("mouseMoved", (start + end) / 2), ("mouseMoved", end), ("mouseReleased", end)):
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {
                "type": what, "x": round(left + share * width), "y": y, "button": "left", "buttons": 1, "clickCount": 1})
        self.settle()

    def wheel(self, times):
        for _ in range(times):
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {
                "type": "mouseWheel", "x": 500, "y": 420, "deltaX": 0, "deltaY": -240})
        self.settle()

    def shown(self):
        """How many rows the lanes show."""
        return self.run("const [first, last] = picture.view.range; return last - first")

    def selected_event(self):
        return self.run("return picture.selected < 0 ? null : picture.model.event[picture.selected]")

    def states(self):
        """The table of replicas: node to its cells."""
        rows = self.run("return [...document.querySelectorAll('#states tbody tr')]"
                        ".map((row) => [...row.cells].map((cell) => cell.innerText))")
        return {int(cells[0]): cells[1:] for cells in rows}


def states_until(folder, run, event):
    """The same, as `--until` prints it."""
    out = call("replay", *run, "--until", event, cwd=folder, code=None).stdout
    states = {}
    for node, text in re.findall(r"^  node (\d+): (.*)$", out, re.M):
        found = re.match(r"(?:paused, )?(\w+), promised (\S+), begin (\d+), end (\w+), learned (\d[\d,-]*\d|\d|nothing)", text)
        states[int(node)] = found.groups() if found else text
    return states


def compare_states(page, expected):
    """What the page says at its cursor is what `--until` says."""
    shown = page.states()
    check(shown.keys() == expected.keys(), f"every replica is shown: {shown}")
    for node, (status, promised, begin, end, learned) in shown.items():
        word = status.split("\n")[0]
        if isinstance(expected[node], str):
            check(word in ("down", "opening"), f"node {node}: {expected[node]} is shown as {status}")
            continue
        learned = learned.replace("\N{EN DASH}", "-").replace(", ", ",")
        check((word, promised, begin, end, learned) == expected[node],
              f"node {node}: the page says {shown[node]}, --until {expected[node]}")


def draw(folder, *arguments, code=0):
    call("replay", *arguments, "--html", folder / "page.html", cwd=folder, code=code)
    return folder / "page.html"


def small(folder):
    """The page of a small failing run, used as a person would."""
    plan = SOURCES / "scenarios" / "compat" / "g3_ballot_theft.plan"
    plain = call("replay", plan, cwd=folder, code=12)
    drawn = call("replay", plan, "--html", folder / "page.html", "--perfetto", folder / "trace.json", cwd=folder, code=12)
    check(plain.stdout == drawn.stdout, "drawing changes nothing, the fingerprint included")
    failure = re.search(r"^  (\w+) \(safety\) at event (\d+)", plain.stdout, re.M)
    with Page(folder / "page.html") as page:
        number = int(failure.group(2))
        check(f"{failure.group(1)} at #{number}" in page.driver.title, f"the title names the failure: {page.driver.title}")
        check(page.text("#replay") == f"holdfast-sim replay {plan}", "the line that replays it is shown")
        check("What" in page.text("#failure") and "ballot" in page.text("#failure"), "the property's sentence is shown")
        check(page.selected_event() == number, "it opens at the failure")
        compare_states(page, states_until(folder, [plan], number))
        visit_events(page, folder, plan)
        use_keys(page, number)
        use_mouse(page)
        use_filters(page)
        check_links(page, folder)
    check_trace(folder / "trace.json")


def visit_events(page, folder, plan):
    """Clicks signs on the lanes, and compares the states shown with those of `--until`."""
    page.press("0")
    rows = page.run("return picture.lanes.drawn.filter((each) => picture.model.event[each.row] >= 0 "
                    "&& picture.model.name(each.row) === 'accepted').map((each) => each.row)")
    check(len(rows) >= 3, "votes have signs")
    for row in (rows[0], rows[len(rows) // 2], rows[-1]):
        page.click_row(row)
        event = page.selected_event()
        check(page.run("return picture.selected") == row, f"a click on row {row} selects it")
        check(f"#{event} accepted" in page.text("#details"), "its details are shown")
        check(page.run("return location.hash") == f"#event={event}", "the address names it")
        compare_states(page, states_until(folder, [plan], event))
        check("accepted" in page.text("#position"), "so is what was known of its position")


def use_keys(page, failure):
    page.press(Keys.ESCAPE)
    check(page.selected_event() is None, "Escape takes the cursor away")
    page.press("f")
    check(page.selected_event() == failure, "f goes to the failure")
    node = page.run("return picture.model.node[picture.selected]")
    for keys, same in ((("n",), "node"), (("N",), "node"), (("p",), "position"), ((Keys.ARROW_RIGHT,), ""), ((Keys.ARROW_LEFT,), "")):
        before = page.run("return picture.selected")
        page.press(*keys)
        after = page.run("return picture.selected")
        check(after != before, f"{keys} moves the cursor")
        if same == "node":
            check(page.run("return picture.model.node[picture.selected]") == node, "to an event of the same node")
    page.press("0")
    whole = page.shown()
    page.press("+", "+")
    check(page.shown() < whole, "+ zooms in")
    page.press("t")
    check(page.run("return picture.view.mode") == "time", "t shows time")
    page.press("t", "?")
    check(page.run("return document.getElementById('help').open"), "? opens the help")
    page.press(Keys.ESCAPE)
    check(not page.run("return document.getElementById('help').open"), "Escape closes it")


def use_mouse(page):
    page.press("0")
    whole = page.shown()
    page.drag("#overview", 0.95, 0.3)
    check(page.shown() == whole, "the whole run cannot be moved")
    page.wheel(6)
    part, at = page.shown(), page.run("return picture.view.from")
    check(part < whole, "the wheel zooms in")
    page.drag("#lanes", 0.7, 0.4)
    check(page.run("return picture.view.from") > at, "dragging the lanes to the left goes on")
    page.press("0", "+", "+", "+", "+", "+", "+")
    begin, end, width, at = page.run("const { overview, view } = picture;"
                                     "return [overview.x(view.from), overview.x(view.to), view.width, view.from]")
    page.drag("#overview", (begin + end) / 2 / width, 0.9)
    check(page.run("return picture.view.from") > at, "the frame in the overview is dragged to the right")
    page.press("0")


def use_filters(page):
    total = page.run("return picture.model.count")
    page.type("#filter-position", "2")
    rows = page.run("return picture.filter.shown")
    check(0 < rows < total and f"{rows} of {total} lines" in page.text("#filter-count"), "a position is filtered by")
    check(all("2" in text for text in page.run("return [...document.querySelectorAll('.row')].map((row) => row.innerText)")),
          "the list shows only those")
    page.type("#filter-text", "no such text")
    check(page.run("return picture.filter.shown") == 0, "nothing matches")
    check("Nothing matches" in page.text("#list"), "and the list says so")
    page.click_button("#filter-clear")
    check(page.run("return picture.filter.shown") == total, "Clear shows everything again")
    page.click_button(".chip[data-value='frame']")
    check(page.run("return picture.filter.shown") < total, "a kind can be hidden")
    page.click_button("#filter-clear")


def check_links(page, folder):
    page.driver.get(f"file://{folder}/page.html#event=7")
    page.wait(lambda: page.selected_event() == 7, "a link to an event goes there")
    page.driver.get(f"file://{folder}/page.html#event=123456")
    page.wait(lambda: "123456" in page.text("#notice"), "a link to no event says so")


def check_trace(file):
    """What Chrome's trace viewers insist on; sim_picture_test.cc looks closer."""
    events = json.loads(file.read_text())["traceEvents"]
    times = [event["ts"] for event in events if event["ph"] != "M"]
    check(times == sorted(times), "times ascend")
    for begin, end in ("BE", "be", "sf"):
        count = [sum(event["ph"] == phase for event in events) for phase in (begin, end)]
        check(count[0] == count[1] > 0, f"every {begin} has its {end}")


def large(folder):
    """The page of a run of more than 50,000 events opens at once and stays usable."""
    page_file = folder / "page.html"
    call("replay", *LARGE, "--html", page_file, cwd=folder)
    last = int(re.search(r'"last_event":(\d+)', page_file.read_text()).group(1))
    check(last >= 50_000, f"the run has 50,000 events, not {last}")
    with Page(page_file) as page:
        rows = page.run("return picture.model.count")
        draw_ms = page.run("const began = performance.now(); picture.spanTargets = []; picture.lanes.draw(); picture.overview.draw();"
                           "picture.panels.draw(); return performance.now() - began")
        print(f"{last + 1} events, {rows} lines, {page_file.stat().st_size >> 10} KiB: drawn in {page.seconds:.2f} s "
              f"(script {page.run('return document.body.dataset.loadMs')} ms), one redraw {draw_ms:.0f} ms")
        check(page.seconds < 30, f"it opens in {page.seconds:.1f} s")
        check(page.shown() == rows, "all of it is shown at first")
        signs = page.run("return picture.lanes.drawn.length")
        check(0 < signs < 2000, f"far away only landmarks have signs, not {signs}")
        check(draw_ms < 1500, f"a redraw takes {draw_ms:.0f} ms")
        page.wheel(60)
        near = page.shown()
        check(near < rows / 100, f"the wheel zooms in, to {near} of {rows}")
        page.run("picture.view.approach(picture.model.rowOfEvent(40000, true)); picture.redraw()")
        page.settle()
        row = page.run("return picture.lanes.drawn.map((each) => each.row).find((row) => picture.model.event[row] >= 40000)")
        page.click_row(row)
        check(page.selected_event() >= 40000, "an event deep inside is clicked")
        compare_states(page, states_until(folder, LARGE, page.selected_event()))
        position = page.run("return picture.position ?? picture.model.position[picture.model.eventRows.find("
                            "(row) => picture.model.position[row] >= 0)]")
        page.type("#filter-position", str(position))
        shown = page.run("return picture.filter.shown")
        check(0 < shown < rows, f"the filter leaves {shown} of {rows}")
        check(page.run("return picture.lanes.drawn.length") > 0, "which then have signs")
        page.click_button("#filter-clear")
    with Page(page_file, "#event=45000") as page:
        check(page.selected_event() == 45000, "the deep link opens at its event")


# An hour in which five members append and one after the other loses its disk.
LARGE = (1, "--scenario", "wipe_hour")


def explored(folder):
    """The page of a schedule that the model checker found."""
    schedule = SOURCES / "scenarios" / "explore" / "gaps" / "g2b.schedule"
    found = call("explore", "--replay", schedule, "--html", folder / "page.html", cwd=folder, code=12)
    check(f"page: {folder / 'page.html'}" in found.stdout, "it says where the page is")
    said = re.search(r"^after event \d+ \(line \d+\): voting: (.*)$", found.stdout, re.M).group(1)
    with Page(folder / "page.html") as page:
        check(page.driver.title.startswith("mesos_g2b, explored: safety, voting at #"), page.driver.title)
        check(page.text("#run-title") == "mesos_g2b, explored" and said in page.text("#failure"), "the violation is shown")
        check(page.text("#replay") == f"holdfast-sim explore --replay {schedule}", "the line that plays it is shown")
        check(page.selected_event() is not None, "it opens where it is wrong")
        states = page.states()
        # The first is down, and stays down.
        check(len(states) == 5 and states[1][0] == "down", f"members: {states}")
        check(all(states[member][0].startswith("VOTING") for member in (2, 3, 4, 5)), f"members: {states}")
        check(page.run("return picture.model.messages.from.length") > 40, "frames are arrows")
    call("explore", "mesos_g3", "--html", folder / "found.html", cwd=folder, code=12)
    with Page(folder / "found.html") as page:
        check(page.text("#replay") == "holdfast-sim explore mesos_g3", "the line that finds it again is shown")
        check("mesos_g3, explored" in page.driver.title, "what a search finds is drawn as well")


def usage(folder):
    """What cannot be drawn is said, with what to do."""
    plan = SOURCES / "scenarios" / "compat" / "g3_ballot_theft.plan"
    (folder / "file").write_text("")
    for arguments, words in (
            (["--html", folder / "file" / "page.html"], [str(folder / "file")]),
            (["--html", "x.html", "--from", 99999], ["--from 99999", "no such event", "the last one is"]),
            (["--html", "x.html", "--to", 99999], ["--to 99999", "no such event", "the last one is"]),
            (["--html", "x.html", "--from", 9, "--to", 3], ["--to", "'3'", "before --from"]),
            (["--html", "x.html", "--until", 99999], ["--until 99999", "no such event"]),
            (["--html", "x.html", "--from", "x"], ["--from", "'x'", "number after #"]),
            (["--from", 3], ["--from, --to", "--html or --perfetto"]),
            (["--html", "x.html", "--save-events", "y"], ["--html", "--save-events"])):
        done = call("replay", plan, *arguments, cwd=folder, code=2)
        for word in words:
            check(word in done.stderr, f"{arguments}: '{word}' is in {done.stderr!r}")
    check(not (folder / "x.html").exists(), "no page is written then")
    with Page(draw(folder, plan, "--from", 40, "--to", 60, code=12)) as page:
        numbers = page.run("return picture.model.eventRows.map((row) => picture.model.event[row])")
        check(numbers == list(range(40, 61)), f"a window has its events: {numbers}")
        check("events 40 to 60 of" in page.text("#facts"), "and says so")
        page.run("picture.select(picture.model.rowOfEvent(50, true))")
        page.settle()
        compare_states(page, states_until(folder, [plan], 50))
    call("run", "mesos_g3", "--seed", 1, "--html", "failed.html", cwd=folder, code=12)
    with Page(folder / "failed.html") as page:
        check(page.text("#verdict").startswith("\N{MULTIPLICATION X} safety"), "`run` draws its first failure")
        check("holdfast-failures/mesos_g3-1.plan" in page.text("#replay"), "from its decision file")
    with Page(draw(folder, plan, "--until", 20)) as page:
        check(page.run("return picture.model.run.last_event") >= 20, "a page may end early")
        check(page.text("#verdict") == "undecided", "and then nothing is decided")


def screenshots(folder):
    """Writes docs/picture/."""
    out = SOURCES / "docs" / "picture"
    out.mkdir(exist_ok=True)

    def shoot(name, file, script="", **how):
        with Page(file, **how) as page:
            page.run(script)
            page.settle()
            page.driver.save_screenshot(str(out / name))

    def page_of(*run):
        call("replay", *run, "--html", folder / "page.html", cwd=SOURCES, code=None)
        return folder / "page.html"

    shoot("failure.png", page_of("scenarios/compat/g3_ballot_theft.plan"))
    shoot("recovery-dark.png", page_of("scenarios/compat/g2a_a_promise_is_forgotten.plan"),
          "picture.view.zoom(0.6); picture.redraw()", dark=True, height=820)
    file = page_of(*LARGE)
    shoot("whole-run.png", file, "picture.select(picture.model.rowOfEvent(40000), {keepView: true})")
    shoot("position.png", file, "picture.select(picture.model.rowOfEvent(9000)); picture.controls.onlyPosition(picture.position)")
    for png in out.glob("*.png"):
        check(png.stat().st_size < 300_000, f"{png} is small enough to keep")


def main():
    global PROGRAM, SOURCES
    PROGRAM, SOURCES = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
    cases = {case.__name__: case for case in (small, large, explored, usage, screenshots)}
    with tempfile.TemporaryDirectory() as folder:
        cases[sys.argv[3]](pathlib.Path(folder))


if __name__ == "__main__":
    main()

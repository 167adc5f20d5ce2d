"""For gdb: stops holdfast-sim at an event of the protocol and shows what every fiber is doing.

Nothing here reads a variable or a type of the program: the presets' debug information has neither.  What
there is to know comes from the functions holdfast_sim_* (tools/sim_break.cc).
"""

import gdb

BREAK = "holdfast_sim_break"
FOLDERS = ("protocol", "storage", "sim", "scenarios", "properties", "tools")
# Of the machinery between a fiber and what it does, and between a node and the recorder of events.
DULL = ("holdfast::internal::", "holdfast::sim::", "holdfast::scenarios::", "holdfast::tools::", "non-virtual thunk",
        BREAK)
SWITCH = "protocol/fiber/engine.cc"
# Of x86-64: what boost::context keeps where it put a context away, as 8 byte words (jump_fcontext).
KEPT = {"r12": 0x10, "r13": 0x18, "r14": 0x20, "r15": 0x28, "rbx": 0x30, "rbp": 0x38, "rip": 0x40}
KEPT_BYTES = 0x48
USAGE_EXIT = 2
CRASH_EXIT = 10


def text_of(function):
    return gdb.parse_and_eval(f"((const char *(*)()){function})()").string()


def word_at(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), "little")


class Elsewhere:
    """While it lasts, gdb believes that the thread stands where a fiber was put away."""

    def __init__(self, address):
        wanted = {name: word_at(address + offset) for name, offset in KEPT.items()}
        self.wanted = wanted | {"rsp": address + KEPT_BYTES}

    def __enter__(self):
        self.frame = gdb.selected_frame().level()
        gdb.newest_frame().select()
        self.own = {name: int(gdb.parse_and_eval(f"(unsigned long)${name}")) for name in self.wanted}
        self.set(self.wanted)

    def __exit__(self, *_):
        self.set(self.own)
        gdb.execute(f"frame level {self.frame}", to_string=True)

    @staticmethod
    def set(values):
        # The program counter last: a frame is known by it.
        for name, value in values.items():
            gdb.execute(f"set var ${name} = {value}", to_string=True)


def place_of(frame):
    line = frame.find_sal()
    if not line.symtab:
        return ""
    path = line.symtab.filename
    ours = [path[at + 1:] for at in (path.rfind(f"/{folder}/") for folder in FOLDERS) if at >= 0]
    return f"{max(ours, key=len, default=path)}:{line.line}"


def is_dull(name, place):
    ours = place.startswith(tuple(f"{folder}/" for folder in FOLDERS))
    return not ours or name.startswith(DULL) or (place.startswith(SWITCH) and name == "operator()")


def short(name):
    """A function without what it takes."""
    return name if name.endswith("operator()") else name.split("(", 1)[0] or name


def frames(dull=False):
    """(frame, function, place) from the newest frame on, without those that say nothing."""
    frame, before = gdb.newest_frame(), None
    while frame is not None:
        name, place = frame.name() or "?", place_of(frame)
        if dull or not is_dull(name, place):
            yield frame, short(name), place
        try:
            # A stack of a fiber ends where nothing is known any more.
            frame, before = frame.older(), frame
        except gdb.error:
            return


def show_frames(indent, dull=False):
    for number, (_, name, place) in enumerate(frames(dull)):
        gdb.write(f"{indent}#{number} {name}{' at ' if place else ''}{place}\n")


def fibers():
    """(node, number, address, state) of every fiber, a node's fibers from the oldest."""
    found, counts = [], {}
    for line in text_of("holdfast_sim_fibers").splitlines():
        node, address, state = line.split(" ", 2)
        counts[node] = counts.get(node, 0) + 1
        found.append((int(node), counts[node], int(address, 16), state))
    return found


def show_fiber(node, number, address, state, dull=False):
    gdb.write(f"  fiber {node}.{number}, {state}\n")
    if state.startswith("running"):
        show_frames("    ", dull)
    elif not gdb.selected_frame().architecture().name().startswith("i386:x86-64"):
        gdb.write("    its stack can be read on x86-64 only\n")
    elif address:
        with Elsewhere(address):
            show_frames("    ", dull)


def show_fibers(wanted=None):
    last = None
    for fiber in fibers():
        if wanted is not None and fiber[0] != wanted:
            continue
        if fiber[0] != last:
            gdb.write(f"node {fiber[0]}\n")
            last = fiber[0]
        show_fiber(*fiber)
    if last is None:
        gdb.write("no fibers\n" if wanted is None else f"node {wanted} is down, or there is no such node\n")


def need_run():
    if not gdb.selected_inferior().pid:
        raise gdb.GdbError("the run is over; `holdfast-start` plays it again")


class Fibers(gdb.Command):
    """holdfast-fibers [NODE]: what every fiber (of a node) stands at, without the frames of the machinery."""

    def __init__(self):
        super().__init__("holdfast-fibers", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        need_run()
        if argument and not argument.isdigit():
            raise gdb.GdbError(f"'{argument}' is no node; use 1, 2, ...")
        show_fibers(int(argument) if argument else None)


class Fiber(gdb.Command):
    """holdfast-fiber NODE.NUMBER: every frame of one fiber, as holdfast-fibers numbers them."""

    def __init__(self):
        super().__init__("holdfast-fiber", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        need_run()
        for fiber in fibers():
            if f"{fiber[0]}.{fiber[1]}" == argument.strip():
                show_fiber(*fiber, dull=True)
                return
        raise gdb.GdbError(f"'{argument}' is no fiber; holdfast-fibers shows which there are")


class State(gdb.Command):
    """holdfast-state: what each member is and has of the log, at this very step."""

    def __init__(self):
        super().__init__("holdfast-state", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        need_run()
        gdb.write(text_of("holdfast_sim_state"))


class Start(gdb.Command):
    """holdfast-start: plays the run and stops at the event of --break-at."""

    def __init__(self):
        super().__init__("holdfast-start", gdb.COMMAND_RUNNING)
        self.exit_code = None
        self.breakpoint = None
        gdb.events.exited.connect(self.on_exit)

    def on_exit(self, event):
        self.exit_code = getattr(event, "exit_code", None)

    def invoke(self, argument, from_tty):
        self.exit_code = None
        wrong = ""
        if not self.breakpoint:
            self.breakpoint = gdb.Breakpoint(BREAK, internal=True)
            self.breakpoint.silent = True
        try:
            # Told here, in a few words; what the program itself writes is seen all the same.
            gdb.execute("run", to_string=True)
        except gdb.error as error:
            wrong = str(error)
        if gdb.selected_inferior().pid and gdb.newest_frame().name().endswith(BREAK):
            self.stopped()
        elif gdb.selected_inferior().pid:
            gdb.write("the run stopped before it came to the event, here:\n")
            self.leave(CRASH_EXIT, tell=True)
        elif self.exit_code is not None:
            # It has said itself what is wrong.
            self.leave(self.exit_code)
        else:
            gdb.write(f"gdb could not play the run{': ' if wrong else ''}{wrong}. Where a container or a policy forbids "
                      "ptrace, allow it: docker run --cap-add=SYS_PTRACE, kernel.yama.ptrace_scope=0\n", gdb.STDERR)
            self.leave(USAGE_EXIT)

    @staticmethod
    def leave(code, tell=False):
        if holdfast_prompt and code != USAGE_EXIT:
            return
        if tell:
            show_frames("  ")
            show_fibers()
        gdb.execute(f"quit {code}")

    @staticmethod
    def stopped():
        gdb.write(f"stopped at {text_of('holdfast_sim_event')}\n")
        if not holdfast_prompt:
            gdb.write(text_of("holdfast_sim_state"))
            show_fibers()
            gdb.execute("kill", to_string=True)
            gdb.execute("quit 0")
        for frame, _, _ in frames():
            frame.select()
            break
        gdb.execute("frame")
        gdb.write("holdfast-fibers [NODE] shows what every fiber stands at, holdfast-fiber NODE.NUMBER all of one, "
                  "holdfast-state each member\n")


for setting in ("pagination off", "confirm off", "print thread-events off", "print inferior-events off",
                "breakpoint pending on", "print address off"):
    gdb.execute(f"set {setting}", to_string=True)
for command in (Fibers, Fiber, State, Start):
    command()

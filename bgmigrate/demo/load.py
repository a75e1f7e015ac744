"""One version of the shop under load, in a process of its own: `python -m bgmigrate.demo.load TREE URL APPLICATION_NAME [PORT]`.

A *baton* is one customer with the facts that any reader must find. Whoever holds it reads and checks it, changes it, reads it back,
and passes it on, to the other version when that one runs. So both versions write the same rows, and every value has one right answer.
Orders come in on standard input, one JSON object a line; what was done goes out the same way.
"""

from __future__ import annotations

import json
import queue
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any

from bgmigrate.demo.facts import PRODUCTS, differences, known_to_blue, known_to_green, seeded

THREADS = 2
PASSES = 10  # then a baton rests until the closing audit


class Load:
    """The version's workers. `shop` is its service module, `session` makes its sessions."""

    def __init__(self, shop: Any, session: Callable[[], Any], environment: str) -> None:
        self.shop, self.session, self.environment = shop, session, environment
        self.batons: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.phase, self.rate = "", 0.0
        self.stopping = threading.Event()
        self._out = threading.Lock()
        self._count = 0

    def say(self, **message: Any) -> None:
        text = json.dumps(message)
        with self._out:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def request(self, what: Callable[[Any], Any], check: Callable[[Any], list[str]] = lambda _: []) -> Any:
        """One transaction, timed, counted in the phase in which it began."""
        phase, started = self.phase, time.perf_counter()
        answer, error, wrong = None, None, []
        try:
            with self.session() as session, session.begin():
                answer = what(session)
            wrong = check(answer)
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}".splitlines()[0]
        self.say(done=phase, ms=round((time.perf_counter() - started) * 1000, 3), error=error, wrong=wrong)
        if error or wrong:
            raise LostBaton
        return answer

    def run(self, seed: int) -> None:
        """Work until told to stop, at `rate` requests a second over all threads."""
        random_ = random.Random(seed)
        while not self.stopping.is_set():
            if not self.rate:
                self.stopping.wait(0.05)
                continue
            began = time.perf_counter()
            try:
                requests = self.turn(random_)
            except LostBaton:
                requests = 1
            except Exception as bug:  # the load's own fault must not look like silence
                self.say(done=self.phase, ms=0.0, error=f"the load itself: {bug!r}", wrong=[])
                return
            self.stopping.wait(max(0.0, began + requests * THREADS / max(self.rate, 1.0) - time.perf_counter()))

    def turn(self, random_: random.Random) -> int:
        """Take a baton, or make one, and pass it on. Returns how many requests that were."""
        try:
            baton = self.batons.get_nowait() if random_.random() < 0.85 else self.register(random_)
        except queue.Empty:
            baton = self.register(random_)
        customer, facts = baton["customer"], baton["facts"]
        self.request(lambda s: self.shop.read(s, customer), lambda seen: differences(seen, facts, f"customer {customer}"))
        requests = 4
        if order := baton.get("order"):
            self.request(lambda s: self.shop.read_order(s, order["id"]), lambda seen: differences(seen, order["facts"], f"order {order['id']}"))
            requests += 1
        changes, earned = self.changes(random_, facts), random_.randrange(1, 9)
        self.request(lambda s: self.shop.change(s, customer, changes, earned))
        facts |= changes | {"points": facts["points"] + earned}
        self.request(lambda s: self.shop.read(s, customer), lambda seen: differences(seen, facts, f"customer {customer}"))
        placed = {"customer": customer, "note": random_.choice([None, f"for {customer}"]),
                  "channel": "web" if self.environment == "blue" else random_.choice(["web", "app"]),
                  "lines": [[random_.randrange(PRODUCTS) + 1, random_.randrange(1, 5), 250]]}  # fmt: skip
        baton["order"] = {"id": self.request(lambda s: self.shop.place_order(s, placed)), "facts": placed}
        baton["passes"] = baton.get("passes", 0) + 1
        self.say(**{"rest" if baton["passes"] >= PASSES else "baton": baton})
        return requests

    def register(self, random_: random.Random) -> dict[str, Any]:
        self._count += 1
        mark = f"{self.environment}-{random_.randrange(10**9)}-{self._count}"
        common = {"name": f"New {mark}", "email": f"{mark}@Shop.example", "phone": random_.choice([None, "+1 555"]), "points": 0}
        if self.environment == "blue":
            facts = known_to_blue(**common, fax=random_.choice([None, "+1 556"]), newsletter=random_.random() < 0.5)
        else:
            facts = known_to_green(**common, tier=random_.choice(["standard", "gold"]), street=random_.choice([None, f"{mark} Street"]))
        return {"customer": self.request(lambda s: self.shop.register(s, facts)), "facts": facts}

    def changes(self, random_: random.Random, facts: dict[str, Any]) -> dict[str, Any]:
        """New values for some facts that this version knows, and what follows from them."""
        mark = random_.randrange(10**6)
        possible: list[dict[str, Any]] = [{"name": f"{facts['name'].split(' #')[0]} #{mark}"}, {"phone": f"+1 {mark}"}, {"phone": None}]
        email = f"{mark}+{facts['email'].rsplit('+', 1)[-1]}" if mark % 2 else facts["email"].swapcase()
        possible.append({"email": email, "email_key": email.lower()})
        if self.environment == "blue":
            possible += [{"fax": f"+1 {mark}"}, {"fax": None}, {"newsletter": not facts["newsletter"]}]
        else:
            possible += [{"tier": random_.choice(["standard", "gold"])}, {"street": f"{mark} Road"}]
        first, second = random_.sample(possible, 2)
        return first | second

    def audit(self, customers: int, touched: dict[str, dict[str, Any]]) -> None:
        """Read every customer and compare: with the last facts of those that were touched, with the seed for all others."""
        wrong, count = [], 0
        with self.session() as session:
            for customer, seen in self.shop.everybody(session):
                count += 1
                facts = touched.get(str(customer)) or (seeded(customer) if customer <= customers else None)
                if facts:
                    wrong += differences(seen, facts, f"customer {customer}")
        self.say(audited=count, wrong=wrong)


def front(load: Load, port: int) -> None:
    """Show customers to visitors over HTTP, while the load goes on."""

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with load.session() as session:
                page = {"version": load.environment, "name": load.shop.read(session, int(self.path.rpartition("/")[2]))["name"]}
            body = json.dumps(page).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()


class LostBaton(Exception):
    """A request failed or read a wrong value; it is counted, and its baton is not passed on."""


def main(tree: str, url: str, name: str, port: str = "") -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us stops us
    sys.path.insert(0, tree)
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    service = import_module("shop.service")

    engine = create_engine(url, pool_size=THREADS + 2, connect_args={"application_name": name})
    load = Load(service, lambda: Session(engine), name.removeprefix("shop-"))
    with engine.connect():
        if port:
            front(load, int(port))
        load.say(ready=True)
    workers: list[threading.Thread] = []
    for line in sys.stdin:
        order = json.loads(line)
        if "baton" in order:
            load.batons.put(order["baton"])
        elif "phase" in order:
            load.phase, load.rate = order["phase"], order["rate"]
            if not workers:
                workers = [threading.Thread(target=load.run, args=(n,), daemon=True) for n in range(THREADS)]
                for worker in workers:
                    worker.start()
        elif "audit" in order:
            load.audit(**order["audit"])
        elif "stop" in order:
            load.stopping.set()
            for worker in workers:
                worker.join()
            while not load.batons.empty():
                load.say(baton=load.batons.get())
            load.say(stopped=True)
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])

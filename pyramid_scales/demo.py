"""A small bookshop to look at: ``python -m pyramid_scales.demo``, then open the address that it prints.

It has statistics of every type that greplin.scales knows, and customers: threads of its own that send
it requests, some of which fail. Under another server: ``gunicorn 'pyramid_scales.demo:make_wsgi_app()'``.
"""

from __future__ import annotations

import argparse
import http.client
import logging
import random
import signal
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from greplin import scales
from greplin.scales import meter
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound, HTTPNotFound

GENRES = ("poetry", "crime", "travel")


class Shelf:
    """A child of the shop in the tree of statistics, and a resource of its site."""

    stock = scales.IntStat("stock")
    lent = scales.IntDictStat("lent")
    state = scales.Stat("state")

    def __init__(self, genre: str) -> None:
        scales.initChild(self, f"shelves/{genre}")
        self.genre = genre
        self.stock = 50

    def take(self) -> None:
        """Sell one book; an empty shelf is filled again."""
        self.stock = self.stock - 1 or 50
        self.state = "low" if self.stock < 10 else "well filled"


class Shop:
    """The application's statistics; each attribute is one type of them."""

    orders = scales.IntStat("orders")
    revenue = scales.DoubleStat("revenue")
    last_title = scales.Stat("last title", "none yet")
    sold = scales.IntDictStat("sold")
    bestseller = scales.StringDictStat("bestseller")
    basket = scales.PmfStat("books per order")
    price = scales.NamedPmfDictStat("price")
    visits = meter.MeterStat("visits")
    searches = meter.MeterDictStat("searches")
    clerk = scales.StateTimeStat("clerk")
    stock = scales.SumAggregationStat("stock")  # of all shelves
    state = scales.HistogramAggregationStat("state")  # how many shelves are in each
    lent = scales.IntDictSumAggregationStat("lent")  # to whom, over all shelves

    def __init__(self) -> None:
        scales.init(self, "shop")
        self.lock = threading.Lock()  # scales itself loses updates that come from two threads
        self.shelves = {genre: Shelf(genre) for genre in GENRES}
        self.opened = time.monotonic()
        statistics = scales.getStats()["shop"]
        statistics["open for seconds"] = lambda: round(time.monotonic() - self.opened, 1)
        statistics["warehouse"] = self.ask_warehouse
        statistics["limits"] = {"books per order": 9, "genres": list(GENRES)}
        scales.collection("shop/cellar", scales.IntStat("bottles", 12))
        scales.setCollapsed("shop/cellar")

    def enter(self, searching: str = "") -> None:
        """Note a visit, and what it is about."""
        with self.lock:
            self.visits = 1
            if searching:
                self.searches[searching].mark()

    def ask_warehouse(self) -> int:
        """A statistic that can't be read: the page names it, and shows all the others."""
        raise ConnectionError("the warehouse does not answer (on purpose)")

    def sell(self, genre: str, books: int) -> float:
        """Note an order; returns its price."""
        price = round(random.lognormvariate(2.5, 0.4) * books, 2)
        with self.lock:
            self.orders += 1
            self.revenue += price
            self.last_title = f"{genre} no. {self.orders}"
            self.sold[genre] += books
            self.bestseller[genre] = f"{genre} no. {random.randint(1, 20)}"
            self.basket = books
            self.price[genre] = price
            for _ in range(books):
                self.shelves[genre].take()
        return price

    def work(self) -> None:
        """What the clerk does in the background: one thing after another."""
        with self.lock:
            self.clerk = random.choice(("sorting", "reading", "at the till"))
            self.shelves[random.choice(GENRES)].lent[random.choice(("Ada", "Grace", "Alan"))] += 1


class Refused(Exception):
    """The bank does not pay; an exception view answers it."""


def home(request: Any) -> str:
    """Fast: text alone."""
    request.registry.shop.enter()
    return f"A bookshop with {', '.join(GENRES)}. How it does: {request.route_url('scales', prefix=())}"


def search(request: Any) -> dict[str, Any]:
    """Slow: some hundredths of a second, rarely half a second."""
    genre = random.choice(GENRES)
    request.registry.shop.enter(genre)
    time.sleep(min(random.lognormvariate(-3.5, 0.8), 0.5))
    return {"found": genre}


def book(request: Any) -> dict[str, Any]:
    """A page with a parameter: one route, whatever the number."""
    if int(request.matchdict["number"]) > 90:
        raise HTTPNotFound
    return {"title": f"no. {int(request.matchdict['number'])}"}


def order(request: Any) -> dict[str, Any]:
    """Usually an order; sometimes the bank refuses."""
    if random.random() < 0.1:
        raise Refused
    genre = random.choice(GENRES)
    return {"paid": request.registry.shop.sell(genre, random.randint(1, 5))}


def refused(request: Any) -> dict[str, Any]:
    """The exception view: a 502 of the application's own."""
    request.response.status_int = 502
    return {"error": "the bank refuses"}


def recommend(request: Any) -> dict[str, Any]:
    """A mistake in the program: the exception escapes to the server."""
    titles: dict[str, str] = {}
    return {"title": titles["of the week"]}


def moved(request: Any) -> HTTPFound:
    """A redirect."""
    return HTTPFound(request.route_path("home"))


def shelf(context: Shelf, request: Any) -> dict[str, Any]:
    """Found by traversal: no route, the view gives the name."""
    return {"genre": context.genre, "stock": context.stock}


def make_wsgi_app(settings: Mapping[str, Any] | None = None) -> Any:
    """The shop as a WSGI application; ``settings`` are Pyramid's, ``scales.*`` among them."""
    shop = Shop()
    with Configurator(settings=settings, root_factory=lambda request: shop.shelves) as config:
        config.include("pyramid_scales")
        config.registry.shop = shop
        for name, pattern, view, renderer in (
            ("home", "/", home, "string"),
            ("search", "/search", search, "json"),
            ("book", "/books/{number:[0-9]{1,4}}", book, "json"),
            ("order", "/order", order, "json"),
            ("recommend", "/recommend", recommend, "json"),
            ("moved", "/index.html", moved, None),
        ):
            config.add_route(name, pattern)
            config.add_view(view, route_name=name, renderer=renderer)
        config.add_view(shelf, context=Shelf, renderer="json")
        config.add_exception_view(refused, context=Refused, renderer="json")
    return config.make_wsgi_app()


VISITS = (
    *["GET /", "GET /books/{number}"] * 6,
    *["GET /search?q={number}"] * 4,
    *["POST /order"] * 3,
    *["GET /poetry", "HEAD /", "GET /index.html", "GET /recommend", "GET /wp-login.php?{number}"],
)


def visit(port: int) -> None:
    """One customer's request, over a connection of its own; what stands twice is asked for twice as often."""
    method, target = random.choice(VISITS).split()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, target.format(number=random.randint(1, 99)))
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        pass  # the server is stopping
    finally:
        connection.close()


def repeat(action: Callable[[], object], pause: float, closing: threading.Event) -> None:
    """Start a thread that does something again and again, some ``pause`` seconds apart."""

    def run() -> None:
        while not closing.wait(random.expovariate(1 / pause)):
            action()

    threading.Thread(target=run, daemon=True).start()


def main(arguments: list[str] | None = None) -> None:
    """Serve the shop on this machine alone, with customers, until Ctrl-C."""
    from waitress import create_server  # pip install 'pyramid_scales[demo]'

    parser = argparse.ArgumentParser(prog="python -m pyramid_scales.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=6543, help="where it listens; if taken, any free one")
    port = parser.parse_args(arguments).port
    # Its failures are on purpose, and their tracebacks would bury the address.
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    app = make_wsgi_app()
    try:
        server = create_server(app, host="127.0.0.1", port=port)
    except OSError as error:
        print(f"Port {port}: {error.strerror}.", end=" ")
        server = create_server(app, host="127.0.0.1", port=0)
    port, closing = server.effective_port, threading.Event()
    print(f"The page is at http://127.0.0.1:{port}/scales/ and Ctrl-C ends it.", flush=True)
    repeat(app.registry.shop.work, 0.5, closing)
    for _ in range(3):
        repeat(lambda: visit(port), 0.15, closing)

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C would be a traceback
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    server.run()  # catches the KeyboardInterrupt, ends the requests under way and returns
    closing.set()
    server.close()


if __name__ == "__main__":  # pragma: no cover (the functional tests start it as a program)
    # By its own name, so that the page names the views after it and not after __main__.
    from pyramid_scales import demo

    demo.main()

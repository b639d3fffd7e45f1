"""What each figure of the page means: one plain sentence each, printed at the end of the page.

Here and in the other texts of ours stands no character above U+00FF: a single one would double the
memory that Python needs for a page.
"""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """The meaning of one figure."""

    key: str
    title: str
    text: str


_REQUESTS: tuple[Explanation, ...] = (
    Explanation(
        "rate",
        "Rate",
        "Requests answered per second. The table shows the last five minutes; the overview also one and"
        " fifteen. Counted exactly, in slices of ten seconds; a younger application is measured by its age.",
    ),
    Explanation(
        "change",
        "Change",
        "How far the rate of the last minute is from that of the last fifteen:"
        " +100\xa0% is twice as many requests; at -100\xa0% there are none any more."
        " It is sorted by its size, whether up or down.",
    ),
    Explanation(
        "errors",
        "Errors",
        "Responses with a status of 500 or more, and exceptions that nothing caught, as a share of the"
        " requests of the last five minutes. Counted exactly.",
    ),
    Explanation(
        "latency",
        "Latency",
        "Time from a request's arrival at the application to its response, transaction and error pages"
        " included; the server's own queue and the sending of the body are not. The drawing shows the"
        " mean of each half minute.",
    ),
    Explanation(
        "p50",
        "p50",
        "Half of the requests of the last five minutes took at most this long (within 2.2\xa0%).",
    ),
    Explanation(
        "p95", "p95", "95 of 100 requests of the last five minutes took at most this long (within 2.2\xa0%)."
    ),
    Explanation(
        "p99", "p99", "99 of 100 requests of the last five minutes took at most this long (within 2.2\xa0%)."
    ),
    Explanation("max", "Max", "The slowest request of the last five minutes (within 2.2\xa0%)."),
    Explanation("requests", "Requests", "All requests since recording began. Nobody's reading sets it back."),
    Explanation("methods", "Methods", "The HTTP methods that were used; unusual ones stand under _OTHER."),
)
OVERVIEW: tuple[Explanation, ...] = (
    *_REQUESTS,
    Explanation(
        "active",
        "In flight",
        "Requests that are being answered at this moment; the page's own are never counted.",
    ),
    Explanation("uptime", "Up", "Time since the process that made this page started."),
    Explanation(
        "route",
        "Route",
        "What answered: the name and pattern of the route, or the view's dotted name where traversal found"
        " it; (unmatched) is what no route or view answered, (other) what came after the cap of series.",
    ),
    Explanation(
        "drawing",
        "Last 15 min",
        "Requests in each half minute (in the overview: per second, in steps of ten), newest at right, each"
        " drawing in a scale of its own; what is red are errors. A younger application shows less than"
        " fifteen minutes.",
    ),
    Explanation(
        "retries",
        "Retried",
        "Attempts that pyramid_retry repeated. Only the last attempt of a request counts as a request.",
    ),
)
WORKERS: tuple[Explanation, ...] = (
    Explanation(
        "workers",
        "Workers",
        "Processes of this machine whose figures are added up here. An ended one keeps its counts in the"
        " sums until another takes its place: that one has adopted them, and counts on.",
    ),
    Explanation(
        "oldest",
        "Oldest snapshot",
        "Requests are always up to date; each worker publishes its other statistics at most once a second,"
        " and this is the age of the oldest.",
    ),
)
ROUTE: tuple[Explanation, ...] = (
    *_REQUESTS,
    Explanation("statuses", "Status codes", "Responses by status code, since recording began."),
    Explanation(
        "exceptions",
        "Exceptions",
        "Exceptions that escaped, or that a view answered with a status of 500 or more, by class,"
        " since recording began.",
    ),
    Explanation(
        "histogram",
        "Histogram",
        "Requests by duration on a logarithmic axis, those of the last five minutes before those of all time,"
        " each in a scale of its own; the area of a bar tells its share. The buckets are a sixteenth of a"
        " doubling wide, so every figure is within 2.2\xa0%.",
    ),
)
STATISTICS: tuple[Explanation, ...] = (
    Explanation(
        "statistics",
        "Statistics",
        "Values as the application keeps them with greplin.scales. What is rounded or has a unit"
        " shows its exact value under the pointer and when focused.",
    ),
    Explanation(
        "distribution",
        "count, median, 99\xa0%",
        "A sampled distribution of scales: count, minimum and maximum are of all time, the percentiles of a"
        " sample of recent values, refreshed at most every 20 seconds.",
    ),
)
MERGED: tuple[Explanation, ...] = (
    Explanation(
        "near",
        "Approximate",
        "Marked with a double tilde: merged from several workers, so approximate or up to a second old.",
    ),
)
BY_KEY = {found.key: found.text for found in (*OVERVIEW, *WORKERS, *ROUTE, *STATISTICS, *MERGED)}

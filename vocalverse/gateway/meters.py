"""Counters that requests move, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Meters:
    """The counters that requests move."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "vocalverse_requests", "Requests answered.", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "vocalverse_request_seconds",
            "From the last header to the end of the answer.",
            ("route", "method"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.bytes_in = Counter("vocalverse_body_bytes", "Bytes of bodies read.", registry=self.registry)
        self.under_way = Gauge("vocalverse_requests_under_way", "Requests being answered.", registry=self.registry)

"""A Galileo collector or a Runscope API that counts what it takes, and has its troubles."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

from bench.soak.script import Trouble
from tests.end_to_end.collector import exchanges_in
from tests.vendor_server import Manner, Received, Reply, VendorServer

_REFUSED = 0
_PARTLY = {"errors": [f"ALF[0] har.log.entries.{_REFUSED}.request.method is not to my liking"]}
_REPLIES = {
    Trouble.DOWN: Reply(manner=Manner.CLOSE),
    Trouble.OVERLOADED: Reply(503),
    Trouble.WANTS_QUIET: Reply(429, headers={"Retry-After": "1"}),
    Trouble.SLOW: Reply(delay=1.0),
    Trouble.HANGS: Reply(manner=Manner.HANG),
    Trouble.RESETS: Reply(manner=Manner.RESET),
    Trouble.PARTLY: Reply(207, json.dumps(_PARTLY).encode()),
}
_TAKING = {None, Trouble.SLOW, Trouble.PARTLY}
# With some troubles a part of the payloads comes through.
_STRUCK = 0.8


class Destination(VendorServer):
    """`trouble` may be changed while it runs."""

    def __init__(self, rng: Random) -> None:
        super().__init__(self._answer)
        self.trouble: Trouble | None = None
        self.taken: Counter[str] = Counter()
        """How often each exchange arrived in a payload that was taken, by `trace id-span id`."""
        self._rng = rng

    @property
    def duplicated(self) -> int:
        """Exchanges that came again, each time."""
        return self.taken.total() - len(self.taken)

    def _answer(self, request: Received) -> Reply:
        # Hours of payloads would fill this process's memory.
        self.forget()
        trouble = self.trouble if self._rng.random() < _STRUCK else None
        if trouble in _TAKING:
            exchanges = [_identifier(each) for each in exchanges_in(request)]
            if trouble is Trouble.PARTLY and "har" in request.json():
                del exchanges[_REFUSED]
            self.taken.update(exchanges)
        return Reply() if trouble is None else _REPLIES[trouble]


def _identifier(exchange: dict[str, object]) -> str:
    if "unique_identifier" in exchange:
        return str(exchange["unique_identifier"])
    extension = exchange["_otel"]
    assert isinstance(extension, dict)
    return f"{extension['traceId']}-{extension['spanId']}"

"""Kong's helper spans and their roots, where one record holds both.

Nearly always a trace has one root here and every helper span hangs below it. The rest is for the
traces that pass a gateway twice, and for spans that hang elsewhere (see `late.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from otel_bridge.mapping.assemble import Draft
from otel_bridge.mapping.exchange import HelperSpan
from otel_bridge.mapping.late import LooseHelper, may_be_below

# Of a trace with more roots in one record than these, times say nothing.
MOST_ROOTS = 32


def join(
    roots: Mapping[bytes, Sequence[Draft]], helpers: Mapping[str, Mapping[bytes, Sequence[HelperSpan]]]
) -> list[LooseHelper]:
    """Give helper spans (by sender and trace) to their *roots* (by trace); what is left has none here."""
    loose: list[LooseHelper] = []
    for key, traces in helpers.items():
        for trace_id, group in traces.items():
            here = roots.get(trace_id, ())
            left = _below(here, group)
            if left:
                left = list(_within([root for root in here if root.sender.key == key], left))
            loose += [LooseHelper(helper, trace_id, key) for helper in left]
    return loose


def _below(roots: Sequence[Draft], group: Sequence[HelperSpan]) -> Sequence[HelperSpan]:
    """Hand out *group* by parent span ids; returns the others."""
    if len(roots) == 1:
        only = roots[0]
        if all(helper.parent_span_id == only.span_id for helper in group):
            only.helpers.extend(group)
            return ()
    children: defaultdict[bytes, list[HelperSpan]] = defaultdict(list)
    for helper in group:
        children[helper.parent_span_id].append(helper)
    for root in roots:
        parents = [root.span_id]
        while parents:
            found = children.pop(parents.pop(), ())
            root.helpers.extend(found)
            parents.extend([helper.span_id for helper in found])
    return [helper for found in children.values() for helper in found]


def _within(roots: Sequence[Draft], group: Iterable[HelperSpan]) -> Iterator[HelperSpan]:
    """Hand out *group* by time, to the root that began last; yields the others."""
    for helper in group:
        fitting = [root for root in roots[:MOST_ROOTS] if may_be_below(helper, root)]
        if fitting:
            max(fitting, key=lambda root: root.start_ns).helpers.append(helper)
        else:
            yield helper

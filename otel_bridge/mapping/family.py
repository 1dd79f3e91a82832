"""Kong's helper spans and their roots, where one record holds both.

Nearly always a helper span hangs right below its root. The rest is for those that hang below another
helper span or elsewhere (see `late.py`), as in traces that pass a gateway twice.
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
    roots: Sequence[Draft], helpers: Mapping[str, Sequence[tuple[bytes, HelperSpan]]]
) -> list[LooseHelper]:
    """Give helper spans (by sender, each with its trace) to their *roots*; what is left has none here."""
    by_id = {root.trace_id + root.span_id: root for root in reversed(roots)} if helpers else {}
    others: list[LooseHelper] = []
    for key, found in helpers.items():
        for trace_id, helper in found:
            root = by_id.get(trace_id + helper.parent_span_id)
            if root is not None:
                root.helpers.append(helper)
            else:
                others.append(LooseHelper(helper, trace_id, key))
    return list(_left(roots, others)) if others else []


def _left(roots: Sequence[Draft], helpers: Iterable[LooseHelper]) -> Iterator[LooseHelper]:
    """Hand out those of *helpers* that hang elsewhere than right below a root; yields the others."""
    traces, groups = defaultdict(list), defaultdict(list)
    for root in roots:
        traces[root.trace_id].append(root)
    for helper, trace_id, key in helpers:
        groups[key, trace_id].append(helper)
    for (key, trace_id), group in groups.items():
        here = traces.get(trace_id, [])
        left = _below(here, group)
        for helper in _within([root for root in here if root.sender.key == key], left):
            yield LooseHelper(helper, trace_id, key)


def _below(roots: Sequence[Draft], group: Sequence[HelperSpan]) -> Iterator[HelperSpan]:
    """Hand out those of *group* that hang below helper spans of *roots*; yields the others."""
    children: defaultdict[bytes, list[HelperSpan]] = defaultdict(list)
    for helper in group:
        children[helper.parent_span_id].append(helper)
    for root in roots:
        parents = [helper.span_id for helper in root.helpers]
        while parents:
            found = children.pop(parents.pop(), ())
            root.helpers.extend(found)
            parents.extend([helper.span_id for helper in found])
    for found in children.values():
        yield from found


def _within(roots: Sequence[Draft], group: Iterable[HelperSpan]) -> Iterator[HelperSpan]:
    """Hand out *group* by time, to the root that began last; yields the others."""
    for helper in group:
        fitting = [root for root in roots[:MOST_ROOTS] if may_be_below(helper, root)]
        if fitting:
            max(fitting, key=lambda root: root.start_ns).helpers.append(helper)
        else:
            yield helper

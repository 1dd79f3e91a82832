"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Tests and what they start talk to this machine, which no proxy finds; what is installed may need one.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join([*filter(None, [os.environ.get(name)]), "127.0.0.1", "localhost", "::1"])

# The same examples in each run, and as long as the machine takes for them: a run says something about the
# code, not about luck or about who else is busy. `pytest --hypothesis-profile=search` looks for new ones.
settings.register_profile(
    "search", deadline=None, derandomize=False, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("repeatable", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile("repeatable")

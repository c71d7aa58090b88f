"""How thorough generated tests are: quick ones by default, more with PATCHKIT_TEST_DEPTH=20.

The quick ones are the same in every run, so that one that fails does so for everybody; deeper runs
look somewhere else each time. A busy machine is no reason to fail.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

DEPTH = int(os.environ.get("PATCHKIT_TEST_DEPTH", "1"))

PROFILE = settings(
    deadline=None,
    derandomize=DEPTH == 1,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)


def examples(count: int) -> settings:
    """Settings for a test that runs programs: `count` examples, times the depth."""
    return settings(PROFILE, max_examples=count * DEPTH)

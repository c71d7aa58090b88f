"""How thorough generated tests are: quick ones by default, more with PATCHKIT_TEST_DEPTH=20."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

DEPTH = int(os.environ.get("PATCHKIT_TEST_DEPTH", "1"))


def examples(count: int) -> settings:
    """Settings for a test that runs programs: `count` examples, times the depth."""
    return settings(
        max_examples=count * DEPTH,
        deadline=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )

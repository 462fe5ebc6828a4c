"""The tables of all versions, in order of age."""

from collections.abc import Mapping

from kinsync.web.api import v1, v2, v3
from kinsync.web.api.table import Endpoint

TABLES: Mapping[str, tuple[Endpoint, ...]] = {
    "v1.2": v1.ENDPOINTS,
    "v2.0": v2.ENDPOINTS,
    "v2.1": v2.ENDPOINTS,
    "v3.0": v3.ENDPOINTS,
    "v3.1": v3.ENDPOINTS,
}
"""Every address of every version."""

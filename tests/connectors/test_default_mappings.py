"""A default mapping carries what its route carries, and what it does not is said."""

import pytest

from kinsync.connectors import CONNECTORS, find_connector
from kinsync.domain.flags import FLAG_FIELDS
from kinsync.domain.frames import ADDRESS_FIELDS
from kinsync.services.extracts import mapping_over


@pytest.mark.parametrize("name", CONNECTORS)
def test_what_a_route_says_of_addresses_and_flags_its_mapping_does(name: str) -> None:
    route = find_connector(name)
    mapping = mapping_over(route, None)
    fed = {*mapping.feeds, *(field for slot in mapping.slots for field in slot)}

    assert fed.isdisjoint(ADDRESS_FIELDS) == route.carries.addresses.startswith("none")
    assert fed.isdisjoint(FLAG_FIELDS) == route.carries.flags.startswith("none")
    assert "not published" not in f"{route.carries.addresses} {route.carries.flags}"
    assert "contact_type" in fed


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_default_mapping_leaves_nobody_out_who_could_be_restricted(name: str) -> None:
    excluded = mapping_over(find_connector(name), None).conditions

    assert not any("restrict" in one.text.lower() for one in excluded)

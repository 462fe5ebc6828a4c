"""Addresses that say what is looked for, without saying it to whoever reads a log of addresses.

What somebody types is a name, a phone or an id, and so is the place where a list goes on. Both
stand sealed in the address: it can be sent to a colleague, who sees the same list, and a proxy that
keeps it learns nothing.
"""

import hashlib
import json
from functools import lru_cache
from typing import Any

from django.conf import settings

from kinsync.domain.errors import ChangeInput
from kinsync.store.sealing import Sealer


def seal(value: Any, district: str) -> str:
    """A text for an address of this district."""
    return _sealer().seal(json.dumps(value).encode(), bound_to=("address", district))


def unseal(text: str, district: str) -> Any:
    """The value again; None where the text is from elsewhere or was changed."""
    try:
        return json.loads(_sealer().unseal(text, bound_to=("address", district)))
    except ChangeInput:
        return None


@lru_cache(maxsize=1)
def _sealer() -> Sealer:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return Sealer([hashlib.sha256(b"addresses" + key.encode()).digest() for key in keys])

"""How systems write what the roster holds."""

ROLE_WORDS = {
    "mother": "Mother",
    "father": "Father",
    "stepmother": "Stepmother",
    "grandmother": "Grandmother",
    "grandfather": "Grandfather",
    "aunt": "Aunt",
    "uncle": "Uncle",
    "friend": "Neighbor",
    "new": "Cousin",
    "unknown": "Other",
    "": "",
}
"""Role of ``roster.CONTACTS`` → what a person would call it."""

ADDRESS_PARTS = ("street", "city", "state", "zip")


def address(family: int) -> dict[str, str]:
    """Where a family lives."""
    street = f"{100 + family % 900} Alder Court"
    return dict(zip(ADDRESS_PARTS, (street, "Larkfield", "CA", "95403"), strict=True))


A_FEW = 7
"""One in so many has a quirk that only a few have."""


def phone(digits: str, number: int) -> str:
    """A phone as people type it, one of several ways by ``number``."""
    if len(digits) != 10:
        return digits
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    forms = (
        f"({area}) {exchange}-{line}",
        f"{area}.{exchange}.{line} x12",
        f"1-{area}-{exchange}-{line}",
        f"{area} {exchange} {line}",
    )
    return forms[number % len(forms)]

"""The files that districts upload: ``students.csv`` and ``customcontacts/contacts.csv``."""

from importlib import resources

from kinsync.domain.mapping import Mapping


def students_mapping() -> Mapping:
    """The default mapping of ``students.csv``."""
    return _mapping("students_file.toml")


def custom_contacts_mapping() -> Mapping:
    """The default mapping of ``customcontacts/contacts.csv``."""
    return _mapping("custom_contacts.toml")


def _mapping(name: str) -> Mapping:
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    return Mapping.from_toml(text, name=name)

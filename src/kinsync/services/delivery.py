"""A delivery: the files that are taken in together, each with the mapping that reads it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinsync import __version__
from kinsync.connectors.students_file import custom_contacts_mapping, students_mapping
from kinsync.domain.errors import ChangeInput
from kinsync.domain.mapping import Mapping
from kinsync.domain.priority import ONE_SOURCE, Priority
from kinsync.domain.vocabulary import Vocabulary, default_vocabulary, vocabulary_text
from kinsync.services.counts import Standing
from kinsync.services.intake import Source
from kinsync.transport.delimited import open_delimited


@dataclass(frozen=True, slots=True)
class Delivery:
    """Files that have been looked at. ``sha256`` is of all their bytes, ``rules`` of all that
    decides what becomes of them: the same of both gives the same result."""

    sources: tuple[Source, ...]
    vocabulary: Vocabulary
    rules: str
    priority: Priority = ONE_SOURCE
    """Whose values stand, where the files are of several sources of the district."""
    standing: tuple[Standing, ...] = ()
    """What counts of each source of the district; nothing where it has one."""
    deletes_later: bool = False
    """Whether who is missing stays until a source is read whole: one of them told changes alone."""

    @property
    def sha256(self) -> str:
        digests = [source.file.sha256 for source in self.sources]
        return digests[0] if len(digests) == 1 else _digest(*digests)

    @property
    def name(self) -> str:
        return ", ".join(source.file.name for source in self.sources)


def open_delivery(
    students: Path, *, contacts: Path | None = None, mapping: Path | None = None
) -> Delivery:
    """Look at the files of a delivery.

    Args:
        students: one row per contact, student details repeated.
        contacts: ``customcontacts/contacts.csv``, which adds contacts to those students.
        mapping: TOML that changes the default mapping of the students file.

    Raises:
        ChangeInput: a file is not there, or the mapping is not valid.
    """
    changed = read_mapping(mapping)
    feeds = students_mapping() if changed is None else changed.over(students_mapping())
    sources = [Source(open_delimited(existing(students)), feeds)]
    if contacts is not None:
        file = open_delimited(existing(contacts))
        sources.append(Source(file, custom_contacts_mapping(), has_students=False))
    return delivery_of(sources)


def delivery_of(
    sources: Sequence[Source],
    *,
    priority: Priority = ONE_SOURCE,
    standing: Sequence[Standing] = (),
    deletes_later: bool = False,
) -> Delivery:
    """Files that have been looked at, taken in together, with the words of all their mappings."""
    told = [repr(source.mapping) for source in sources]
    if not priority.is_of_one:
        told.append(repr(priority))
    rules = _digest(__version__, vocabulary_text(), *told)
    vocabulary = default_vocabulary()
    for source in sources:
        vocabulary = vocabulary.with_words(source.mapping.words)
    return Delivery(tuple(sources), vocabulary, rules, priority, tuple(standing), deletes_later)


def read_mapping(path: Path | None) -> Mapping | None:
    """The mapping in a file of a district; None where none is named.

    Raises:
        ChangeInput: there is no such file, or it is no valid mapping.
    """
    if path is None:
        return None
    try:
        text = existing(path).read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ChangeInput(f"{path} is not UTF-8 text. Save the mapping as UTF-8.") from error
    return Mapping.from_toml(text, name=path.name)


def existing(path: Path) -> Path:
    """A file that was named, if it can be read.

    Raises:
        ChangeInput: it cannot; the message says why.
    """
    """The path, if a file is there that can be read.

    Raises:
        ChangeInput: it cannot.
    """
    if path.is_dir():
        raise ChangeInput(f"{path} is a folder. Name the file itself.")
    if not path.exists():
        raise ChangeInput(f"There is no file {path}. Check the name and the folder.")
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise ChangeInput(f"{path} cannot be read: {error.strerror}.") from error


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()

"""What is known of the people on one side of a match, as evidence of who they are.

Made for leftovers only: comparing names and unpacking phones is slow work, and a usual night
leaves few people to compare.
"""

from dataclasses import dataclass

import polars as pl

from kinsync.domain.frames import CONTACT_DETAILS, RELATIONSHIP_DETAILS
from kinsync.domain.vocabulary import Vocabulary
from kinsync.pipeline.emails import comparable_email, is_placeholder_email
from kinsync.pipeline.evidence import shared_evidence
from kinsync.pipeline.names import comparable, given_name
from kinsync.pipeline.phones import comparable_phone, is_placeholder_phone
from kinsync.pipeline.text import word_key

_PHONE = ("phone", "extension", "type", "type_source")
_MORE_PHONES = pl.List(pl.Struct(dict.fromkeys(_PHONE, pl.String)))
_MORE_EMAILS = pl.List(pl.String)


@dataclass(frozen=True, slots=True)
class People:
    """Contacts of one side, and what they are to their students.

    ``contacts`` has one row per person: ``who`` (a number) and ``frames.CONTACT_DETAILS``.
    ``ties`` has one row per relationship: ``who``, ``student_id`` and
    ``frames.RELATIONSHIP_DETAILS``. ``vocabulary`` says which names, phones and mailboxes are
    placeholders.
    """

    contacts: pl.DataFrame
    ties: pl.DataFrame
    vocabulary: Vocabulary

    @staticmethod
    def incoming(
        contacts: pl.DataFrame, relationships: pl.DataFrame, vocabulary: Vocabulary
    ) -> "People":
        """People of a sync: ``who`` is their ``contact``, relationships have a ``student_id``."""
        return People(
            contacts.select(pl.col("contact").alias("who"), *CONTACT_DETAILS),
            relationships.select(
                pl.col("contact").alias("who"), "student_id", *RELATIONSHIP_DETAILS
            ),
            vocabulary,
        )

    @staticmethod
    def published(
        contacts: pl.DataFrame, relationships: pl.DataFrame, vocabulary: Vocabulary
    ) -> "People":
        """People with ids: ``who`` is the place of their row in ``contacts``, counted from 0.

        Contacts come in the order of their ids, so that a lower ``who`` is an older one.
        """
        numbered = contacts.with_row_index("who")
        who = aligned(relationships["contact_id"], numbered["id"], numbered["who"])
        return People(
            numbered.select("who", *CONTACT_DETAILS),
            relationships.select(who.alias("who"), "student_id", *RELATIONSHIP_DETAILS).filter(
                pl.col("who").is_not_null()
            ),
            vocabulary,
        )

    def only(self, who: pl.Series) -> "People":
        """These people alone."""
        return self._where(pl.col("who").is_in(who.implode()))

    def without(self, who: pl.Series) -> "People":
        """All but these people."""
        return self._where(~pl.col("who").is_in(who.implode())) if who.len() else self

    def around(self, students: pl.Series) -> "People":
        """Everyone who is tied to one of these students, with those ties alone."""
        ties = self.ties.filter(pl.col("student_id").is_in(students.implode()))
        known = pl.col("who").is_in(ties["who"].unique().implode())
        return People(self.contacts.filter(known), ties, self.vocabulary)

    def _where(self, condition: pl.Expr) -> "People":
        return People(self.contacts.filter(condition), self.ties.filter(condition), self.vocabulary)


def aligned(keys: pl.Series, known: pl.Series, values: pl.Series) -> pl.Series:
    """The value that stands beside each key among the known ones, null where it is unknown.

    Long text keys are looked up by their hashes, and no other column is copied: this is for
    millions of rows.
    """
    lookup = pl.DataFrame({"key": known.hash(), "value": values})
    wanted = pl.DataFrame({"key": keys.hash()})
    return wanted.join(lookup, on="key", how="left", maintain_order="left")["value"]


def describe(people: People) -> pl.DataFrame:
    """How each person is named: one row per person.

    Returns:
        ``who``, ``sis_id``, ``name_key`` (null for a placeholder), ``name_suffix``,
        ``given_name``, and ``raw_name``, which a placeholder has too.
    """
    contacts = people.contacts
    names = comparable(contacts["name"]).with_columns(raw_name=word_key(contacts["name"]))
    key = pl.col("name_key")
    is_nobody = key.is_in(sorted(people.vocabulary.placeholder_names)) | ~key.str.contains(r"\p{L}")
    return (
        contacts.select("who", "sis_id")
        .hstack(names)
        .with_columns(name_key=pl.when(~is_nobody).then(key))
        .with_columns(given_name=given_name(key))
    )


def reaches(people: People) -> pl.DataFrame:
    """By what each person can be reached: one row per person and phone or mailbox.

    Returns:
        ``who``, ``reach`` (a phone of ten digits, or a mailbox in lower case) and
        ``is_household``: a home phone reaches whoever lives there. Placeholders are left out.
    """
    words = people.vocabulary
    phones = pl.concat([_first_phones(people.contacts), _more_phones(people.contacts)])
    reach = pl.col("reach")
    phones = phones.filter(~is_placeholder_phone(reach, words.placeholder_phones))
    emails = _emails(people.contacts).filter(
        ~is_placeholder_email(
            reach, words.placeholder_emails, words.placeholder_mailboxes
        ).fill_null(value=False)
    )
    found = pl.concat(
        [phones.with_columns(comparable_phone(reach)), emails.with_columns(comparable_email(reach))]
    )
    return found.group_by("who", "reach").agg(pl.col("is_household").any())


def reached(contacts: pl.DataFrame) -> pl.DataFrame:
    """``who`` and ``reach`` of every phone and mailbox, placeholders too; some twice."""
    reach = pl.col("reach")
    phones = pl.concat([_first_phones(contacts), _more_phones(contacts)])
    return pl.concat(
        [
            phones.select("who", comparable_phone(reach)),
            _emails(contacts).select("who", comparable_email(reach)),
        ]
    )


def office_reaches(people: People, reached: pl.Series) -> pl.Series:
    """Those of ``reached`` that stand under many different names: an office's, not a person's."""
    found = [
        people.contacts.select(reach=comparable_phone(pl.col("phone")), name=pl.col("name")),
        people.contacts.select(reach=comparable_email(pl.col("email")), name=pl.col("name")),
    ]
    wanted = pl.col("reach").is_in(reached.implode())
    return shared_evidence(pl.concat([frame.filter(wanted) for frame in found]), "reach")


def phones_of(contacts: pl.DataFrame) -> pl.DataFrame:
    """Every phone of each contact (``who``), a row each, with all that is said about it."""
    named = {name: name if name == "phone" else f"phone_{name}" for name in _PHONE}
    first = contacts.drop_nulls("phone").select("who", *named.values())
    more = _unpacked(contacts).select(
        "who", *(pl.col("more").struct.field(name).alias(named[name]) for name in _PHONE)
    )
    return pl.concat([first, more.drop_nulls("phone")])


def emails_of(contacts: pl.DataFrame) -> pl.DataFrame:
    """Every mailbox of each contact (``who``), a row each: ``email``."""
    return _emails(contacts).select("who", email="reach")


def _first_phones(contacts: pl.DataFrame) -> pl.DataFrame:
    return contacts.filter(pl.col("phone").is_not_null()).select(
        "who",
        reach="phone",
        is_household=(pl.col("phone_type") == "Home").fill_null(value=False),
    )


def _more_phones(contacts: pl.DataFrame) -> pl.DataFrame:
    return (
        _unpacked(contacts)
        .select(
            "who",
            reach=pl.col("more").struct.field("phone"),
            is_household=(pl.col("more").struct.field("type") == "Home").fill_null(value=False),
        )
        .filter(pl.col("reach").is_not_null())
    )


def _unpacked(contacts: pl.DataFrame) -> pl.DataFrame:
    more = contacts.filter(pl.col("more_phones").is_not_null())
    phones = more.select("who", pl.col("more_phones").str.json_decode(_MORE_PHONES).alias("more"))
    return phones.explode("more")


def _emails(contacts: pl.DataFrame) -> pl.DataFrame:
    first = contacts.select("who", reach="email")
    more = contacts.filter(pl.col("more_emails").is_not_null()).select(
        "who", reach=pl.col("more_emails").str.json_decode(_MORE_EMAILS)
    )
    return (
        pl.concat([first, more.explode("reach")])
        .filter(pl.col("reach").is_not_null())
        .select("who", "reach", is_household=pl.lit(value=False))
    )

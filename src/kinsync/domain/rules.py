"""The catalogue of findings: everything that can be wrong with a file or a row.

A rule's ``code`` is public, like a field of the API: renaming one is a breaking change. ``advice``
speaks to a district admin and says what happens meanwhile. A new rule is an entry here, a check
in the pipeline and a test; its page in the docs writes itself.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Consequence(StrEnum):
    """What happens to the data meanwhile."""

    FILE_REFUSED = "file refused"
    ROW_HELD = "row held"
    VALUE_LEFT_OUT = "value left out"
    PUBLISHED = "published"
    ROW_COLLAPSED = "row collapsed"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong, and what a district does about it."""

    code: str
    severity: Severity
    consequence: Consequence
    title: str
    advice: str
    since: str = "0.1"


def _file(code: str, title: str, advice: str) -> Rule:
    return Rule(code, Severity.ERROR, Consequence.FILE_REFUSED, title, advice)


def _held(code: str, title: str, advice: str) -> Rule:
    return Rule(code, Severity.ERROR, Consequence.ROW_HELD, title, advice)


def _warning(code: str, title: str, advice: str, *, left_out: bool = False) -> Rule:
    meanwhile = Consequence.VALUE_LEFT_OUT if left_out else Consequence.PUBLISHED
    return Rule(code, Severity.WARNING, meanwhile, title, advice)


def _info(code: str, title: str, advice: str) -> Rule:
    return Rule(code, Severity.INFO, Consequence.PUBLISHED, title, advice)


_CATALOGUE = (
    # The file as a whole: nothing is compared, published data stay.
    _file(
        "file-empty",
        "The file is empty",
        "Export the file again and send it whole. Until then everything stays as it was published.",
    ),
    _file(
        "file-header-only",
        "The file has a header and no rows",
        "Check the export's filter and send the file again. "
        "Until then everything stays as it was published.",
    ),
    _file(
        "column-missing",
        "A required column is missing",
        "Add the column, or spell its header as the file format says. "
        "Until then everything stays as it was published.",
    ),
    _file(
        "file-not-text",
        "The file is not delimited text",
        "Save it as CSV: a spreadsheet, archive or encrypted file cannot be read. "
        "Until then everything stays as it was published.",
    ),
    _file(
        "file-encoding",
        "The file's characters cannot be read",
        "Export the file as UTF-8. Until then everything stays as it was published.",
    ),
    _file(
        "quote-unclosed",
        "A quotation mark is opened and never closed",
        "Close or double the quotation mark in the row named. "
        "Until then everything stays as it was published.",
    ),
    _file(
        "file-cut",
        "The file ends in the middle of a row",
        "The upload or export stopped early: send the file again. "
        "Until then everything stays as it was published.",
    ),
    _file(
        "file-no-lines",
        "The file has no line breaks",
        "Export the file with one row per line. Until then everything stays as it was published.",
    ),
    _file(
        "package-unreadable",
        "The package is no zip file that can be opened",
        "Send a zip file without a password, with manifest.csv, users.csv and whatever else the "
        "manifest names. Until then everything stays as it was published.",
    ),
    _file(
        "package-incomplete",
        "A part of the package is missing or damaged",
        "Export the package again and send it whole, with all columns that OneRoster names. "
        "Until then everything stays as it was published.",
    ),
    _file(
        "package-delta",
        "The package holds only what has changed",
        "Have the system export everything ('bulk' in its manifest), for who is gone is told by a "
        "whole list alone. Until then everything stays as it was published.",
    ),
    # Rows that are held: they delete nobody.
    _held(
        "row-shape",
        "The row has more or fewer fields than the header",
        "Look for a comma or quotation mark that is not quoted. Until then this row is held, and "
        "what was published for it stays.",
    ),
    _held(
        "student-id-missing",
        "The row names no student",
        "Fill Student_id. Until then this row is held, and no one is deleted.",
    ),
    _held(
        "student-id-damaged",
        "The student id was damaged by a spreadsheet",
        "Format the column as text before saving: 2.05E+04 was once a number. "
        "Until then this row is held, and no one is deleted.",
    ),
    _held(
        "student-unknown",
        "The contact names a student that is not in the students file",
        "Check Student_id, or send the student. Until then this row is held.",
    ),
    _held(
        "contact-type-missing",
        "The contact has no type",
        "Fill Contact_type, or give the mapping a default. Until then this row is held, and what "
        "was published for this contact stays.",
    ),
    _held(
        "contact-name-missing",
        "The contact has no name",
        "Fill Contact_name. Until then this row is held, and what was published for this contact "
        "stays.",
    ),
    _held(
        "sis-id-reused",
        "One contact id is used for people with unrelated names",
        "Give each person an id of their own. Until then these rows are held, and what was "
        "published for them stays.",
    ),
    # Published, with something to mend.
    _warning(
        "contact-type-unknown",
        "The contact's type is not a known word",
        "Use Primary, Secondary, Parent/Guardian, Emergency, Family or Other, or add the word to "
        "the mapping. Until then the type is Other.",
    ),
    _warning(
        "contact-name-placeholder",
        "The contact's name is a placeholder",
        "Give the person's name. Until then the contact is published, and never joined with "
        "another row.",
    ),
    _warning(
        "relationship-unknown",
        "The relationship is not a known word",
        "Use Parent, Grandparent, Self, Aunt/Uncle, Sibling or Other, or add the word to the "
        "mapping. Until then the relationship is Other.",
    ),
    _warning(
        "contact-restricted-unknown",
        "Whether the contact is restricted is not a known word",
        "Use Y or N, or add the word to the mapping under [words.flag]. Until then the person is "
        "taken for restricted, and withheld from applications.",
    ),
    _warning(
        "contact-flag-unknown",
        "A flag of the contact is not a known word",
        "Use Y or N, or add the word to the mapping under [words.flag]. Until then the contact is "
        "published without it.",
        left_out=True,
    ),
    _warning(
        "contact-order-unknown",
        "The order of the contact is not a number",
        "Give a whole number, 1 for whoever is asked first. Until then the contact is published "
        "without it.",
        left_out=True,
    ),
    _warning(
        "contact-date-unknown",
        "A date of the contact is not understood",
        "Give a date such as 2026-08-31. Until then the contact is published without it.",
        left_out=True,
    ),
    _warning(
        "phone-length",
        "The phone does not have 10 or 11 digits",
        "Give the number with its area code. Until then the contact has no such phone.",
        left_out=True,
    ),
    _warning(
        "phone-placeholder",
        "The phone is a placeholder",
        "Give the real number or leave the cell blank. Until then it is published, and never used "
        "to recognise a person.",
    ),
    _warning(
        "phone-type-unknown",
        "The phone type is not a known word",
        "Use Cell, Home, Work or Other, or add the word to the mapping. "
        "Until then the phone type is Other.",
    ),
    _warning(
        "email-format",
        "The e-mail address is not valid",
        "Give an address like name@example.org. Until then the contact has no such address.",
        left_out=True,
    ),
    _warning(
        "email-placeholder",
        "The e-mail address is a placeholder",
        "Give the real address or leave the cell blank. Until then it is published, and never used "
        "to recognise a person.",
    ),
    _warning(
        "sis-id-names-differ",
        "One contact id stands under different names",
        "Use one spelling for the person. Until then the rows are one contact under the fuller "
        "name.",
    ),
    _warning(
        "sis-id-placeholder",
        "The contact id is a placeholder",
        "Give each person an id of their own, or leave the cell blank. Until then the contact has "
        "no id, and is recognised by name, phone and e-mail.",
        left_out=True,
    ),
    _warning(
        "student-rows-differ",
        "The rows of one student say different things about the student",
        "Repeat the same student details in every row. Until then the student's first row counts.",
    ),
    _warning(
        "contact-unknown",
        "A student names a contact who is not in the package",
        "Send the contact too. Until then the student is published without this contact.",
        left_out=True,
    ),
    _warning(
        "student-detail-missing",
        "A required detail of the student is blank",
        "Fill the column. Until then the student is published without it.",
    ),
    _warning(
        "link-conflict",
        "The row could be one of two different people",
        "Give the contact the id of the right person. Until then it is a contact of its own.",
    ),
    _warning(
        "link-group-large",
        "Too many different rows look like one person",
        "Check the names, phones and e-mail addresses of these rows. "
        "Until then each is a contact of its own.",
    ),
    _warning(
        "deletions-deferred",
        "Nothing is deleted because a held row's student cannot be read",
        "Mend the held rows. Until then contacts and students missing from the file stay.",
    ),
    _warning(
        "source-older-used",
        "What came last of a source cannot be read, and what came before it stands",
        "Mend what came last, or send it again. Until then everything is as the source said "
        "before, and nothing is deleted for want of it.",
    ),
    # Good to know.
    _info(
        "deletions-at-next-whole-pull",
        "Who is missing stays, because a source told what changed and nothing else",
        "Nothing to do: everything is read once a day, and 'kinsync source pull --full' does it "
        "now. Meanwhile contacts and students whom the source no longer names stay.",
    ),
    _info(
        "source-not-arrived",
        "Nothing that can be read has come of a source yet",
        "Have it read, or upload its file. Until then the other sources are published alone.",
    ),
    _info(
        "source-paused",
        "A source is paused, and what was published of it last stands",
        "Resume it ('kinsync source resume') when what arrives of it may count again. Until then "
        "nothing of it changes.",
    ),
    _info(
        "file-beside-sources",
        "A students.csv of the district's own is not read beside its sources",
        "Make it a source as well (connector students-file), and upload it into the folder of that "
        "source. Until then it counts for nothing.",
    ),
    _info(
        "encoding-guessed",
        "The file is not UTF-8 and was read as Windows-1252",
        "Export the file as UTF-8. Meanwhile names with accents may be misread.",
    ),
    _info(
        "column-unknown",
        "A column is not used",
        "Nothing to do, unless it was meant to be a column of the file format.",
    ),
    _info(
        "column-duplicate",
        "A column stands in the file twice",
        "Remove one of them. Meanwhile the first is read.",
    ),
    _info(
        "phone-extension",
        "The phone carries an extension",
        "Nothing to do: the extension is kept apart from the number.",
    ),
    _info(
        "phone-unassigned",
        "The phone is not a number that could have been assigned",
        "Check the number. Meanwhile it is published as it is.",
    ),
    _info(
        "phone-shared",
        "One phone stands under many different names",
        "Check whether it is an office number. Meanwhile it is published, and never used to "
        "recognise a person.",
    ),
    _info(
        "email-suspicious",
        "The e-mail address looks mistyped",
        "Check the part after the @. Meanwhile it is published as it is.",
    ),
    _info(
        "email-shared",
        "One e-mail address stands under many different names",
        "Check whether it is an office mailbox. Meanwhile it is published, and never used to "
        "recognise a person.",
    ),
    _info(
        "student-detail-unknown",
        "A detail of the student is not a known word",
        "Use a word of the file format. Meanwhile the student is published without it.",
    ),
    Rule(
        "contact-repeated",
        Severity.INFO,
        Consequence.ROW_COLLAPSED,
        "The row repeats an earlier row",
        "Nothing to do: the row is counted once.",
    ),
)

RULES: dict[str, Rule] = {rule.code: rule for rule in _CATALOGUE}
"""Every rule by its code, in the order in which the docs show them."""

FILE_CODES = frozenset(
    code for code, rule in RULES.items() if rule.consequence is Consequence.FILE_REFUSED
)
"""Rules that stop a sync before anything is compared."""

HELD_CODES = frozenset(
    code for code, rule in RULES.items() if rule.consequence is Consequence.ROW_HELD
)
"""Rules that keep a single row back."""

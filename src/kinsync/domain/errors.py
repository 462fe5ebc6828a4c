"""Wrong situations, as one tree divided by what to do next.

Wrong *data* is a finding (``domain.rules``); a row never raises.

    KinsyncError
    ├── ChangeInput      the command, file name or setting is wrong: mend it
    │   ├── NotFound     no such district, application, version, sync
    │   ├── Refused      a file that cannot be read as contacts (its findings say why)
    │   ├── Revoked      an account that was closed while it was in use
    │   └── SourceRefusal  a source does not let us in, or has not what is asked of it
    │       ├── NothingThere   it has nothing there, or not with these parameters
    │       └── ChangesUntold  it cannot say what changed since then: read everything
    ├── TryAgainLater    database, network or disk is away: nothing was published
    │   ├── IncompletePull   a source gave less than all it has, or nothing that can be read
    │   └── TookTooLong  a statement was cut off by its limit: at once it would be again
    ├── Conflict         somebody else changed it meanwhile: look again before repeating
    └── Defect           ours: report it

Messages say what, where and what now, and never carry a value of a row.
"""


class KinsyncError(Exception):
    """Any situation that stops a use case. ``exit_code`` is what the command line returns."""

    exit_code = 2


class ChangeInput(KinsyncError):
    """Something that was asked for cannot be: the message says what to change."""


class NotFound(ChangeInput):
    """A district, application, version or sync that does not exist."""


class Refused(ChangeInput):
    """A file that cannot be read as contacts at all. Nothing was published."""


class Revoked(ChangeInput):
    """The account is closed: nothing more is done for it."""


class SourceRefusal(ChangeInput):
    """A source refuses: address, credentials, certificate or rights have to be put right there."""


class NothingThere(SourceRefusal):
    """A source does not know the question: a connector may have another way to ask."""


class ChangesUntold(SourceRefusal):
    """A source cannot say, or not surely, what changed since a moment: all of it is to be read."""


class Conflict(ChangeInput):
    """The thing moved since it was looked at; nothing was done."""


class TryAgainLater(KinsyncError):
    """Something we depend on is away. Nothing was published; the same command finishes later."""

    exit_code = 4


class IncompletePull(TryAgainLater):
    """A source answered with less than the whole: a pull that is short is never compared."""


class TookTooLong(TryAgainLater):
    """A statement reached the limit of this process and was ended; the connection still works."""


class Defect(KinsyncError):
    """A promise of our own code was broken. Nothing was published; please report it."""

    exit_code = 70

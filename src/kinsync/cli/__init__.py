"""The ``kinsync`` command: one file per group of commands; all they do is ask and show."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from kinsync import __version__
from kinsync.cli import (
    applications,
    backups,
    check,
    demo,
    disclosures,
    districts,
    docs,
    doctor,
    generate,
    import_ids,
    jobs,
    migrate,
    people,
    purge,
    same_person,
    schedules,
    serve,
    several_sources,
    sftp_accounts,
    sharing,
    simulate,
    sync,
    team,
    tokens,
    uploads,
    webhooks,
)
from kinsync.cli.output import say_error
from kinsync.domain.errors import Defect, KinsyncError

STOPPED_EXIT_CODE = 130

COMMANDS = (
    demo.demo,
    check.check,
    sync.sync,
    sync.hold,
    sync.versions,
    sync.restore,
    same_person.same_person,
    districts.district,
    several_sources.source,
    team.team,
    people.user,
    schedules.schedule,
    schedules.pause,
    schedules.blackout,
    import_ids.import_ids,
    applications.app,
    sharing.connect,
    sharing.withhold,
    tokens.token,
    tokens.disconnect,
    disclosures.disclosures,
    webhooks.webhook,
    sftp_accounts.sftp_account,
    uploads.uploads,
    serve.serve,
    jobs.jobs,
    doctor.doctor,
    backups.backup,
    backups.restore_backup,
    purge.purge,
    migrate.migrate,
    generate.generate,
    simulate.simulate,
    docs.docs,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="kinsync")
def kinsync() -> None:
    """Keep the student contacts of school districts complete, correct and in step.

    Exit codes: 0 done (findings allowed), 1 done with rows held, 2 refused (bad file or input),
    3 held by the guard, 4 try again later.
    """


for command in COMMANDS:
    kinsync.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    try:
        code = kinsync.main(arguments, prog_name="kinsync", standalone_mode=False)
    except KinsyncError as error:
        say_error(str(error), as_json=as_json)
        code = error.exit_code
    except click.ClickException as error:
        _say_usage(error, as_json=as_json)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say_error("Stopped. What was not finished was not published.", as_json=as_json)
        code = STOPPED_EXIT_CODE
    except Exception as error:
        _say_defect(error, as_json=as_json)
        code = Defect.exit_code
    sys.exit(code or 0)


def _say_usage(error: click.ClickException, *, as_json: bool) -> None:
    """A command that was not understood, with how it is written where somebody reads it."""
    if as_json:
        say_error(error.format_message(), as_json=True)
    else:
        error.show()


def _say_defect(error: Exception, *, as_json: bool) -> None:
    """An exception that nobody expected: where, never its text, for that may carry a value."""
    where = traceback.extract_tb(error.__traceback__)
    if not as_json:
        click.echo("".join(traceback.format_list(where)), err=True, nl=False)
    place = f"{Path(where[-1].filename).name}, line {where[-1].lineno}"
    say_error(
        f"Kinsync has a defect: {type(error).__name__} in {place}. What was not finished was not "
        "published. Please report it; no contact's data are in this message.",
        as_json=as_json,
    )

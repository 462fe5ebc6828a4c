"""``kinsync schedule``, ``kinsync pause``, ``kinsync blackout``: when a district is synced."""

from datetime import date, datetime

import click

from kinsync import bootstrap
from kinsync.cli.output import json_option, say, say_json, show_table
from kinsync.cli.session import connected
from kinsync.domain.errors import ChangeInput


class Day(click.ParamType[date]):
    """A day, as people and machines both write it."""

    name = "date"

    def convert(self, value: object, *_: object) -> date:
        """That day, or a refusal that says how to write it."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise ChangeInput(f"{value!r} is no day. Write it like 2027-03-14.") from None


DAY = Day()
district_argument = click.argument("district")


@click.group()
def schedule() -> None:
    """Have a district synced at times of its own."""


@schedule.command("set")
@district_argument
@click.argument("timetable")
@click.option("--what", default="sync", show_default=True, help="What is to be done.")
@click.option(
    "--jitter", type=click.IntRange(0), default=0, metavar="MINUTES",
    help="Spread districts over so many minutes after the time.",
)  # fmt: skip
@json_option
def schedule_set(district: str, timetable: str, what: str, jitter: int, as_json: bool) -> None:
    """Sync the newest upload of DISTRICT at the times of TIMETABLE.

    TIMETABLE is five fields of cron, such as '30 2 * * 1-5', or 'every 6 hours from 05:00', in the
    district's time zone (kinsync district set --time-zone).
    """
    connected()
    from kinsync.services.schedules import set_schedule
    from kinsync.store import records

    found = records.find_district(district)
    made = set_schedule(found, what, timetable, at=bootstrap.now(), jitter_seconds=60 * jitter)
    if as_json:
        say_json({"what": made.what, "timetable": made.timetable, "next_at": made.next_at})
    else:
        say(f"Next {made.what} of {found.name}: {_time(made.next_at)}.")


@schedule.command("list")
@district_argument
@json_option
def schedule_list(district: str, as_json: bool) -> None:
    """What DISTRICT has done at times."""
    connected()
    from kinsync.services.schedules import list_schedules
    from kinsync.store import records

    found = list_schedules(records.find_district(district))
    if as_json:
        names = ("what", "timetable", "jitter_seconds", "next_at", "last_at")
        told = [{name: getattr(one, name) for name in names} for one in found]
        say_json({"schedules": told})
        return
    show_table(
        ("what", "timetable", "next", "last"),
        [(one.what, one.timetable, _time(one.next_at), _time(one.last_at)) for one in found],
    )


@schedule.command("remove")
@district_argument
@click.option("--what", default="sync", show_default=True, help="What is to be done no more.")
@json_option
def schedule_remove(district: str, what: str, as_json: bool) -> None:
    """Do it at times no more."""
    connected()
    from kinsync.services.schedules import remove_schedule
    from kinsync.store import records

    found = records.find_district(district)
    remove_schedule(found, what)
    _tell(f"{what} of {found.name} is not scheduled any more.", {"what": what}, as_json=as_json)


@click.command()
@district_argument
@click.option("--until", type=DAY, metavar="DATE", help="Publish again from this day on.")
@click.option("--resume", "is_over", is_flag=True, help="Publish again from now on.")
@json_option
def pause(district: str, until: date | None, is_over: bool, as_json: bool) -> None:
    """Receive what DISTRICT delivers, and publish nothing of it."""
    connected()
    from kinsync.services.pause import pause as begin
    from kinsync.services.pause import resume
    from kinsync.store import records

    found = records.find_district(district)
    if is_over and until:
        raise ChangeInput("Say either --until or --resume.")
    if is_over:
        resume(found, bootstrap.now())
        text = f"{found.name} publishes again; what waits is synced."
    else:
        begin(found, until, bootstrap.now())
        end = f"until {until}" if until else "until 'kinsync pause --resume'"
        text = f"{found.name} is paused {end}: files are received, and nothing is published."
    _tell(text, {"district": found.name, "paused": not is_over, "until": until}, as_json=as_json)


@click.command()
@district_argument
@click.argument("first", type=DAY)
@click.argument("last", type=DAY)
@click.option("--remove", "is_removed", is_flag=True, help="Take these days out again.")
@json_option
def blackout(district: str, first: date, last: date, is_removed: bool, as_json: bool) -> None:
    """Publish nothing of DISTRICT from the day FIRST to the day LAST."""
    connected()
    from kinsync.services.pause import Blackout, add_blackout, remove_blackout
    from kinsync.store import records

    found, days = records.find_district(district), Blackout(first, last)
    if is_removed:
        remove_blackout(found, days, bootstrap.now())
    else:
        add_blackout(found, days)
    verb = "may publish" if is_removed else "publishes nothing"
    _tell(
        f"{found.name} {verb} from {first} to {last}.",
        {"district": found.name, "first": first, "last": last, "removed": is_removed},
        as_json=as_json,
    )


def _tell(text: str, told: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        say_json(told)
    else:
        say(text)


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""

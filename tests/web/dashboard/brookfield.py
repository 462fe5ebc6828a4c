"""A district of sixty families, whose office sends its files by browser."""

from psycopg.types.json import Jsonb

from kinsync.services import errands, following
from kinsync.store import page_jobs, queue, records
from kinsync.store.database import connect
from kinsync.web.dashboard.visits import tools
from tests.web.dashboard.desk import Desk, Seen

HEADER = (
    "Student_id,School_id,Last_name,First_name,Grade,Contact_type,Contact_name,"
    "Contact_relationship,Contact_phone,Contact_email\n"
)
FAMILIES = [
    f"S{number:03},SCH-{number % 3},Holm{number},Child,4,Primary,Parent Holm{number},Mother,"
    f"50355502{number:02},parent{number}@families.example\n"
    for number in range(60)
]
EVERYBODY = HEADER + "".join(FAMILIES)


def sync_file(desk: Desk, content: str) -> Seen:
    """Upload a file, look at the preview, and sync it."""
    preview = desk.upload("students.csv", content.encode())
    return desk.send(f"{preview.address}/publish", {}, page=preview.address)


def follow() -> None:
    """What a worker does behind each version."""
    following.follow(records.find_district("Brookfield").id, tools())


def grow() -> None:
    """As if the district had millions of contacts: its first version says so."""
    counts = {"changes": {"relationship": {"created": 5_000_000, "updated": 0, "deleted": 0}}}
    with connect() as to:
        to.execute(
            "UPDATE version SET counts = %s WHERE number = 1"
            " AND district_id = (SELECT id FROM district WHERE name = 'Brookfield')",
            (Jsonb(counts),),
        )


def answer() -> int:
    """What a worker does that pages have asked for; how much there was to do."""
    waiting = [one for one in queue.list_jobs(state="todo") if one.task == page_jobs.ERRAND]
    for one in waiting:
        queue.cancel_job(one.id)
        errands.do(int(str(one.arguments["district_id"])), str(one.arguments["key"]), tools())
    return len(waiting)

"""A district of sixty families, whose office sends its files by browser."""

from kinsync.services import following
from kinsync.store import records
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

"""Quality: how complete contacts are, by student, school and type, and what syncs found."""

from django.http import HttpRequest, HttpResponse

from kinsync.services import quality as figures
from kinsync.web.dashboard.visits import Visit, page, show


@page()
def quality(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Figures of the district, drawn; each drawing has its table."""
    found = figures.of_district(visit.district)
    return show(
        request, visit, "quality", place="quality", quality=found,
        findings=[
            (f"Sync {one.sync_id}", (one.errors, one.warnings, one.infos))
            for one in found.findings
        ],
        students=[(words.replace(" or more", "+"), (count,)) for words, count in found.students],
        student_count=sum(count for _, count in found.students),
        contact_count=sum(count for _, count in found.types),
    )  # fmt: skip

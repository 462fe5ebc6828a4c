"""Errands: what a page asks for that may take longer than a page should.

Of a small district the answer is found at once. Of a large one the question waits for a worker, and
the page asks again until the answer is there. The same question is asked once, as long as the
district publishes nothing and shares nothing else. Work on a file that one machine alone has is
begun there, beside the request.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from kinsync.domain.errors import ChangeInput, Defect, KinsyncError, NotFound, TryAgainLater
from kinsync.domain.share import Share
from kinsync.services import beside, by_school, hold_figures, overview, restore, share
from kinsync.services.overview import COUNTED_AT_ONCE
from kinsync.services.sync import Tools
from kinsync.store import access, errands, page_jobs, queue, records
from kinsync.store.errands import DONE, FAILED, WAITING, Errand

__all__ = ["DONE", "FAILED", "WAITING", "Errand", "ask", "begin", "do", "find"]

HOLD, SHARING, GIVE = "hold", "sharing", "give"
RESTORE, SCHOOLS = "restore", "schools"
SECONDS_WAITED = 3.0
"""How long a request waits for what is done beside it."""
KEY_BYTES = 16

find = errands.find
Question = Mapping[str, Any]
Answer = Mapping[str, Any]


def _hold(district: records.District, question: Question, tools: Tools) -> Answer:
    sync = records.find_sync(district.id, question["sync"])
    return hold_figures.picture(district, sync, tools).as_json()


def _sharing(district: records.District, question: Question, tools: Tools) -> Answer:
    was = question["was"]
    return share.effect(
        district, None if was is None else Share.from_json(was), _share(question), tools
    ).as_json()


def _give(district: records.District, question: Question, tools: Tools) -> Answer:
    application = access.find_application(question["application"])
    share.give(district, application, _share(question), tools)
    return {}


def _share(question: Question) -> Share:
    return Share.from_json(question["share"])


def _restore(district: records.District, question: Question, tools: Tools) -> Answer:
    return {"sync": restore.preview(district, question["version"], tools).id}


def _schools(district: records.District, question: Question, tools: Tools) -> Answer:
    sync = records.find_sync(district.id, question["sync"])
    return {"schools": by_school.counts(district, sync, tools)}


WORK: Mapping[str, Callable[[records.District, Question, Tools], Answer]] = {
    HOLD: _hold,
    SHARING: _sharing,
    GIVE: _give,
    RESTORE: _restore,
    SCHOOLS: _schools,
}


def ask(
    district: records.District,
    what: str,
    question: Question,
    tools: Tools,
    *,
    is_small: bool | None = None,
) -> Errand:
    """The answer, or ``WAITING`` where a worker is finding it; then ask again.

    ``is_small`` says whether it is found at once; otherwise the size of the district does.

    Raises:
        ChangeInput: it cannot be answered, and why.
        TryAgainLater: the database is away, or the district publishes at this moment.
    """
    key = _key(district, what, question)
    known = _known(district, key)
    if known is not None and known.state == DONE:
        return known
    if known is not None and known.state == FAILED:
        errands.forget(known)
        answer_of(known)
    if is_small is None:
        is_small = overview.published(district).get("relationship", 0) <= COUNTED_AT_ONCE
    if is_small:
        errand = errands.put(district.id, key, what, question, at=tools.now())
        return errands.answer(errand, _answer(district, errand, tools), at=tools.now())
    errand = known or errands.put(district.id, key, what, question, at=tools.now())
    with queue.queueing() as cursor:
        page_jobs.errand(cursor, district.id, key, tools.now())
    return errand


def answer_of(errand: Errand) -> Answer:
    """What an errand that has ended answers.

    Raises:
        ChangeInput: it could not be done, and why.
    """
    if errand.state == FAILED:
        raise ChangeInput(errand.says)
    return errand.answer


def _known(district: records.District, key: str) -> Errand | None:
    try:
        return errands.find(district.id, key)
    except NotFound:
        return None


def _key(district: records.District, what: str, question: Question) -> str:
    """The same for the same question about the same state of the district."""
    editions = [(one.id, one.edition) for one in access.list_connections(district.id)]
    asked = json.dumps([what, question, district.published, sorted(editions)], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def do(district_id: int, key: str, tools: Tools) -> None:
    """Answer a question that waits. For a worker; what is answered, or forgotten, is left so.

    Raises:
        TryAgainLater: as ``ask``.
    """
    district = records.district(district_id)
    errand = _known(district, key)
    if errand is None or errand.state != WAITING:
        return
    _finish(errand, lambda: _answer(district, errand, tools), tools)


def _answer(district: records.District, errand: Errand, tools: Tools) -> Answer:
    try:
        return WORK[errand.what](district, errand.question, tools)
    except (OSError, pl.exceptions.PolarsError):  # what it was reading is replaced by what is new
        if records.district(district.id).published == district.published:
            raise
        raise TryAgainLater(f"{district.name} has published meanwhile. Look again.") from None


def _finish(errand: Errand, work: Callable[[], Answer], tools: Tools) -> None:
    """Keep the answer, or why there is none."""
    try:
        errands.answer(errand, work(), at=tools.now())
    except TryAgainLater:
        raise
    except KinsyncError as error:
        errands.fail(errand, str(error), at=tools.now())
    except Exception as error:
        says = f"Kinsync has a defect: {type(error).__name__}. Nothing was published. Report it."
        errands.fail(errand, says, at=tools.now())
        raise Defect(says) from None


def begin(
    district: records.District, what: str, work: Callable[[Tools], Answer], tools: Tools
) -> Errand:
    """Work that only this machine can do, begun beside the request; waited for a little.

    ``work`` is given tools that note how much of a file is read.
    """
    errand = errands.put(district.id, secrets.token_hex(KEY_BYTES), what, {}, at=tools.now())
    watched = replace(tools, progress=_Noted(errand, tools))

    def finish() -> None:
        try:
            _finish(errand, lambda: work(watched), tools)
        except TryAgainLater as error:
            errands.fail(errand, str(error), at=tools.now())

    beside.begin(errand.key, district.id, finish).join(SECONDS_WAITED)
    return errands.find(district.id, errand.key)


class _Noted:
    """Progress that is kept with an errand, one percent after the other."""

    def __init__(self, errand: Errand, tools: Tools) -> None:
        self._errand = errand
        self._tools = tools
        self._percent = 0

    def __call__(self, read: int, size: int) -> None:
        percent = 100 * read // size if size else 100
        if percent > self._percent:
            self._percent = percent
            errands.note(self._errand, percent=percent, at=self._tools.now())

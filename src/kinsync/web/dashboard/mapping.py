"""The mapping editor: a form and its TOML, what they would change on the last data, versions."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from kinsync import bootstrap
from kinsync.connectors import find_connector
from kinsync.connectors.connector import default_mapping
from kinsync.domain.errors import ChangeInput
from kinsync.domain.frames import CONTACT_FIELDS, STUDENT_FIELDS
from kinsync.domain.vocabulary import PHONE_TYPES, RELATIONSHIPS, TYPES
from kinsync.services import mapping_data, mapping_draft, mapping_form, mappings
from kinsync.services.mapping_draft import Draft
from kinsync.services.mapping_form import OF_COLUMNS, OF_TEXT, Entry
from kinsync.services.people import EDITOR, VIEWER
from kinsync.store import sources
from kinsync.store.sources import Source
from kinsync.web.dashboard.visits import Visit, page, show, tools, whole

OUR_WORDS = {"type": TYPES, "relationship": RELATIONSHIPS, "phone_type": PHONE_TYPES}
FORMS = {
    "": "as by default",
    "column": "a column",
    "join": "columns, joined",
    "first": "the first column that is filled",
    "many": "every column that is filled",
    "constant": "always the same text",
    "expression": "an expression over columns",
}
MOST_WORDS = 200


@page(VIEWER, is_personal=True, methods=("GET", "HEAD", "POST"))
def editor(request: HttpRequest, visit: Visit, source_id: int) -> HttpResponse:
    """The mapping of a source; for an editor also another one, tried and then saved."""
    source = sources.source(visit.district.id, source_id)
    if request.method != "POST":
        version = whole(request.GET.get("version", ""))
        return _show(request, visit, source, _earlier(source, version))
    if not visit.may(EDITOR):
        raise Http404
    act = request.POST.get("act", "try")
    if act in ("file", "forget"):
        return _choose(request, visit, source, act)
    if act == "save":
        return _save(request, visit, source)
    return _show(request, visit, source, _typed(request.POST, source))


def _earlier(source: Source, version: int | None) -> str:
    """What stood in a version; of none, what is in use."""
    if version is None:
        return mappings.text_in_use(source)
    return mappings.text_of(source, version)


# -- what was typed ------------------------------------------------------------------------------


def _typed(given: QueryDict, source: Source) -> str:
    """The TOML that was typed, with what was changed in the form and the words that were mapped.

    Text that is no TOML is left as it is: what is wrong with it is said beside it.
    """
    toml = given.get("toml", "").replace("\r\n", "\n")
    entries = {
        name: entry
        for name in (*CONTACT_FIELDS, *STUDENT_FIELDS)
        if (entry := _entry(given, name)) is not None
    }
    try:
        return mapping_form.write_form(toml, entries, _words(given), mappings.default_of(source))
    except ChangeInput:
        return toml


def _entry(given: QueryDict, name: str) -> Entry | None:
    """What a form says of a field now; None where it was left as it stood."""
    form = given.get(f"{name}:form")
    if form is None or form not in FORMS:
        return None
    entry = Entry(
        form,
        tuple(one.strip() for one in given.getlist(f"{name}:column") if one.strip())
        if form in OF_COLUMNS
        else (),
        given.get(f"{name}:text", "").strip() if form in OF_TEXT else "",
        turn=f"{name}:turn" in given,
        default=given.get(f"{name}:default", "").strip(),
    )
    if form == mapping_form.AS_DEFAULT:
        entry = Entry()
    return None if entry.as_text() == given.get(f"{name}:was", "") else entry


def _words(given: QueryDict) -> list[tuple[str, str, str]]:
    """Words that were mapped: list, word, ours."""
    found = []
    for number in range(MOST_WORDS):
        ours = given.get(f"word:{number}:ours", "")
        told = _told(given.get(f"word:{number}", ""))
        if told and ours in OUR_WORDS.get(told[0], ()):
            found.append((*told, ours))
    return found


def _told(key: str) -> tuple[str, str] | None:
    """The list and word that a page sent back; None where it is nothing that a page sends."""
    try:
        name, word = json.loads(key)
    except (ValueError, TypeError):
        return None
    return str(name), str(word)


# -- what is done --------------------------------------------------------------------------------


def _save(request: HttpRequest, visit: Visit, source: Source) -> HttpResponse:
    """Save what was tried, unless more was typed since."""
    tried, typed = request.POST.get("tried", ""), _typed(request.POST, source)
    tried = tried.replace("\r\n", "\n")
    if tried != typed:
        messages.warning(request, "More was changed since. Look at what it does, then save it.")
        return _show(request, visit, source, typed)
    visit.record("changed a mapping", source.name)
    saved = mappings.save(source, tried, name="the mapping", at=visit.at, by=visit.person.email)
    messages.success(
        request,
        f"Saved as version {saved.version}. {source.name} is read so from its next sync on.",
    )
    return redirect(f"/sources/{source.id}/mapping")


def _choose(request: HttpRequest, visit: Visit, source: Source, act: str) -> HttpResponse:
    """Take a file to try on, or forget it; nothing is synced of it."""
    storage = tools().storage
    if act == "forget":
        mapping_data.forget_trial(visit.district, source, storage)
    else:
        file = request.FILES.get("file")
        if file is None:
            raise ChangeInput("Choose a file first.")
        visit.record("uploaded a file to try a mapping on", source.name)
        name = file.name or "file.csv"
        mapping_data.keep_trial(visit.district, source, name, file.chunks(), storage)
    return redirect(f"/sources/{source.id}/mapping")


# -- what is shown -------------------------------------------------------------------------------


def _show(request: HttpRequest, visit: Visit, source: Source, toml: str) -> HttpResponse:
    arrivals = bootstrap.arrivals(bootstrap.read_settings())
    with mapping_data.data_of(visit.district, source, arrivals, tools().storage) as data:
        draft = mapping_draft.look_at(source, toml, data)
        if draft.tried is not None and draft.tried.examples:
            visit.record(
                "looked at what a mapping changes", source.name, records=len(draft.tried.examples)
            )
        return show(
            request, visit, "mapping", place="sources", source=source, draft=draft, data=data,
            toml=toml, route=find_connector(source.connector),
            in_use=mappings.text_in_use(source), default=default_mapping(draft.route),
            versions=mappings.history(source), fields=_fields(toml, source), forms=FORMS,
            words=_listed(draft), our_words=OUR_WORDS,
        )  # fmt: skip


def _fields(toml: str, source: Source) -> dict[str, Any]:
    """The fields of the form, in two groups; none where the text is no TOML."""
    try:
        found = mapping_form.read_form(toml, mappings.default_of(source))
    except ChangeInput:
        return {}
    return {
        "The contact": [one for one in found if one.is_about_contacts],
        "The student": [one for one in found if not one.is_about_contacts],
    }


@dataclass(frozen=True, slots=True)
class Word:
    """A word to be mapped, with what a page sends back to say which."""

    list: str
    word: str
    count: int

    @property
    def key(self) -> str:
        return json.dumps([self.list, self.word])

    @property
    def choices(self) -> tuple[str, ...]:
        return OUR_WORDS[self.list]


def _listed(draft: Draft) -> list[Word]:
    words = draft.tried.words if draft.tried else ()
    return [Word(one.list, one.word, one.count) for one in words[:MOST_WORDS]]

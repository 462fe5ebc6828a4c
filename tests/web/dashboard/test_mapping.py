"""The mapping editor: form and TOML, tried on real data, saved once it was looked at, versions."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

from kinsync.services.mapping_data import MOST_BYTES
from kinsync.simulators.extracts import EXTRACTS, write_extract
from kinsync.store import records, sources
from kinsync.store.sources import Source
from tests.web.dashboard.desk import Desk, Seen, add_person

HOSTILE = "<script>alert('x')</script>"
PARENT = {
    "contact_name:form": "column",
    "contact_name:column": "Parent_Name",
    "contact_name:turn": "on",
    "contact_phone:form": "first",
    "contact_phone:column": "Parent_Phone",
    "contact_type:form": "constant",
    "contact_type:text": "Parent/Guardian",
}
"""Parent_Name and Parent_Phone in place of E1_Full_Name and E1_Cell_Phone, as the form says it."""


@dataclass(frozen=True)
class Editor:
    """The mapping page of one source, and somebody at it."""

    desk: Desk
    source: Source

    @property
    def address(self) -> str:
        return f"/sources/{self.source.id}/mapping"

    def see(self, query: str = "") -> Seen:
        return self.desk.see(self.address + query)

    def choose(self, content: bytes, name: str = "StudentC.csv") -> Seen:
        """Choose a file to try on."""
        response = self.desk.client.post(
            self.address,
            data={"csrfmiddlewaretoken": self.see().token, "act": "file"},
            files={"file": (name, content, "text/csv")},
            follow_redirects=True,
        )
        return Seen(response)

    def send(self, act: str = "try", **form: str) -> Seen:
        """Send the form with what stands in its text, and with this said otherwise."""
        told = {name.replace("__", ":"): value for name, value in form.items()}
        shown = {"toml": self.toml(self.see())}
        return self.desk.send(self.address, {**shown, **told, "act": act})

    def save(self, tried: Seen, **form: str) -> Seen:
        """Press Save on a page that shows what was tried."""
        told = tried.html.split('name="tried" value="')[1].split('"')[0]
        typed = {"toml": self.toml(tried), "tried": unescape(told), "act": "save", **form}
        return self.desk.post(self.address, {**typed, "csrfmiddlewaretoken": tried.token})

    @staticmethod
    def toml(seen: Seen) -> str:
        inner = seen.html.split("<textarea id=")[1].split(">\n", 1)[1]
        return unescape(inner.split("</textarea")[0])

    def versions(self) -> list[str]:
        return [one.toml for one in sources.mapping_versions(self.source)]


@pytest.fixture
def skyward(tmp_path: Path) -> bytes:
    """What the Skyward of a district wrote that exports parents."""
    made = EXTRACTS["skyward-auto"]
    return write_extract(made, tmp_path, students=20, quirks=["parent-columns"]).path.read_bytes()


@pytest.fixture
def editor(office: Desk) -> Editor:
    """An editor of a district with a Skyward, of which nothing has come."""
    from kinsync import bootstrap
    from kinsync.services.sources import add_source

    reach = bootstrap.reach(bootstrap.read_settings())
    district = records.find_district("Brookfield")
    return Editor(office, add_source(district, "Skyward", "skyward-auto", {}, reach))


def test_without_data_the_page_says_what_to_do(editor: Editor) -> None:
    seen = editor.see()

    assert "Nothing has come of this source yet" in seen.text
    assert "column E1_Full_Name" in seen.text


def test_columns_are_changed_in_the_form_tried_on_a_file_and_saved(
    editor: Editor, skyward: bytes
) -> None:
    before = editor.choose(skyward)
    assert "would be refused" in before.text
    assert "E1_Full_Name" in before.text
    tried = editor.send(**PARENT)
    assert "20 new" in tried.text.replace("new 20", "20 new")
    assert "For example" in tried.text
    assert editor.versions() == []
    saved = editor.save(tried)

    assert "Saved as version 1" in saved.text
    assert (
        'contact_name = {column = "Parent_Name", turn = true, required = true}'
        in (editor.versions()[0])
    )
    assert "version 1 in use" in saved.text
    assert "changed a mapping" in editor.desk.see("/audit").text


def test_what_was_written_beside_the_form_stays_with_its_comments(
    editor: Editor, skyward: bytes
) -> None:
    editor.choose(skyward)
    written = (
        "# ours\nwhere = \"Grade <> '13'\"  # nobody\n\n[fields.contact_relationship]\n"
        'expression = "UPPER(E1_Relation_Dsc)"\n\n[words.relationship]\n"Tata" = "Parent"\n'
    )
    tried = editor.send(toml=written, **PARENT)
    text = Editor.toml(tried)

    assert "# ours" in text
    assert "# nobody" in text
    assert '"Tata" = "Parent"' in text
    assert "Parent_Phone" in text
    assert "UPPER(E1_Relation_Dsc)" in text


def test_faults_are_shown_with_their_places_and_what_was_meant(
    editor: Editor, skyward: bytes
) -> None:
    editor.choose(skyward)
    seen = editor.send(toml='[fields]\ncontact_nmae = { column = "Parent_Name" }\n')

    assert "Line 2, column 1 : 'contact_nmae' is not a field" in seen.text
    assert "did you mean contact_name?" in seen.text
    assert 'value="save"' not in seen.html


def test_text_that_is_no_toml_stays_as_it_was_typed(editor: Editor, skyward: bytes) -> None:
    editor.choose(skyward)
    seen = editor.send(toml="[fields\n" + HOSTILE, **PARENT)

    assert Editor.toml(seen) == "[fields\n" + HOSTILE
    assert "not valid TOML" in seen.text
    assert "<script>alert" not in seen.html


def test_a_column_that_the_data_have_not_is_named_with_the_nearest(
    editor: Editor, skyward: bytes
) -> None:
    editor.choose(skyward)
    seen = editor.send(toml='[fields]\ncontact_phone = { column = "Parent_Fone" }\n')

    assert "the data have no column 'Parent_Fone'; did you mean Parent_Phone?" in seen.text


def test_more_that_was_typed_since_is_tried_before_it_is_saved(
    editor: Editor, skyward: bytes
) -> None:
    editor.choose(skyward)
    tried = editor.send(**PARENT)
    seen = editor.save(tried, **{"contact_email:form": "column", "contact_email:column": "Mail"})

    assert "More was changed since" in seen.text
    assert editor.versions() == []


def test_words_that_nothing_maps_are_mapped_in_one_go(editor: Editor) -> None:
    header = "Student_ID,School_ID,Last_Name,First_Name,E1_Full_Name,E1_Relation_Dsc\n"
    words = ("Tutrix", "Tutrix", "Ämtsvormund")
    rows = [f"{n},1,Holm{n},Ada,Tove Holm{n},{word}\n" for n, word in enumerate(words)]
    seen = editor.choose((header + "".join(rows)).encode())
    assert "Tutrix Relationship 2" in seen.text
    first, second = (
        unescape(one.split('value="')[1].split('"')[0])
        for one in seen.html.split('<input type="hidden" name="word:')[1:]
    )
    form = {"word:0": first, "word:0:ours": "Parent", "word:1": second, "word:1:ours": "Other"}
    tried = editor.send(**form)
    assert "changed 2" in tried.text
    editor.save(tried)

    assert tomllib.loads(editor.versions()[0]) == {
        "words": {"relationship": {"Tutrix": "Parent", "Ämtsvormund": "Other"}}
    }
    assert "Words that nothing maps" not in editor.see().text


@pytest.mark.parametrize("key", ["", "[", "1", "[1]", '[["type"], "x"]', '["fields", "x"]'])
def test_words_that_no_page_sends_map_nothing(key: str, editor: Editor, skyward: bytes) -> None:
    editor.choose(skyward)
    tried = editor.send(**{"word:0": key, "word:0:ours": "Other"})

    assert tried.status == 200
    assert Editor.toml(tried) == ""


def test_an_earlier_version_is_looked_at_and_gone_back_to(editor: Editor, skyward: bytes) -> None:
    editor.choose(skyward)
    editor.save(editor.send(**PARENT))
    editor.choose(skyward)
    other = editor.send(toml=editor.versions()[0].replace("Parent_Phone", "E1_Pri_Phone"))
    editor.save(other)
    editor.choose(skyward)
    seen = editor.see("?version=1")
    assert "Parent_Phone" in Editor.toml(seen)
    assert "changed" in seen.text
    editor.save(seen)

    newest, _, first = editor.versions()
    assert newest == first


def test_a_version_that_is_none_is_not_there(editor: Editor) -> None:
    assert editor.see("?version=7").status == 404


def test_the_last_upload_of_the_source_is_what_is_tried_on(
    editor: Editor, skyward: bytes, home: Path
) -> None:
    from kinsync.store.storage import Storage
    from tests.services.uploader import upload_whole

    district = records.find_district("Brookfield")
    upload_whole(Storage(home), district, skyward, path="Skyward/StudentC.csv")
    seen = editor.see()

    assert "Skyward/StudentC.csv" in seen.text
    assert "would be refused" in seen.text


def test_of_a_large_file_the_first_rows_are_tried(editor: Editor, skyward: bytes) -> None:
    header, *rows = skyward.splitlines(keepends=True)
    many = MOST_BYTES // len(b"".join(rows)) + 2
    editor.choose(header + b"".join(rows) * many)
    tried = editor.send(**PARENT)

    assert "its first rows alone are tried" in tried.text
    assert "new 20" in tried.text


def test_hostile_columns_and_values_stay_words(editor: Editor) -> None:
    header = f'Student_ID,School_ID,Last_Name,First_Name,E1_Full_Name,E1_Relation_Dsc,"{HOSTILE}"\n'
    row = f'1,1,"{HOSTILE}",Ada,"{HOSTILE}","{HOSTILE}","{HOSTILE}"\n'
    editor.choose((header + row).encode(), name=f"{HOSTILE}.csv")
    toml = f'[fields]\ncontact_sis_id = {{ column = "{HOSTILE}" }}\n'
    for seen in (editor.see(), editor.send(toml=toml), editor.send(**PARENT)):
        assert "<script>alert" not in seen.html
    editor.save(editor.send(toml=toml))

    assert "<script>alert" not in editor.see().html


def test_a_viewer_reads_the_mapping_and_changes_nothing(
    editor: Editor, open_desk: Callable[[], Desk], skyward: bytes
) -> None:
    editor.choose(skyward)
    add_person("eye@brookfield.example", "Brookfield", "viewer")
    viewer = Editor(open_desk().sign_in("eye@brookfield.example"), editor.source)
    token = viewer.desk.see("/").token

    assert "column E1_Full_Name" in viewer.see().text
    assert "Show what it would change" not in viewer.see().text
    for act in ("try", "save", "file", "forget"):
        form = {"csrfmiddlewaretoken": token, "act": act, "toml": "", "tried": ""}
        assert viewer.desk.post(viewer.address, form).status == 404
    assert editor.versions() == []


def test_the_neighbour_is_told_that_there_is_no_such_mapping(editor: Editor, owner: Desk) -> None:
    assert owner.see(editor.address).status == 404


def test_a_file_that_was_chosen_is_forgotten_with_previews(
    editor: Editor, skyward: bytes, home: Path
) -> None:
    from datetime import UTC, datetime, timedelta

    from kinsync.services.review import forget_previews
    from kinsync.store.storage import Storage

    editor.choose(skyward)
    assert "It was chosen here" in editor.see().text
    district = records.find_district("Brookfield")
    forget_previews(district, Storage(home), datetime.now(UTC) + timedelta(days=2))

    assert "It was chosen here" not in editor.see().text

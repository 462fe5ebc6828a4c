"""PowerSchool by its PowerQueries, and the plugin that brings them."""

from dataclasses import replace
from pathlib import Path

import pytest

from kinsync.domain.errors import ChangeInput, IncompletePull, SourceRefusal
from kinsync.services.sources import plugin_of
from kinsync.simulators.powerschool_plugin import Plugin, PowerQuery
from tests.connectors.test_powerschool import powerschool, with_settings


@pytest.mark.parametrize("quirk", ["", "slot-holes", "page-of-1000", "former-students"])
def test_a_powerquery_gives_what_the_resource_gives(quirk: str, tmp_path: Path) -> None:
    with powerschool(tmp_path, *filter(None, [quirk])) as (_, source):
        by_resource = source.read()

        assert with_settings(source, way="query").read().equals(by_resource)


def test_the_plugin_lets_everything_be_read_either_way(tmp_path: Path) -> None:
    own = '[fields]\nhome_language = { column = "u_families.lives_with" }'
    with powerschool(tmp_path) as (system, source):
        source = replace(source, own=own)
        before = source.read()
        system.install(plugin_of("powerschool", own, name="own"))

        assert source.read().equals(before)
        assert with_settings(source, way="query", page_size="7").read().equals(before)
        assert set(before["u_families.lives_with"]) == {"Both parents"}


def test_the_same_mapping_makes_the_same_plugin_and_another_one_another() -> None:
    own = '[fields]\nhome_language = { column = "u_families.lives_with" }'

    assert plugin_of("powerschool", "", name="") == plugin_of("powerschool", "", name="")
    assert plugin_of("powerschool", own, name="own") != plugin_of("powerschool", "", name="")


def test_a_field_that_the_resource_alone_has_needs_no_right(tmp_path: Path) -> None:
    own = '[fields]\nemail = { column = "contact_info.email" }'
    with powerschool(tmp_path) as (system, source):
        system.install(plugin_of("powerschool", own, name="own"))

        emails = set(replace(source, own=own).rows()["email"])
        assert emails == set(system.roster.students["Student_email"])


def test_a_query_of_the_districts_own_answers_under_names_of_its_own(tmp_path: Path) -> None:
    with powerschool(tmp_path) as (system, source):
        before = source.read()
        ours = system.plugin.queries["org.kinsync.students"]
        named = {one.replace(".", "_"): one for one in ours.columns.values()}
        system.plugin = Plugin({"org.example.families": PowerQuery(named)})

        theirs = with_settings(source, way="query", query="org.example.families")
        assert theirs.read().equals(before)


def test_a_query_that_tells_no_status_gives_whom_it_gives(tmp_path: Path) -> None:
    with powerschool(tmp_path) as (system, source):
        ours = system.plugin.queries["org.kinsync.students"]
        told = {name: one for name, one in ours.columns.items() if name != "enroll_status"}
        system.plugin = Plugin({"org.kinsync.students": PowerQuery(told)})

        rows = with_settings(source, way="query").rows()
        assert set(rows["student_sis_id"]) == set(system.roster.students["Student_id"])


def test_a_query_without_the_number_of_the_student_is_told(tmp_path: Path) -> None:
    with powerschool(tmp_path) as (system, source):
        system.plugin = Plugin({"org.kinsync.students": PowerQuery({"name": "students.last_name"})})

        with pytest.raises(IncompletePull, match=r"without students\.dcid"):
            with_settings(source, way="query").read()


def test_a_query_that_is_not_installed_is_told(tmp_path: Path) -> None:
    with powerschool(tmp_path) as (_, source), pytest.raises(SourceRefusal, match=r"example\.no"):
        with_settings(source, way="query", query="org.example.no").look()


@pytest.mark.parametrize(
    "quirk", ["", "slot-holes", "page-of-1000", "former-students", "core-fields-missing"]
)
def test_schema_tables_give_what_the_resource_gives(quirk: str, tmp_path: Path) -> None:
    own = '[fields]\nhome_language = { column = "u_families.lives_with" }'
    with powerschool(tmp_path, *filter(None, [quirk])) as (_, source):
        source = replace(source, own=own)
        by_resource = source.read()
        by_table = with_settings(source, way="table", statuses="A")

        assert by_table.read().select(by_resource.columns).equals(by_resource)


def test_schema_tables_are_read_in_pages_and_by_status(tmp_path: Path) -> None:
    with powerschool(tmp_path, "former-students") as (_, source):
        by_resource = with_settings(source, statuses="A,P").read()
        by_table = with_settings(source, way="table", statuses="A,P", page_size="7").read()

        assert by_table.select(by_resource.columns).equals(by_resource)


def test_the_plugin_lets_schema_tables_be_read_too(tmp_path: Path) -> None:
    own = '[fields]\nhome_language = { column = "u_families.lives_with" }'
    with powerschool(tmp_path) as (system, source):
        source = with_settings(replace(source, own=own), way="table")
        before = source.read()
        system.install(plugin_of("powerschool", own, name="own"))

        assert source.read().equals(before)
        assert set(before["u_families.lives_with"]) == {"Both parents"}


def test_a_first_look_at_schema_tables_names_each_and_counts_names(tmp_path: Path) -> None:
    with powerschool(tmp_path, "few-core-fields") as (_, source):
        said = with_settings(source, way="table").look()

    assert any("table studentcorefields" in one for one in said)
    assert any("studentcorefields.emerg_1_ptype" in one for one in said)
    assert any("60 of them have an emergency contact" in one for one in said)


def test_a_column_of_the_resource_alone_is_no_field_of_a_table(tmp_path: Path) -> None:
    own = '[fields]\nemail = { column = "contact_info.email" }'
    with powerschool(tmp_path) as (_, source), pytest.raises(ChangeInput, match="way"):
        with_settings(replace(source, own=own), way="table").read()


def test_a_table_that_the_plugin_may_not_read_is_told(tmp_path: Path) -> None:
    with (
        powerschool(tmp_path, "no-core-fields") as (_, source),
        pytest.raises(SourceRefusal, match="studentcorefields"),
    ):
        with_settings(source, way="table").look()


def test_a_way_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with (
        powerschool(tmp_path) as (_, source),
        pytest.raises(ChangeInput, match="resource or query or table"),
    ):
        with_settings(source, way="pigeon").look()


def test_nothing_is_installed_for_a_system_that_needs_nothing() -> None:
    with pytest.raises(ChangeInput, match="Nothing is installed at Aeries"):
        plugin_of("aeries", "", name="")

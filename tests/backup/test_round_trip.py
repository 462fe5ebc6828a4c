"""What is backed up on one machine goes on on another."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddField, CreateModel

from kinsync import bootstrap
from kinsync.services.browse import follow
from kinsync.store import records, sftp_accounts
from kinsync.store.backup.tables import NOT_COPIED
from kinsync.store.storage import Storage
from tests.backup.machines import PASSPHRASE, Machine, listed
from tests.backup.rewriting import Note, rewrite
from tests.cli.busy import NIGHT, SCHOOL
from tests.cli.commands import Ended, kinsync
from tests.services.pupils import as_csv, write
from tests.services.uploader import upload_whole

AT = ("Lakeside", "Reader")
NOBODY = "https://127.0.0.1:9009/hooks"
"""An endpoint where nobody listens: it is tried only if its secret opens."""


@pytest.fixture
def token(used: Machine, monkeypatch: pytest.MonkeyPatch) -> str:
    """A district with two versions, a hold, an upload, a webhook, SFTP; its application's token."""
    monkeypatch.setenv("KINSYNC_WEBHOOK_ALLOW", "127.0.0.0/8")
    kinsync("district", "add", "Lakeside")
    kinsync("app", "add", "Reader")
    kinsync("connect", *AT)
    assert kinsync("webhook", "add", *AT, NOBODY).code == 0
    kinsync("sftp-account", "add", "Lakeside", "--password")
    kinsync("user", "add", "owner@lakeside.example", "--district", "Lakeside", "--role", "owner")
    for number, content in enumerate((SCHOOL, NIGHT, SCHOOL[:12])):
        kinsync("sync", "Lakeside", "--file", write(Path(f"{number}.csv"), content))
    upload_whole(Storage(used.home.folder), records.find_district("Lakeside"), as_csv(NIGHT))
    sftp_accounts.host_keys(lambda: {"ssh-ed25519": "an invented key"}, at=bootstrap.now())
    return kinsync("token", *AT).out.strip()


@pytest.fixture
def sealed(token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An encrypted backup of that."""
    monkeypatch.setenv("KINSYNC_BACKUP_PASSPHRASE", PASSPHRASE)
    out = tmp_path / "all.backup"
    made = kinsync("backup", "--out", out, "--encrypt", "--json").json
    assert made["is_encrypted"]
    assert made["holds_seal_key"]
    assert (made["files"], made["gone"]) == (len(named_files(Storage(tmp_path / "home"))), 0)
    return out


def named_files(storage: Storage) -> list[str]:
    """Paths of uploads, findings and held changes; the rest of storage are caches."""
    root = storage.home / "storage" / "districts"
    return [
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[1] in ("uploads", "syncs")
    ]


def try_endpoint(machine: Machine) -> Ended:
    machine.home.settings["KINSYNC_WEBHOOK_ALLOW"] = "127.0.0.0/8"
    [endpoint] = machine.home.run("webhook", "list", *AT, "--json").json["endpoints"]
    return machine.home.run("webhook", "test", *AT, endpoint["endpoint"])


def restore(machine: Machine, backup: Path) -> dict[str, object]:
    machine.home.settings["KINSYNC_BACKUP_PASSPHRASE"] = PASSPHRASE
    done = machine.home.run("restore-backup", backup, "--json")
    assert done.code == 0, done.said
    return done.json


def test_an_application_reads_the_same_with_the_same_token(
    used: Machine, token: str, sealed: Path, migrated: Machine
) -> None:
    told = restore(migrated, sealed)

    assert told["missing_seal_keys"] == []
    with used.serving(token) as before, migrated.serving(token) as after:
        for role in ("contact", "student"):
            assert listed(after, role) == listed(before, role)
            assert len(listed(after, role)) >= 12
        assert after.get("/v3.1/events").json() == before.get("/v3.1/events").json()


def test_every_row_and_every_named_file_is_there_and_caches_are_not(
    used: Machine, sealed: Path, empty: Machine
) -> None:
    restore(empty, sealed)

    tables = [
        name
        for (name,) in used.ask(
            "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relpersistence = 'p'"
            " AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        if name not in NOT_COPIED | {"backup"}
    ]
    for table in tables:
        rows = f"SELECT t::text FROM {table} t ORDER BY 1"
        assert empty.ask(rows) == used.ask(rows), table
    there = used.files()
    assert empty.files() == {name: there[name] for name in named_files(Storage(used.home.folder))}
    structure = (  # of indexes without casts, which the server spells in more than one way
        r"SELECT regexp_replace(pg_get_indexdef(indexrelid), '::[a-z ]+(\[\])?|[()]', '', 'g')"
        " FROM pg_index JOIN pg_class c ON c.oid = indrelid"
        " WHERE relnamespace = 'public'::regnamespace"
        " UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace"
        " UNION ALL SELECT tgname::text || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal"
        " UNION ALL SELECT sequencename || coalesce(last_value, 0) FROM pg_sequences"
        " WHERE sequencename NOT LIKE 'django_migrations%%'"
        " UNION ALL SELECT tablename || policyname || qual FROM pg_policies"
        " UNION ALL SELECT table_name || privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = 'kinsync_web' ORDER BY 1"
    )
    assert empty.ask(structure) == used.ask(structure)


def test_the_next_night_keeps_every_id_and_the_hold_can_be_approved(
    used: Machine, sealed: Path, migrated: Machine, token: str, tmp_path: Path
) -> None:
    with used.serving(token) as api:
        before = {one["id"] for one in listed(api, "contact")}
    restore(migrated, sealed)
    again = write(tmp_path / "again.csv", [replace(NIGHT[1], phone="3605559999"), *NIGHT[2:]])

    held = migrated.home.run("hold", "show", "Lakeside", "--json")
    assert held.code == 0, held.said
    synced = migrated.home.run("sync", "Lakeside", "--file", again, "--json")

    assert synced.json["state"] == "published", synced.said
    with migrated.serving(token) as api:
        assert {one["id"] for one in listed(api, "contact")} <= before
    known = used.ask("SELECT max(id) FROM sync")[0][0]
    assert migrated.ask("SELECT max(id) FROM sync")[0][0] == known + 1


def test_sealed_secrets_open_and_the_sftp_server_is_known_by_its_key(
    used: Machine, sealed: Path, migrated: Machine
) -> None:
    restore(migrated, sealed)

    key = Path("keys", "seal.key")
    assert (migrated.home.folder / key).read_bytes() == (used.home.folder / key).read_bytes()
    assert (migrated.home.folder / key).stat().st_mode & 0o077 == 0
    hosts = "SELECT algorithm, private_key FROM sftp_host_key"
    assert migrated.ask(hosts) == used.ask(hosts) == [("ssh-ed25519", "an invented key")]
    tried = try_endpoint(migrated)
    assert (tried.code, "did not take" in tried.said) == (4, True)


def test_a_plain_backup_is_a_tar_without_keys_and_says_what_is_missing(
    used: Machine, token: str, migrated: Machine, tmp_path: Path
) -> None:
    out = tmp_path / "all.tar.gz"
    shown = kinsync("backup", "--out", out).out

    assert "not encrypted" in shown
    assert "keep a copy of keys/seal.key" in shown
    assert out.stat().st_mode & 0o077 == 0
    told = migrated.home.run("restore-backup", out).out
    assert "nothing works without" in told
    assert not (migrated.home.folder / "keys").exists()
    assert "does not hold seal key" in migrated.home.run("webhook", "list", *AT).err
    assert migrated.home.run("migrate", "--lost-key").code == 0
    assert "which is not held here" in try_endpoint(migrated).said


def test_when_a_backup_was_made_is_on_record_on_both_machines(
    used: Machine, sealed: Path, migrated: Machine
) -> None:
    restore(migrated, sealed)

    [made] = used.ask("SELECT id, made_at, size, is_sealed, restored_at FROM backup")
    [came] = migrated.ask("SELECT id, made_at, size, is_sealed, restored_at FROM backup")
    assert came[:4] == made[:4]
    assert made[2:] == (sealed.stat().st_size, True, None)
    assert came[4] is not None


def test_people_sign_in_anew_and_are_found_again(
    used: Machine, sealed: Path, migrated: Machine
) -> None:
    district = records.find_district("Lakeside")
    follow(district.id)
    assert used.ask("SELECT count(*) FROM search_key") != [(0,)]
    kept_key = "INSERT INTO django_session VALUES ('a session key', 'signed', now() + '1 hour')"
    with psycopg.connect(used.database) as connection:
        connection.execute(kept_key)
    again = kinsync("backup", "--out", sealed.with_name("again.backup"), "--encrypt")
    assert again.code == 0, again.said
    restore(migrated, sealed.with_name("again.backup"))

    people = "SELECT email, password, role FROM dashboard_user JOIN dashboard_role ON user_id = id"
    assert migrated.ask(people) == used.ask(people) != []
    for table in ("django_session", "search_key", "search_state"):
        assert migrated.ask(f"SELECT count(*) FROM {table}") == [(0,)], table


def test_tables_of_an_older_release_are_brought_up_to_date(
    used: Machine, token: str, empty: Machine, tmp_path: Path
) -> None:
    out = tmp_path / "all.tar.gz"
    assert kinsync("backup", "--out", out).code == 0
    later = [list(one) for one in migrations_since(["store", "0030_dashboard"])]
    made = tables_made_by(later)
    added = columns_added_by(later, made)
    assert {"dashboard_user", "account_emailaddress"} <= set(made)
    assert ("version", "alike_at") in added

    def of_last_year(note: Note) -> None:
        note["migrations"] = [one for one in note["migrations"] if one not in later]
        for table in made:
            del note["tables"][table]
        for table, column in added:
            note["tables"][table].remove(column)

    def without_rows(note: Note) -> None:
        for table in made:
            del note["rows"][table]

    rewrite(out, of_last_year, end=without_rows)
    assert empty.home.run("restore-backup", out).code == 0

    migrations = "SELECT app, name FROM django_migrations ORDER BY 1, 2"
    assert empty.ask(migrations) == used.ask(migrations)
    assert all(empty.ask(f"SELECT * FROM {table}") == [] for table in made)
    assert empty.ask("SELECT count(*) FROM contact") == used.ask("SELECT count(*) FROM contact")


def tables_made_by(migrations: list[list[str]]) -> list[str]:
    """The tables that migrations make and a backup holds."""
    graph = MigrationLoader(connection).graph
    made = [
        one.options.get("db_table", f"{app}_{one.name_lower}")
        for app, name in migrations
        for one in graph.nodes[app, name].operations
        if isinstance(one, CreateModel)
    ]
    return [table for table in made if table not in NOT_COPIED]


def columns_added_by(migrations: list[list[str]], made: list[str]) -> list[tuple[str, str]]:
    """The columns that migrations add to tables of before them, each with its table."""
    graph = MigrationLoader(connection).graph
    added = []
    for app, name in migrations:
        state = graph.make_state((app, name)).apps
        for one in graph.nodes[app, name].operations:
            if isinstance(one, AddField):
                model = state.get_model(app, one.model_name)
                added.append((model._meta.db_table, model._meta.get_field(one.name).column))
    return [(table, column) for table, column in added if table not in (*made, *NOT_COPIED)]


def migrations_since(first: list[str]) -> list[tuple[str, str]]:
    """A migration, and those that come after it."""
    graph = MigrationLoader(connection).graph
    return list(graph.backwards_plan((first[0], first[1])))

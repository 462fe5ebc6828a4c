"""Backups of a machine whose storage is a bucket."""

from pathlib import Path

import boto3

from kinsync import bootstrap
from kinsync.domain.settings import Settings
from kinsync.store import records
from tests.backup.machines import Machine, listed
from tests.buckets import an_empty_bucket
from tests.services.pupils import as_csv, school_of, write
from tests.services.uploader import upload_whole

SCHOOL = school_of(12)


def objects(setting: str) -> dict[str, bytes]:
    """Uploads, findings and changes in a bucket, by their names below the setting's prefix."""
    bucket, _, prefix = setting.removeprefix("s3://").partition("/")
    s3 = boto3.client("s3")
    names = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {
        name.removeprefix(prefix): s3.get_object(Bucket=bucket, Key=name)["Body"].read()
        for name in names
        if name.startswith(f"{prefix}/") and ("/uploads/" in name or "/syncs/" in name)
    }


def test_what_lay_in_one_bucket_lies_in_another_and_the_next_night_goes_on(
    used: Machine, migrated: Machine, tmp_path: Path
) -> None:
    out = tmp_path / "all.tar.gz"
    with an_empty_bucket() as bucket:
        elsewhere = f"{bucket}-elsewhere"
        used.home.settings["KINSYNC_STORAGE"] = bucket
        migrated.home.settings["KINSYNC_STORAGE"] = elsewhere
        for command in (("district", "add", "Lakeside"), ("app", "add", "Reader")):
            assert used.home.run(*command).code == 0
        used.home.run("connect", "Lakeside", "Reader")
        token = used.home.run("token", "Lakeside", "Reader").out.strip()
        storage = bootstrap.storage(Settings(home=used.home.folder, storage=bucket))
        upload_whole(storage, records.find_district("Lakeside"), as_csv([*SCHOOL, SCHOOL[0]]))
        assert used.home.run("sync", "Lakeside").code == 0

        assert used.home.run("backup", "--out", out).code == 0
        assert migrated.home.run("restore-backup", out).code == 0

        assert objects(elsewhere) == objects(bucket)
        assert any("/uploads/" in name for name in objects(elsewhere))
        assert any("/syncs/" in name for name in objects(elsewhere))
        with used.serving(token) as here, migrated.serving(token) as there:
            assert listed(there, "contact") == listed(here, "contact") != []
        night = write(tmp_path / "2.csv", SCHOOL[:-1])
        told = migrated.home.run("sync", "Lakeside", "--file", night, "--json").json
        assert (told["version"], told["created"]["contact"]) == (2, 0)

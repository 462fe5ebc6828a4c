"""Folders in a bucket, behind Django's storage API. Imported where a bucket is used: it is slow to.

Keys, region and endpoint come from AWS's own environment.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from storages.backends.s3 import S3Storage

from kinsync.domain.errors import TryAgainLater


def open_bucket(bucket: str, prefix: str) -> "BucketFolder":
    """The folder of that prefix in a bucket."""
    files = S3Storage(bucket_name=bucket, default_acl=None, file_overwrite=True)
    return BucketFolder(files, "/".join(part for part in (prefix.strip("/"), "kinsync") if part))


@dataclass(frozen=True, slots=True)
class BucketFolder:
    """What lies under one prefix of a bucket. ``files`` is a storage of Django's.

    Raises:
        TryAgainLater: from each method, where the bucket cannot be used.
    """

    files: Any
    prefix: str

    def __truediv__(self, name: str) -> "BucketFolder":
        return BucketFolder(self.files, f"{self.prefix}/{name}")

    @property
    def name(self) -> str:
        """The last part of the prefix."""
        return self.prefix.rpartition("/")[2]

    def subfolders(self) -> list[str]:
        """Names of the folders in this one."""
        with _outages():
            return list(self.files.listdir(self.prefix)[0])

    def upload(self, path: Path, name: str = "") -> None:
        """Put a file of this machine into the folder, under its own name or another."""
        with _outages(), path.open("rb") as content:
            self.files.save(f"{self.prefix}/{name or path.name}", File(content))

    def download(self, into: Path) -> None:
        """Copy every file of the folder to this machine."""
        with _outages():
            for name in self.files.listdir(self.prefix)[1]:
                with (
                    self.files.open(f"{self.prefix}/{name}") as source,
                    (into / name).open("wb") as copy,
                ):
                    shutil.copyfileobj(source, copy)

    def remove(self) -> None:
        """Delete everything under the prefix."""
        with _outages():
            below, files = self.files.listdir(self.prefix)
            for name in files:
                self.files.delete(f"{self.prefix}/{name}")
        for name in below:
            (self / name).remove()


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise TryAgainLater(
            f"The bucket of KINSYNC_STORAGE cannot be used ({type(error).__name__}). Nothing was "
            "published. Check its name, the keys and the network, and try again."
        ) from error

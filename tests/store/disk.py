"""Storage on a disk, where a test looks at the files themselves."""

from pathlib import Path

from kinsync.store.folders import Folder


def on_disk(folder: Folder) -> Path:
    """The folder as a path."""
    assert isinstance(folder, Path)
    return folder

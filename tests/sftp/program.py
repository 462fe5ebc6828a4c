"""An SFTP server in a process of its own, as tests want it: ``python -m tests.sftp.program JSON``.

Prints its port once it answers, and ``stopped`` when it has stopped.
"""

import json
import resource
import sys
from pathlib import Path

import django

django.setup()

from kinsync import bootstrap  # noqa: E402
from kinsync.domain.settings import Settings  # noqa: E402
from kinsync.sftp.limits import Limits  # noqa: E402
from kinsync.sftp.server import serve  # noqa: E402


def main() -> None:
    asked = json.loads(sys.argv[1])
    if "largest_file" in asked:  # a disk that will not take more, without filling one
        limit = asked["largest_file"]
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    serve(
        "127.0.0.1",
        asked.get("port", 0),
        uploads=bootstrap.uploads(Settings(home=Path(asked["home"]))),
        limits=Limits(**asked["limits"]),
        ready=lambda port, _fingerprints: print(port, flush=True),
    )
    print("stopped", flush=True)


if __name__ == "__main__":
    main()

"""``python -m kinsync`` is the ``kinsync`` command."""

from kinsync.cli import main

main()

"""What a running service logs: lines for people on a terminal, JSON elsewhere. No personal data.

A library's exception may carry a value of a row in its text, so of an exception are logged its type
and where it was raised.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

_PLACES = 3


def set_up_logs(level: str) -> None:
    """Send every log line of this process to standard error from now on."""
    is_terminal = sys.stderr.isatty()
    shared: list[Any] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _only_where,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer()
                if is_terminal
                else structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger("procrastinate.blueprints").setLevel(logging.WARNING)


def _only_where(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Of an exception its type and place, never its text."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given
    record = event.get("_record")
    if record is not None and record.exc_info:  # a library's, which the formatter would spell out
        error = record.exc_info[1]
        record.exc_info = record.exc_text = None
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-_PLACES:]
        event["error"] = type(error).__name__
        event["at"] = [f"{Path(one.filename).name}:{one.lineno}" for one in frames]
    return event

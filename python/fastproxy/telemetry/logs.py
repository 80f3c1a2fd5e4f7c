"""Logs: one line per event on standard error, JSON off a terminal. Never a key, a prompt or an answer."""

from __future__ import annotations

import datetime
import logging
import sys
from typing import Literal

import orjson

#: The logger of one line per request.
ACCESS = logging.getLogger("fastproxy.access")


def configure(level: str, form: Literal["auto", "json", "text"]) -> None:
    """Send every log record of the process to standard error in this form."""
    output = logging.StreamHandler(sys.stderr)
    is_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    output.setFormatter(JsonFormatter() if is_json else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level.upper())


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, dict) else {}


def _time(record: logging.LogRecord) -> str:
    moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class JsonFormatter(logging.Formatter):
    """One JSON object per line: `ts`, `level`, `logger`, `msg`, then the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "ts": _time(record), "level": record.levelname.lower(), "logger": record.name, "msg": record.getMessage(),
        }  # fmt: skip
        line.update(_fields(record))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def _plain(value: object) -> str:
    """Text that stays on its line: paths and names are chosen by clients, and must not forge lines or colours."""
    text = str(value)
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


class TextFormatter(logging.Formatter):
    """For people at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        details = " ".join(f"{key}={_plain(value)}" for key, value in _fields(record).items() if value is not None)
        text = f"{_time(record)[11:23]} {record.levelname.lower():7} {_plain(record.getMessage())} {details}".rstrip()
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text

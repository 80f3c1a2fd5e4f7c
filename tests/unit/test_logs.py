"""Log lines: one per event, whatever clients choose for names."""

import json
import logging

from fastproxy.telemetry.logs import JsonFormatter, TextFormatter

FORGED = "m\n00:00:00.000 error   forged\x1b[31m \u2028 \ud800"


def record(**fields: object) -> logging.LogRecord:
    made = logging.LogRecord("fastproxy.access", logging.INFO, __file__, 1, "request", None, None)
    made.fields = fields
    return made


def test_text_for_people_stays_on_its_line() -> None:
    line = TextFormatter().format(record(model=FORGED, status=200))
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert "status=200" in line
    assert "model=caf\u00e9" in TextFormatter().format(record(model="caf\u00e9"))


def test_json_is_one_line() -> None:
    line = JsonFormatter().format(record(model=FORGED.replace("\ud800", "")))
    assert "\n" not in line
    assert json.loads(line)["model"].startswith("m\n00")

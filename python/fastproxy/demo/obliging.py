"""A model that does what it is asked: the script for suites that bring their own prompts (langchain-tests).

It calls a tool when one must be called, when one is named in the words, or when tools are all that it has been given;
numbers and quoted words of the text go into arguments and objects.
"""

import re
from typing import Any

from fastproxy.demo import schema
from fastproxy.demo.ask import Ask, Json, Mode, Tool
from fastproxy.demo.script import Numbers
from fastproxy.demo.sse import dumps
from fastproxy.demo.story import Call, Finish, Story, Text

_NUMBER = re.compile(r"-?\d+")
_QUOTED = re.compile(r"'(\w+)'")


def obliging(ask: Ask, numbers: Numbers) -> Story:
    """Results are reported, tools called, objects made; anything else is answered in a sentence."""
    if ask.results:
        said = "; ".join(f"{result.name} gave {result.text or 'something'}" for result in ask.results)
        return _said(f"The results are in: {said}")
    if (tool := _wanted(ask)) is not None:
        return Story(parts=(_call(tool, ask.text),), finish=Finish.TOOLS)
    if ask.schema is not None:
        return _said(dumps(schema.example(ask.schema)))
    if ask.json_mode:
        return _said(dumps(dict.fromkeys(_QUOTED.findall(ask.text) or ["answer"], "as you wish")))
    return _said(f"You said: {ask.text or 'nothing'}")


def _said(text: str) -> Story:
    return Story(parts=(Text(text),))


def _wanted(ask: Ask) -> Tool | None:
    if ask.choice.mode is Mode.NONE:
        return None
    able = [tool for tool in ask.tools if not ask.choice.only or tool.name in ask.choice.only]
    named = [tool for tool in able if tool.name in ask.text]
    # The longest name: `magic_function` stands in `magic_function_no_args` too.
    best = max(named, key=lambda tool: len(tool.name), default=None)
    if best is None and able:
        return able[0]
    return best


def _call(tool: Tool, text: str) -> Call:
    if tool.custom:
        return Call(tool.name, text, custom=True)
    arguments = schema.example(tool.schema)
    if isinstance(arguments, dict):
        _put_words(arguments, tool.schema, text)
    return Call(tool.name, dumps(arguments))


def _put_words(arguments: dict[str, Any], declared: Json, text: str) -> None:
    """The numbers of the text, one after the other, into what takes whole numbers; its quoted words into texts."""
    found: dict[str, Any] = {"integer": map(int, _NUMBER.findall(text)), "string": iter(_QUOTED.findall(text))}
    for name, property in declared.get("properties", {}).items():
        kind = str(property.get("type", "")).lower() if isinstance(property, dict) else ""
        value = next(found.get(kind, iter(())), None)
        if value is not None:
            arguments[name] = value

"""Writes docs/reference/demo.md from the vocabulary: `python -m fastproxy.demo.reference > docs/reference/demo.md`."""

import sys

from fastproxy.demo.accounts import BEHAVIOURS
from fastproxy.demo.dialects import DIALECTS
from fastproxy.demo.script import Group
from fastproxy.demo.service import vocabulary

INTRODUCTION = """\
# The simulated upstream

`fastproxy demo` and the tests talk to a simulated upstream instead of a paid service. It speaks the upstream dialects
faithfully, refuses what the real services refuse, and misbehaves on request, down to single bytes. This page is generated:
`python -m fastproxy.demo.reference > docs/reference/demo.md`.

The **model name** says what to answer: a script, and words that change it, joined by `+`, in any order:

    echo
    long-500-20
    tools+thinking+gzip
    deepseek-chat+tools+cut-rst-3
    echo+error-503+times-2

In a table below, `<n>` stands for a number and `[-<n>]` for one that may be left out. A name with an unknown word is a
model that does not exist (404). A client that cannot choose the model name writes `script:tools+gzip` into a user text;
the last such direction in the conversation counts.

In tests:

```python
async with Simulation() as simulation:
    client = AsyncOpenAI(base_url=simulation.base_url("openai_chat"), api_key="sk-test-1")
    ...
    recorded = await simulation.request(0)  # waits until it has arrived
    assert recorded.header("authorization") == "Bearer sk-test-1"
    assert not (await recorded.over()).was_abandoned
```
"""
DIALECT_HEAD = """\
## Dialects

| dialect | base URL |
|---|---|
"""
KEYS_HEAD = """\
## Keys

Any key is good, whichever header of the dialect carries it; none at all is a 401. Keys that begin as below always fail:

| key | what happens |
|---|---|
"""


def reference() -> str:
    """The whole page."""
    words = vocabulary().words
    dialects = "".join(f"| `{known.name}` | `http://127.0.0.1:<port>{known.base_path}` |\n" for known in DIALECTS)
    keys = "".join(f"| `{start}…` | {about} (`{added}`) |\n" for start, (added, about) in BEHAVIOURS.items())
    chapters = [f"## {group.value}\n\n| word | meaning |\n|---|---|\n" for group in Group]
    for at, group in enumerate(Group):
        rows = [f"| `{word.name}` | {word.about} |\n" for word in words if word.group is group]
        chapters[at] += "".join(rows)
    return "\n".join([INTRODUCTION, DIALECT_HEAD + dialects, KEYS_HEAD + keys, *chapters])


if __name__ == "__main__":
    sys.stdout.write(reference())

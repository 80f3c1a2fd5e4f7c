"""The words that change how an answer is told and delivered: twists, pace, faults, framing, HTTP, and the families of models."""

from msgspec.structs import replace

from fastproxy.demo.delivery import Ending, Stage
from fastproxy.demo.script import Group, Numbers, Plan, Word
from fastproxy.demo.sse import Comments
from fastproxy.demo.story import Pieces


def _plan(group: Group, name: str, about: str, **changes: object) -> Word:
    """A word that sets fields of the plan."""
    return Word(name=name, about=about, group=group, apply=lambda plan, numbers: replace(plan, **changes))


def _delivery(group: Group, name: str, about: str, **changes: object) -> Word:
    """A word that sets fields of the delivery."""
    return Word(name=name, about=about, group=group, apply=lambda plan, numbers: plan.delivered(**changes))


def _number(group: Group, name: str, about: str, field: str, otherwise: int, **changes: object) -> Word:
    """A word whose number goes into one field of the delivery."""

    def apply(plan: Plan, numbers: Numbers) -> Plan:
        value = otherwise if numbers[0] is None else numbers[0]
        return plan.delivered(**{field: value, **changes})

    return Word(name=name, about=about, group=group, apply=apply)


def _style(name: str, about: str, **changes: object) -> Word:
    """A word that changes how events are framed."""

    def apply(plan: Plan, numbers: Numbers) -> Plan:
        return plan.delivered(style=replace(plan.delivery.style, **changes))

    return Word(name=name, about=about, group=Group.FRAMING, apply=apply)


def _odd(name: str, about: str) -> Word:
    """A word that adds an oddity of HTTP, told by its own name."""

    def apply(plan: Plan, numbers: Numbers) -> Plan:
        return plan.delivered(http=plan.delivery.http | {name})

    return Word(name=name, about=about, group=Group.HTTP, apply=apply)


def _times(plan: Plan, numbers: Numbers) -> Plan:
    return replace(plan, times=numbers[0])


TWISTS = (
    _plan(
        Group.TWIST,
        "thinking",
        "Thinks first: signed blocks (Anthropic), `reasoning_content` (Chat), a summary and state (Responses), thoughts and signatures (Gemini), `thinking` (Ollama).",
        thinking=True,
    ),
    _plan(
        Group.TWIST,
        "redacted",
        "Thinking of which only opaque state is shown: a redacted block (Anthropic), an item without a summary (Responses), a "
        "signature (Gemini); together with `thinking`: both.",
        redacted=True,
    ),
    _plan(
        Group.TWIST,
        "cached",
        "Usage with half of the prompt read from the cache and a quarter written to it.",
        cached=True,
    ),
    _plan(Group.TWIST, "whole", "Every part in a single delta.", pieces=Pieces.WHOLE),
    _plan(Group.TWIST, "letters", "A delta for every character.", pieces=Pieces.LETTERS),
    _plan(
        Group.TWIST,
        "surrogates",
        "Emoji are split between two deltas, as the escapes of half a surrogate pair each.",
        pieces=Pieces.SURROGATES,
    ),
    _plan(Group.TWIST, "lenient", "Unknown request fields are ignored, as most compatible hosts do.", lenient=True),
)
PACES = (
    _number(Group.PACE, "slow[-<ms>]", "50 (or so many) milliseconds between events.", "pace_ms", 50),
    _number(Group.PACE, "delay-<ms>", "So long before the first byte.", "delay_ms", 0),
    _number(
        Group.PACE,
        "dribble[-<ms>]",
        "One byte per write, with so many milliseconds between.",
        "dribble_ms",
        0,
        write_size=1,
    ),
    _number(
        Group.PACE, "ragged-<n>", "n bytes per write, across the borders of events and characters.", "write_size", 7
    ),
    _delivery(Group.PACE, "joined", "All events in one write.", joined=True),
)
FAULTS = (
    _number(
        Group.FAULT,
        "cut-clean[-<n>]",
        "After two (or n) content events the HTTP body ends properly, but without the dialect's terminator. "
        "With `n` 0 here and below: after the events that precede the first content. One-shot: half of the body.",
        "after",
        2,
        ending=Ending.CLEAN,
    ),
    _number(
        Group.FAULT,
        "cut-fin[-<n>]",
        "The connection is closed inside the body, with FIN.",
        "after",
        2,
        ending=Ending.FIN,
    ),
    _number(Group.FAULT, "cut-rst[-<n>]", "The same with RST.", "after", 2, ending=Ending.RST),
    _number(Group.FAULT, "bad-chunk[-<n>]", "A chunk size that is not a number.", "after", 2, ending=Ending.BAD_CHUNK),
    _number(
        Group.FAULT,
        "stall[-<n>]",
        "Nothing more comes after two (or n) content events.",
        "after",
        2,
        ending=Ending.STALL,
    ),
    _delivery(Group.FAULT, "torn", "With a cut or a stall: half of the next event arrives too.", torn=True),
    _delivery(Group.FAULT, "silent", "No byte of an answer ever comes.", ending=Ending.STALL, stage=Stage.SILENT),
    _delivery(
        Group.FAULT,
        "vanish",
        "The connection is closed (FIN) before any byte of the answer.",
        ending=Ending.FIN,
        stage=Stage.SILENT,
    ),
    _delivery(Group.FAULT, "vanish-rst", "The same with RST.", ending=Ending.RST, stage=Stage.SILENT),
    _delivery(
        Group.FAULT,
        "torn-head",
        "The connection is closed inside the response head.",
        ending=Ending.FIN,
        stage=Stage.HEAD,
    ),
    _delivery(
        Group.FAULT,
        "stale",
        "A full answer; then the connection is closed (FIN) right as the next request arrives on it.",
        stale="fin",
    ),
    _delivery(Group.FAULT, "stale-rst", "The same with RST.", stale="rst"),
    Word(
        name="times-<n>",
        about="The fault or error of this name strikes only on its first n requests; later ones are answered.",
        group=Group.FAULT,
        apply=_times,
    ),
)
FRAMINGS = (
    _style("crlf", "CRLF line ends.", line_end="\r\n"),
    _style("cr", "CR line ends.", line_end="\r"),
    _style("bom", "A byte order mark in front.", bom=True),
    _style("no-space", "`data:` without a space.", space=False),
    _style("comments", "A comment block before each event.", comments=Comments.APART),
    _style("comments-glued", "A comment line as part of each event.", comments=Comments.GLUED),
    _style("multi-line", "Each payload over several `data:` lines.", multi_line=True),
    _style("name-last", "`event:` after `data:`.", name_last=True),
    _style("no-names", "No `event:` lines.", names=False),
    _style("ids", "An `id:` on each event.", ids=True),
    _style("retry", "A `retry:` block in front.", retry=True),
    _style("blank-extra", "One blank line too many between events.", blank_extra=True),
    _style("no-last-blank", "The last event without its blank line.", blank_last=False),
)
HTTP = (
    _delivery(Group.HTTP, "gzip", "The body in gzip, flushed per event, whatever the client accepts.", coding="gzip"),
    _delivery(Group.HTTP, "deflate", "The same in deflate (zlib).", coding="deflate"),
    _delivery(
        Group.HTTP, "deflate-raw", "The raw deflate that some servers send under that name.", coding="deflate-raw"
    ),
    _delivery(Group.HTTP, "br", "The same in Brotli.", coding="br"),
    _delivery(Group.HTTP, "gzip-lie", "Says gzip, sends plain bytes.", coding="gzip-lie"),
    _number(
        Group.HTTP, "bomb-<mb>", "gzip; the answer stands behind so many MiB of blanks.", "bomb_mb", 64, coding="gzip"
    ),
    _odd("until-close", "The body has no length and ends with the connection."),
    _odd("http10", "An HTTP/1.0 answer that ends with the connection."),
    _odd("chunked", "A one-shot body in chunks too."),
    _odd("chunk-extensions", "Chunks with extensions."),
    _odd("trailers", "A trailer field behind the last chunk."),
    _odd("continue", "100 Continue before the answer, unasked."),
    _odd("early-hints", "103 Early Hints before the answer."),
    _odd("two-lengths", "Two different Content-Length fields."),
    _odd("length-and-chunked", "Content-Length together with chunked."),
    _odd("short-body", "Content-Length is larger than the one-shot body; then FIN."),
    _odd("extra-bytes", "A second, forged response behind the answer."),
    _odd("header-bomb", "Ten thousand response headers."),
    _odd("no-type", "No Content-Type."),
    _odd("wrong-type", "A stream labelled JSON, JSON labelled a stream."),
)


def _family(name: str, family: str, about: str, *quirks: str, comments: Comments = Comments.NONE) -> Word:
    """A word for the models of one maker, with the quirks of its host."""

    def apply(plan: Plan, numbers: Numbers) -> Plan:
        plan = replace(plan, family=family, quirks=(*quirks, *plan.quirks))
        return (
            plan.delivered(style=replace(plan.delivery.style, comments=comments))
            if comments is not Comments.NONE
            else plan
        )

    return Word(name=name, about=about, group=Group.FAMILY, apply=apply)


FAMILIES = (
    _family("gpt-*", "gpt", "OpenAI, as strict as it is. Names without a family are as strict."),
    _family("chatgpt-*", "gpt", "The same."),
    _family("o<n>*", "reasoner", "OpenAI's reasoning models: no `temperature`, `stop` or `max_tokens`."),
    _family("claude-3*", "claude-3", "Older Claude: takes a prefilled assistant turn."),
    _family("claude-*", "claude", "Newer Claude: no prefill."),
    _family(
        "gemini-3*",
        "gemini-3",
        "Newer Gemini: thinks by default, wants the signatures of its calls back in the same turn.",
    ),
    _family("gemini-*", "gemini", "Older Gemini, and its embedding models."),
    _family("text-embedding-*", "gpt", "OpenAI's embedding models."),
    _family("llama*", "ollama", "A model as Ollama names it; so are `qwen*` and `nomic-*`."),
    _family("qwen*", "ollama", "The same."),
    _family("nomic-*", "ollama", "The same."),
    _family(
        "deepseek-*",
        "deepseek",
        "Thinks by default, wants `reasoning_content` back on every assistant turn, sends usage with the finish.",
        "usage-on-finish",
    ),
    _family(
        "host-openrouter",
        "host",
        "As OpenRouter: comments, roles and finish repeated, `reasoning` with details.",
        "role-repeats",
        "finish-twice",
        "reasoning-field",
        comments=Comments.APART,
    ),
    _family("host-groq", "host", "As Groq: whole calls, usage twice.", "whole-call", "usage-twice"),
    _family("host-azure", "host", "As Azure: a first chunk without choices.", "first-empty"),
    _family(
        "host-mistral", "host", "As Mistral: listed content, usage with the finish.", "list-content", "usage-on-finish"
    ),
    _family("host-vllm", "host", "As vLLM: blank ids, every field in every delta.", "blank-ids", "null-fields"),
    _family(
        "host-ollama",
        "host",
        "As older Ollama: empty finish reasons, `stop` with calls.",
        "finish-empty",
        "stop-with-tools",
    ),
    _family("host-*", "host", "A compatible host: unknown request fields are ignored."),
)
WORDS = TWISTS + PACES + FAULTS + FRAMINGS + HTTP + FAMILIES

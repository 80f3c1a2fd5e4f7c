"""The dialects that the simulation speaks: one folder and one line here for each. The last answers on paths that nobody claims."""

from fastproxy.demo.dialects.anthropic import Anthropic
from fastproxy.demo.dialects.dialect import Dialect
from fastproxy.demo.dialects.gemini import Gemini
from fastproxy.demo.dialects.ollama import Ollama
from fastproxy.demo.dialects.openai_chat import OpenAIChat
from fastproxy.demo.dialects.openai_responses import OpenAIResponses

DIALECTS: tuple[type[Dialect], ...] = (
    Anthropic,
    Gemini,
    Ollama,
    OpenAIResponses,
    OpenAIChat,
)

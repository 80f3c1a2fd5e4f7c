"""The client dialects of the demo: one file and one line here for each."""

from fastproxy.demo.clients.anthropic import MessagesClient
from fastproxy.demo.clients.client import Client
from fastproxy.demo.clients.gemini import GeminiClient
from fastproxy.demo.clients.ollama import OllamaClient
from fastproxy.demo.clients.openai_chat import ChatClient
from fastproxy.demo.clients.openai_responses import ResponsesClient

CLIENTS: tuple[type[Client], ...] = (
    ChatClient,
    ResponsesClient,
    MessagesClient,
    GeminiClient,
    OllamaClient,
)

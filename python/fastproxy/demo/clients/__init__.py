"""The client dialects of the demo: one file and one line here for each."""

from fastproxy.demo.clients.anthropic import MessagesClient
from fastproxy.demo.clients.client import Client
from fastproxy.demo.clients.openai_chat import ChatClient

CLIENTS: tuple[type[Client], ...] = (
    ChatClient,
    MessagesClient,
)

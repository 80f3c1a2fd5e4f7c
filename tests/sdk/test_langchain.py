"""LangChain's own suite for chat models, over its OpenAI (Chat and Responses), Anthropic and Google classes.

Each class speaks its dialect to the proxy, whose upstream speaks another one: what the suite demands of a model survives
the way there and back.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

from .servers import CLIENT_KEY, Running

pytestmark = [
    pytest.mark.xdist_group("langchain"),
    # Of LangChain's own: an object parsed by the SDK is dumped by a model that declares none.
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
    pytest.mark.filterwarnings("ignore:Received a Pydantic BaseModel V1 schema:UserWarning"),
]


class Suite(ChatModelIntegrationTests):
    """What is common: where the model is, and how it behaves."""

    #: The upstream that answers.
    upstream = ""

    @pytest.fixture(autouse=True)
    def _reach(self, proxy: Running) -> None:
        type(self).address = proxy.address

    address = ""

    @property
    def name(self) -> str:
        return f"{self.upstream}/obliging"

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.name}

    # Inputs with media are off, as they are by default: the suite would fetch the media from the internet.


class TestOpenaiOverMessages(Suite):
    upstream = "messages"

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.name, "base_url": f"{self.address}/v1", "api_key": CLIENT_KEY, "stream_usage": True}


class TestResponsesOverMessages(TestOpenaiOverMessages):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, "use_responses_api": True}


class TestOpenaiOverGemini(TestOpenaiOverMessages):
    upstream = "gemini"


class TestResponsesOverChat(TestResponsesOverMessages):
    upstream = "chat"


class TestAnthropicOverChat(Suite):
    upstream = "chat"

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatAnthropic

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.name, "base_url": self.address, "api_key": CLIENT_KEY}


class TestAnthropicOverResponses(TestAnthropicOverChat):
    upstream = "responses"


class TestGoogleOverResponses(Suite):
    upstream = "responses"

    @pytest_asyncio.fixture(autouse=True, loop_scope="session")
    async def _closed(self, _reach: None, model: ChatGoogleGenerativeAI) -> AsyncIterator[None]:
        """The class leaves its connections to the garbage collector, which warns of them in whatever test comes next."""
        yield
        if model.client is not None:
            await model.client.aio.aclose()

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatGoogleGenerativeAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.name, "base_url": self.address, "google_api_key": CLIENT_KEY}


class TestGoogleOverMessages(TestGoogleOverResponses):
    upstream = "messages"

"""Gemini: the list of models."""

from fastproxy.demo.ask import Json
from fastproxy.demo.errors import Kind, Refused

DEFAULT_PAGE, MOST_LISTED = 50, 1000
METHODS = ["generateContent", "countTokens", "embedContent", "batchEmbedContents"]


def model(name: str) -> Json:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": f"Simulated {name}",
        "description": "A script of the simulated upstream.",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": METHODS,
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
    }


def page(names: list[str], query: dict[str, str]) -> Json:
    """One page; the token of the next is where it begins."""
    size, token = query.get("pageSize", str(DEFAULT_PAGE)), query.get("pageToken") or "0"
    if not size.isdigit() or not token.isdigit():
        raise Refused(Kind.INVALID, "page_size must be a number, page_token one that was issued with a page")
    start = int(token)
    end = start + min(int(size) or DEFAULT_PAGE, MOST_LISTED)
    body: Json = {"models": [model(name) for name in names[start:end]]}
    return body if end >= len(names) else {**body, "nextPageToken": str(end)}

"""Gemini: sources, as grounding chunks and the segments of text that they support, in bytes of UTF-8."""

from fastproxy.demo.ask import Json
from fastproxy.demo.story import Story, Text


def grounding(story: Story) -> Json:
    """`groundingMetadata` and `citationMetadata` of a candidate; nothing where nothing is cited."""
    chunks: list[Json] = []
    supports: list[Json] = []
    sources: list[Json] = []
    before = 0
    for index, part in enumerate(part for part in story.parts if isinstance(part, Text)):
        for source in part.citations:
            start, end = (before + len(part.text[:at].encode()) for at in (source.start, source.end))
            segment: Json = {"partIndex": index, "startIndex": start, "endIndex": end}
            segment["text"] = part.text[source.start : source.end]
            supports.append({"segment": segment, "groundingChunkIndices": [len(chunks)]})
            chunks.append({"web": {"uri": source.url, "title": source.title}})
            sources.append({"startIndex": start, "endIndex": end, "uri": source.url, "title": source.title})
        before += len(part.text.encode())
    if not chunks:
        return {}
    found = {"webSearchQueries": ["lisbon"], "groundingChunks": chunks, "groundingSupports": supports}
    return {"groundingMetadata": found, "citationMetadata": {"citationSources": sources}}

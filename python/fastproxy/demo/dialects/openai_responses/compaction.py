"""OpenAI Responses: a conversation made shorter. What the user said stays, the rest becomes one opaque item."""

from fastproxy.demo import seal
from fastproxy.demo.ask import Json
from fastproxy.demo.dialects.dialect import Context
from fastproxy.demo.dialects.openai_responses.items import COMPACTION
from fastproxy.demo.dialects.openai_responses.request import ResponsesRequest
from fastproxy.demo.story import tokens


def compacted(request: ResponsesRequest, context: Context) -> Json:
    said = [item for item in request.history if item.get("role") == "user"]
    state = seal.conceal(COMPACTION, request.ask.prompt)
    item = {"id": context.ids.make("cmp_", 48), "type": "compaction", "encrypted_content": state}
    count = len(tokens(request.ask.prompt))
    return {
        "id": context.ids.make("resp_", 48),
        "object": "response.compaction",
        "created_at": int(context.now),
        "output": [*said, item],
        "usage": {
            "input_tokens": count,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": count + 1,
        },
    }

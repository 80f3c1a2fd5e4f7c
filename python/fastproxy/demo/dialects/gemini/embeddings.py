"""Gemini: embeddings, one or a batch."""

from fastproxy.demo.ask import Ask, Json
from fastproxy.demo.checked import Node, parse
from fastproxy.demo.dialects.dialect import Context, Renderer
from fastproxy.demo.dialects.gemini.spelling import camel
from fastproxy.demo.dialects.oneshot import OneShot
from fastproxy.demo.embedding import vector

METHODS = ("embedContent", "batchEmbedContents")
FIELDS = frozenset("model content taskType title outputDimensionality".split())
TASKS = (
    "TASK_TYPE_UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
)
DIMENSIONS = 3072
MOST_INPUTS = 100


def read(raw: bytes, model: str, method: str, context: Context) -> Renderer:
    body = Node(camel(parse(raw).value))
    plan = context.vocabulary.plan(model)
    if method == "embedContent":
        text, values = _one(body, model)
        answer: Json = {"embedding": {"values": values}}
        return OneShot(Ask(model=model, prompt=text), plan, answer)
    nodes = body.object({"requests"}).need("requests").items(low=1, high=MOST_INPUTS)
    pairs = [_one(node, model, is_batch=True) for node in nodes]
    answer = {"embeddings": [{"values": values} for _, values in pairs]}
    return OneShot(Ask(model=model, prompt=" ".join(text for text, _ in pairs)), plan, answer)


def _one(node: Node, model: str, *, is_batch: bool = False) -> tuple[str, list[float]]:
    node.object(FIELDS)
    named = node.need("model") if is_batch else node.get("model")
    if named is not None and named.text() != f"models/{model}":
        named.refuse("model must match the model of the request's path")
    if (task := node.get("taskType")) is not None:
        task.one_of(*TASKS)
    size = node.get("outputDimensionality")
    parts = node.need("content").object({"parts", "role"}).need("parts")
    text = " ".join(part.object({"text"}).need("text").text() for part in parts.items(low=1))
    return text, vector(text, DIMENSIONS if size is None else size.integer(1, DIMENSIONS))

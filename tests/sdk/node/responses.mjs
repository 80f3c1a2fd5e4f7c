// The `openai` package for Node, its Responses half.

import OpenAI from "openai";

export class ResponsesConversation {
  constructor(address, key, settings) {
    this.client = new OpenAI({ baseURL: `${address}/v1`, apiKey: key, maxRetries: settings.max_retries, timeout: 30_000 });
    this.settings = settings;
    this.items = [];
  }

  say(text, images) {
    const parts = [{ type: "input_text", text }];
    for (const data of images) {
      parts.push({ type: "input_image", image_url: `data:image/png;base64,${data}`, detail: "auto" });
    }
    this.items.push({ role: "user", content: images.length ? parts : text });
    return this.turn();
  }

  give(results) {
    for (const [id, output] of Object.entries(results)) {
      this.items.push({ type: "function_call_output", call_id: id, output });
    }
    return this.turn();
  }

  // Streamed through the SDK's own accumulator, which throws when the stream has no proper end.
  async turn() {
    const request = this.request();
    const response = this.settings.stream
      ? await this.client.responses.stream(request).finalResponse()
      : await this.client.responses.create(request);
    if (response.status === "failed") throw new OpenAI.OpenAIError(response.error?.message ?? "response.failed");
    this.items.push(...response.output.map(sent));
    return answer(response);
  }

  request() {
    const { model, max_tokens, tools, schema, thinking } = this.settings;
    const request = {
      model,
      input: this.items,
      store: false,
      max_output_tokens: max_tokens,
      include: ["reasoning.encrypted_content"],
    };
    if (tools.length) {
      request.tools = tools.map((tool) => ({
        type: "function",
        name: tool.name,
        description: tool.description,
        parameters: tool.schema,
        strict: false,
      }));
    }
    if (schema) request.text = { format: { type: "json_schema", name: "answer", schema, strict: true } };
    if (thinking) request.reasoning = { effort: "high", summary: "auto" };
    return request;
  }
}

// An item as it goes back: the accumulator's own fields are not the API's.
function sent({ parsed_arguments, content, ...item }) {
  return content ? { ...item, content: content.map(({ parsed, ...part }) => part) } : item;
}

function answer(response) {
  const of = (type) => response.output.filter((item) => item.type === type);
  const parts = of("message").flatMap((item) => item.content);
  const refusal = parts.filter((part) => part.type === "refusal").map((part) => part.refusal).join("");
  const calls = of("function_call").map((item) => ({
    id: item.call_id,
    name: item.name,
    arguments: JSON.parse(item.arguments || "{}"),
  }));
  const usage = response.usage;
  return {
    model: response.model,
    text: parts.filter((part) => part.type === "output_text").map((part) => part.text).join(""),
    stop: stop(response, calls.length > 0, refusal !== ""),
    usage: usage ? { input: usage.input_tokens, output: usage.output_tokens } : null,
    calls,
    thinking: of("reasoning").map(thinking).join(""),
    refusal,
  };
}

function stop(response, hasCalls, isRefused) {
  if (response.status === "incomplete") {
    return { max_output_tokens: "length", content_filter: "refusal" }[response.incomplete_details.reason];
  }
  return isRefused ? "refusal" : hasCalls ? "tools" : "end";
}

// Shown as summaries, or (open models) as it was.
function thinking({ summary, content }) {
  const shown = summary.length ? summary : (content ?? []);
  return shown.map((part) => part.text).join("");
}

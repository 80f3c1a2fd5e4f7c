// The `@anthropic-ai/sdk` package for Node.

import Anthropic from "@anthropic-ai/sdk";

const stops = { end_turn: "end", tool_use: "tools", max_tokens: "length", stop_sequence: "stop", refusal: "refusal" };

export class AnthropicConversation {
  constructor(address, key, settings) {
    this.client = new Anthropic({ baseURL: address, apiKey: key, maxRetries: settings.max_retries, timeout: 30_000 });
    this.settings = settings;
    this.messages = [];
  }

  say(text, images) {
    const parts = [{ type: "text", text }];
    for (const data of images) parts.push({ type: "image", source: { type: "base64", media_type: "image/png", data } });
    this.messages.push({ role: "user", content: images.length ? parts : text });
    return this.turn();
  }

  give(results) {
    const blocks = Object.entries(results).map(([id, content]) => ({ type: "tool_result", tool_use_id: id, content }));
    this.messages.push({ role: "user", content: blocks });
    return this.turn();
  }

  async turn() {
    const request = this.request();
    const message = this.settings.stream
      ? await this.client.messages.stream(request).finalMessage()
      : await this.client.messages.create(request);
    this.messages.push({ role: "assistant", content: message.content });
    return answer(message);
  }

  request() {
    const { model, max_tokens, tools, schema, thinking } = this.settings;
    const request = { model, messages: this.messages, max_tokens };
    if (tools.length) {
      request.tools = tools.map((tool) => ({ name: tool.name, description: tool.description, input_schema: tool.schema }));
    }
    if (schema) request.output_config = { format: { type: "json_schema", schema } };
    if (thinking) request.thinking = { type: "enabled", budget_tokens: 1024, display: "summarized" };
    return request;
  }
}

function answer(message) {
  const { content, usage } = message;
  const join = (type, field) => content.filter((block) => block.type === type).map((block) => block[field]).join("");
  const text = join("text", "text");
  const stop = stops[message.stop_reason];
  const cached = (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
  return {
    model: message.model,
    text,
    stop,
    usage: { input: usage.input_tokens + cached, output: usage.output_tokens },
    calls: content
      .filter((block) => block.type === "tool_use")
      .map((block) => ({ id: block.id, name: block.name, arguments: block.input })),
    thinking: join("thinking", "thinking"),
    refusal: stop === "refusal" ? text || (message.stop_details?.explanation ?? "") : "",
  };
}

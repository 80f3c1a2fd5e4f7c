// The `openai` package for Node.

import OpenAI from "openai";

const stops = { stop: "end", tool_calls: "tools", length: "length", content_filter: "refusal" };

export class OpenaiConversation {
  constructor(address, key, settings) {
    this.client = new OpenAI({ baseURL: `${address}/v1`, apiKey: key, maxRetries: settings.max_retries, timeout: 30_000 });
    this.settings = settings;
    this.messages = [];
  }

  say(text, images) {
    const parts = [{ type: "text", text }];
    for (const data of images) parts.push({ type: "image_url", image_url: { url: `data:image/png;base64,${data}` } });
    this.messages.push({ role: "user", content: images.length ? parts : text });
    return this.turn();
  }

  give(results) {
    for (const [id, text] of Object.entries(results)) {
      this.messages.push({ role: "tool", tool_call_id: id, content: text });
    }
    return this.turn();
  }

  async turn() {
    const completion = this.settings.stream ? await this.streamed() : await this.client.chat.completions.create(this.request());
    const message = completion.choices[0].message;
    this.messages.push(this.settings.stream ? assembled(message) : message);
    return answer(completion);
  }

  // Through the SDK's own accumulator, which throws when the stream has no proper end.
  async streamed() {
    const runner = this.client.chat.completions.stream({ ...this.request(), stream_options: { include_usage: true } });
    let thinking = "";
    runner.on("chunk", (chunk) => (thinking += chunk.choices[0]?.delta?.reasoning_content ?? ""));
    const completion = await runner.finalChatCompletion();
    completion.choices[0].message.reasoning_content = thinking; // it keeps only the last piece of a field it does not know
    return completion;
  }

  request() {
    const { model, max_tokens, tools, schema, thinking } = this.settings;
    const request = { model, messages: this.messages, max_completion_tokens: max_tokens };
    if (tools.length) {
      request.tools = tools.map((tool) => ({
        type: "function",
        function: { name: tool.name, description: tool.description, parameters: tool.schema },
      }));
    }
    if (schema) request.response_format = { type: "json_schema", json_schema: { name: "answer", schema, strict: true } };
    if (thinking) request.reasoning_effort = "high";
    return request;
  }
}

// A streamed turn as programs put it into their history; the accumulator's own fields are not the API's.
function assembled({ role, content, tool_calls }) {
  const calls = tool_calls?.map(({ id, type, function: { name, arguments: text } }) => ({ id, type, function: { name, arguments: text } }));
  return { role, content, ...(calls?.length ? { tool_calls: calls } : {}) };
}

function answer(completion) {
  const { message, finish_reason } = completion.choices[0];
  const usage = completion.usage;
  return {
    model: completion.model,
    text: message.content ?? "",
    stop: message.refusal ? "refusal" : stops[finish_reason],
    usage: usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : null,
    calls: (message.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      arguments: JSON.parse(call.function.arguments || "{}"),
    })),
    thinking: message.reasoning_content ?? "",
    refusal: message.refusal ?? "",
  };
}

// The `@google/genai` package for Node.

import { GoogleGenAI } from "@google/genai";

const refusals = ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY"];

export class GoogleConversation {
  constructor(address, key, settings) {
    const httpOptions = { baseUrl: address, timeout: 30_000, retryOptions: { attempts: settings.max_retries + 1 } };
    this.client = new GoogleGenAI({ apiKey: key, httpOptions });
    this.settings = settings;
    this.contents = [];
    this.calls = new Map();
  }

  say(text, images) {
    const parts = [{ text }];
    for (const data of images) parts.push({ inlineData: { mimeType: "image/png", data } });
    this.contents.push({ role: "user", parts });
    return this.turn();
  }

  give(results) {
    const parts = Object.entries(results).map(([id, result]) => {
      const call = this.calls.get(id);
      return { functionResponse: { id: call.id, name: call.name, response: { result } } };
    });
    this.contents.push({ role: "user", parts });
    return this.turn();
  }

  async turn() {
    const chunks = [];
    if (this.settings.stream) {
      for await (const chunk of await this.client.models.generateContentStream(this.request())) chunks.push(chunk);
    } else {
      chunks.push(await this.client.models.generateContent(this.request()));
    }
    const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
    if (parts.length) this.contents.push({ role: "model", parts });
    this.calls = new Map();
    parts.forEach(({ functionCall: call }, number) => {
      if (call) this.calls.set(call.id ?? `${call.name}-${number}`, call);
    });
    return answer(chunks, parts, this.calls);
  }

  request() {
    const { model, max_tokens, tools, schema, thinking } = this.settings;
    const config = { maxOutputTokens: max_tokens };
    if (tools.length) {
      const declare = ({ name, description, schema }) => ({ name, description, parametersJsonSchema: schema });
      config.tools = [{ functionDeclarations: tools.map(declare) }];
    }
    if (schema) Object.assign(config, { responseMimeType: "application/json", responseJsonSchema: schema });
    if (thinking) config.thinkingConfig = { includeThoughts: true, thinkingBudget: 8192 };
    return { model, contents: [...this.contents], config };
  }
}

function answer(chunks, parts, calls) {
  const last = (pick) => chunks.map(pick).filter((value) => value != null).at(-1);
  const finish = last((chunk) => chunk.candidates?.[0]?.finishReason);
  const blocked = last((chunk) => chunk.promptFeedback?.blockReason && chunk.promptFeedback);
  const usage = last((chunk) => chunk.usageMetadata);
  const text = parts.filter((part) => !part.thought).map((part) => part.text ?? "").join("");
  const isRefused = Boolean(blocked) || refusals.includes(finish);
  const why = last((chunk) => chunk.candidates?.[0]?.finishMessage) ?? blocked?.blockReasonMessage ?? "";
  if (!isRefused && !["STOP", "MAX_TOKENS"].includes(finish)) throw new Error(`finishReason ${finish}`);
  return {
    model: last((chunk) => chunk.modelVersion) ?? "",
    text,
    stop: isRefused ? "refusal" : finish === "MAX_TOKENS" ? "length" : calls.size ? "tools" : "end",
    usage: usage
      ? {
          input: usage.promptTokenCount ?? 0,
          output: (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
        }
      : null,
    calls: [...calls].map(([id, call]) => ({ id, name: call.name, arguments: call.args ?? {} })),
    thinking: parts.filter((part) => part.thought).map((part) => part.text ?? "").join(""),
    refusal: isRefused ? text || why : "",
  };
}

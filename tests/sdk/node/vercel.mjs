// Vercel's `ai` package with its providers: one conversation, the language of five APIs. Its readers check every event
// against a schema, more strictly than the vendors' own SDKs.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, Output, streamText, tool } from "ai";

const stops = { stop: "end", "tool-calls": "tools", length: "length", "content-filter": "refusal" };
const timeout = 30_000;

const models = {
  "ai-openai": (address, apiKey, model) => createOpenAI({ baseURL: `${address}/v1`, apiKey }).chat(model),
  "ai-responses": (address, apiKey, model) => createOpenAI({ baseURL: `${address}/v1`, apiKey }).responses(model),
  "ai-compatible": (address, apiKey, model) =>
    createOpenAICompatible({
      name: "compatible",
      baseURL: `${address}/v1`,
      apiKey,
      includeUsage: true,
      supportsStructuredOutputs: true,
    })(model),
  "ai-anthropic": (address, apiKey, model) => createAnthropic({ baseURL: `${address}/v1`, apiKey })(model),
  "ai-google": (address, apiKey, model) => createGoogleGenerativeAI({ baseURL: `${address}/v1beta`, apiKey })(`models/${model}`),
};

const thinkingOptions = {
  openai: { reasoningEffort: "high", reasoningSummary: "auto", forceReasoning: true },
  compatible: { reasoningEffort: "high" },
  anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } },
  google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 8192 } },
};

export class VercelConversation {
  constructor(address, key, settings, kind) {
    this.model = models[kind](address, key, settings.model);
    this.settings = settings;
    this.messages = [];
    this.names = new Map();
  }

  say(text, images) {
    const pictures = images.map((image) => ({ type: "image", image, mediaType: "image/png" }));
    this.messages.push({ role: "user", content: [{ type: "text", text }, ...pictures] });
    return this.turn();
  }

  give(results) {
    const content = Object.entries(results).map(([toolCallId, value]) => ({
      type: "tool-result",
      toolCallId,
      toolName: this.names.get(toolCallId),
      output: { type: "text", value },
    }));
    this.messages.push({ role: "tool", content });
    return this.turn();
  }

  async turn() {
    const result = this.settings.stream ? await this.streamed() : await generateText(this.request());
    this.messages.push(...(await result.response).messages);
    const calls = (await result.toolCalls).map((call) => ({
      id: call.toolCallId,
      name: call.toolName,
      arguments: call.input,
    }));
    this.names = new Map(calls.map((call) => [call.id, call.name]));
    const usage = await result.usage;
    const finish = await result.finishReason;
    if (!(finish in stops)) throw new Error(`finish reason ${finish}`);
    return {
      model: (await result.response).modelId,
      text: await result.text,
      stop: calls.length ? "tools" : stops[finish],
      usage: usage?.outputTokens == null ? null : { input: usage.inputTokens ?? 0, output: usage.outputTokens },
      calls,
      thinking: (await result.reasoningText) ?? "",
      refusal: "",
    };
  }

  // A fault is a part of the stream here; it must not pass for the end.
  async streamed() {
    const result = streamText({ ...this.request(), onError: () => {} });
    for await (const part of result.fullStream) if (part.type === "error") throw asError(part.error);
    return result;
  }

  request() {
    const { max_tokens, max_retries, tools, schema, thinking } = this.settings;
    const request = {
      model: this.model,
      messages: this.messages,
      maxOutputTokens: max_tokens,
      maxRetries: max_retries,
      abortSignal: AbortSignal.timeout(timeout),
    };
    if (tools.length) {
      const declare = ({ name, description, schema }) => [name, tool({ description, inputSchema: jsonSchema(schema) })];
      request.tools = Object.fromEntries(tools.map(declare));
    }
    if (schema) request.output = Output.object({ schema: jsonSchema(schema) });
    if (schema) request.providerOptions = { anthropic: { structuredOutputMode: "outputFormat" } };
    if (thinking) request.providerOptions = thinkingOptions;
    return request;
  }
}

function asError(error) {
  return error instanceof Error ? error : Object.assign(new Error(error?.message ?? JSON.stringify(error)), error);
}

// Drives the Node SDKs for tests/sdk: one JSON command per line in, one JSON reply per line out, in order.
// {"op":"open","id":1,"sdk":"openai","address":…,"key":…,"settings":{…}} | {"op":"say",…} | {"op":"give",…} | {"op":"close",…}

import readline from "node:readline";
import { AnthropicConversation } from "./anthropic.mjs";
import { GoogleConversation } from "./google.mjs";
import { OpenaiConversation } from "./openai.mjs";
import { ResponsesConversation } from "./responses.mjs";
import { VercelConversation } from "./vercel.mjs";

const kinds = {
  openai: OpenaiConversation,
  responses: ResponsesConversation,
  anthropic: AnthropicConversation,
  google: GoogleConversation,
};
const open = new Map();

// Everything an SDK or the transport throws counts as "the SDK raised"; our own mistakes must not.
function failure(error) {
  if (error instanceof TypeError && !error.cause && error.message !== "terminated") throw error;
  return {
    error: error.constructor.name,
    message: String(error.message),
    status: error.status ?? error.statusCode ?? null,
    headers: headersOf(error),
  };
}

// A `Headers` in the vendors' SDKs, a plain object in Vercel's.
function headersOf({ headers, responseHeaders }) {
  return headers ? Object.fromEntries(headers) : (responseHeaders ?? {});
}

async function carryOut(command) {
  if (command.op === "open") {
    const Conversation = kinds[command.sdk] ?? VercelConversation;
    open.set(command.id, new Conversation(command.address, command.key, command.settings, command.sdk));
    return {};
  }
  if (command.op === "close") {
    open.delete(command.id);
    return {};
  }
  const conversation = open.get(command.id);
  const turn = command.op === "say" ? conversation.say(command.text, command.images) : conversation.give(command.results);
  return turn.then((answer) => ({ answer }), (error) => ({ failure: failure(error) }));
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await carryOut(JSON.parse(line))) + "\n");
}

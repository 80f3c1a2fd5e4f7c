// aimock as an upstream that we did not write. Prints its port as one JSON line, then serves until its standard input ends.
// `node aimock.mjs FILE SECRET`: the model first calls the tool Read on FILE, and answers once SECRET came back.

import { LLMock } from "@copilotkit/aimock";

const [file, secret] = process.argv.slice(2);
const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent" });

const hasResult = (request) =>
  request.messages.some((message) => message.role === "tool" && JSON.stringify(message.content).includes(secret));

if (file) {
  mock.on({ predicate: hasResult }, { content: `The file says ${secret}.` });
  mock.on(
    { predicate: (request) => Boolean(request.tools?.some((tool) => tool.function.name === "Read")) },
    { toolCalls: [{ name: "Read", arguments: JSON.stringify({ file_path: file }) }] },
  );
  mock.on({ predicate: () => true }, { content: "A short answer." });
}

mock.on(
  { userMessage: "hello" },
  {
    content: "Hello from a stranger, with ünïcödé and 😀.",
    usage: { prompt_tokens: 11, completion_tokens: 13, input_tokens: 11, output_tokens: 13 },
  },
);
mock.on({ userMessage: "weather", hasToolResult: true }, { content: "It is sunny in Lisbon." });
mock.on(
  { userMessage: "weather" },
  {
    toolCalls: [
      { name: "get_weather", arguments: '{"city":"Lisbon","days":1}' },
      { name: "get_weather", arguments: '{"city":"Porto","days":2}' },
    ],
  },
);
mock.on({ userMessage: "think" }, { content: "Done thinking.", reasoning: "First this, then that." });
mock.on({ userMessage: "overload" }, { error: { message: "overloaded for the test", type: "overloaded_error" }, status: 503 });
mock.on(
  { userMessage: "break off" },
  { content: "one two three four five six seven eight nine ten" },
  { chunkSize: 5, truncateAfterChunks: 3 },
);

await mock.start();
process.stdout.write(JSON.stringify({ port: Number(new URL(mock.url).port) }) + "\n");
process.stdin.resume();
process.stdin.on("end", () => mock.stop().then(() => process.exit(0)));

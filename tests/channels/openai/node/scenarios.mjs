// What OpenAI's own client for Node has to be able to do with a host. Run by test_node.py, which says
// where the hosts are; writes one line of JSON for each scenario.

import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const urls = JSON.parse(process.env.HOSTS);
const scenarios = [];

function speaking(to, options = {}) {
  return new OpenAI({ baseURL: `${urls[to]}/v1`, apiKey: "alice", maxRetries: 0, ...options });
}

function scenario(name, to, play) {
  scenarios.push({ name, run: () => play(speaking(to)) });
}

const TOOL = { type: "function", name: "add", parameters: { type: "object" }, strict: null };

async function kindsOf(stream) {
  const kinds = [];
  for await (const event of stream) kinds.push(event.type);
  return kinds;
}

async function settled(client, response) {
  while (["queued", "in_progress"].includes(response.status)) {
    response = await client.responses.retrieve(response.id);
  }
  return response;
}

scenario("a text is answered", "assist", async (client) => {
  const response = await client.responses.create({ model: "assist", input: "hi" });
  assert.equal(response.output_text, "You said hi.");
  assert.equal(response.status, "completed");
});

scenario("messages in their plain form", "recall", async (client) => {
  const response = await client.responses.create({
    input: [
      { role: "user", content: "one" },
      { role: "assistant", content: "yes?" },
      { role: "user", content: [{ type: "input_text", text: "two" }] },
    ],
  });
  assert.equal(response.output_text, "one / two");
});

scenario("a chain and a branch of it", "recall", async (client) => {
  const first = await client.responses.create({ input: "one" });
  const go = (input) => client.responses.create({ input, previous_response_id: first.id });
  assert.equal((await go("two")).output_text, "one / two");
  assert.equal((await go("three")).output_text, "one / three");
});

scenario("a conversation and its items", "recall", async (client) => {
  const conversation = await client.conversations.create({ metadata: { topic: "tea" } });
  await client.responses.create({ input: "one", conversation: conversation.id });
  const second = await client.responses.create({ input: "two", conversation: conversation.id });
  assert.equal(second.output_text, "one / two");
  const roles = [];
  for await (const item of client.conversations.items.list(conversation.id, { order: "asc", limit: 1 })) {
    roles.push(item.role);
  }
  assert.deepEqual(roles, ["user", "assistant", "user", "assistant"]);
  assert.equal((await client.conversations.delete(conversation.id)).deleted, true);
  await assert.rejects(client.conversations.retrieve(conversation.id), OpenAI.NotFoundError);
});

scenario("a stream in its order", "assist", async (client) => {
  const kinds = await kindsOf(await client.responses.create({ input: "hi", stream: true }));
  assert.deepEqual(kinds, [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
});

scenario("the stream helper accumulates everything", "speak", async (client) => {
  const stream = client.responses.stream({ model: "speak", input: "hi" });
  let text = "";
  stream.on("response.output_text.delta", (event) => (text += event.delta));
  const final = await stream.finalResponse();
  assert.ok(text.startsWith("It is the sea."));
  assert.deepEqual(
    final.output.slice(0, 3).map((item) => item.type),
    ["reasoning", "mcp_call", "mcp_call"],
  );
  assert.equal(final.usage.total_tokens, 12);
});

scenario("a stream that is left and taken up again", "assist", async (client) => {
  const stream = await client.responses.create({ input: "hi", stream: true, background: true });
  let id;
  let last;
  for await (const event of stream) {
    id ??= event.response.id;
    last = event.sequence_number;
    if (last === 3) break;
  }
  const rest = await client.responses.retrieve(id, { stream: true, starting_after: last });
  const numbers = [];
  for await (const event of rest) numbers.push(event.sequence_number);
  assert.equal(numbers[0], 4);
  assert.deepEqual(numbers, numbers.map((_, index) => index + 4));
});

scenario("in the background", "recall", async (client) => {
  const made = await client.responses.create({ input: "hi", background: true });
  const final = await settled(client, made);
  assert.equal(final.status, "completed");
  assert.equal(final.output_text, "hi");
});

scenario("the background is cancelled", "assist", async (client) => {
  const made = await client.responses.create({ input: "wait", background: true });
  const final = await settled(client, await client.responses.cancel(made.id));
  assert.equal(final.status, "cancelled");
});

scenario("a response is fetched, listed and deleted", "recall", async (client) => {
  const made = await client.responses.create({ input: "hi", metadata: { order: "7" } });
  const fetched = await client.responses.retrieve(made.id);
  assert.deepEqual(fetched.metadata, { order: "7" });
  const items = [];
  for await (const item of client.responses.inputItems.list(made.id)) items.push(item.content[0].text);
  assert.deepEqual(items, ["hi"]);
  await client.responses.delete(made.id);
  await assert.rejects(client.responses.retrieve(made.id), OpenAI.NotFoundError);
});

scenario("a tool of the caller goes round", "assist", async (client) => {
  const asked = await client.responses.create({ input: "tool", tools: [TOOL] });
  const call = asked.output.find((item) => item.type === "function_call");
  assert.deepEqual([call.name, call.arguments], ["add", '{"a":1,"b":2}']);
  const done = await client.responses.create({
    previous_response_id: asked.id,
    input: [{ type: "function_call_output", call_id: call.call_id, output: "3" }],
  });
  assert.equal(done.output_text, "The sum is 3.");
});

scenario("an approval", "assist", async (client) => {
  const asked = await client.responses.create({ input: "approve" });
  const [request] = asked.output;
  assert.equal(request.type, "mcp_approval_request");
  const done = await client.responses.create({
    previous_response_id: asked.id,
    input: [{ type: "mcp_approval_response", approval_request_id: request.id, approve: true }],
  });
  assert.equal(done.output_text, "Approved: True.");
});

scenario("a structured answer parses", "measure", async (client) => {
  const response = await client.responses.parse({
    input: "how deep?",
    text: { format: zodTextFormat(z.object({ depth: z.number() }), "sea") },
  });
  assert.deepEqual(response.output_parsed, { depth: 7 });
});

scenario("a chat completion", "recall", async (client) => {
  const completion = await client.chat.completions.create({
    model: "recall",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "one" },
      { role: "assistant", content: "yes?" },
      { role: "user", content: "two" },
    ],
  });
  assert.equal(completion.choices[0].message.content, "one / two");
  assert.equal(completion.choices[0].finish_reason, "stop");
});

scenario("a chat completion in a stream, with its usage", "speak", async (client) => {
  const stream = await client.chat.completions.create({
    model: "speak",
    messages: [{ role: "user", content: "hi" }],
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  assert.equal(chunks[0].choices[0].delta.role, "assistant");
  assert.equal(chunks.at(-2).choices[0].finish_reason, "stop");
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.equal(chunks.at(-1).usage.total_tokens, 12);
});

scenario("the chat helper runs a tool", "assist", async (client) => {
  const runner = client.chat.completions.runTools({
    model: "assist",
    messages: [{ role: "user", content: "tool" }],
    tools: [
      {
        type: "function",
        function: { name: "add", parameters: { type: "object" }, parse: JSON.parse, function: ({ a, b }) => `${a + b}` },
      },
    ],
  });
  assert.equal(await runner.finalContent(), "The sum is 3.");
});

scenario("the models", "assist", async (client) => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.deepEqual(ids, ["assist"]);
  assert.equal((await client.models.retrieve("assist")).object, "model");
});

scenario("a wrong key", "assist", async (client) => {
  const stranger = client.withOptions({ apiKey: "nobody" });
  await assert.rejects(stranger.responses.create({ input: "hi" }), OpenAI.AuthenticationError);
});

scenario("a wrong parameter is named", "assist", async (client) => {
  await assert.rejects(client.responses.create({ input: "hi", temperature: 3 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual([error.param, error.type], ["temperature", "invalid_request_error"]);
    return true;
  });
});

scenario("somebody else's response is not found", "recall", async (client) => {
  const made = await client.responses.create({ input: "mine" });
  const bob = client.withOptions({ apiKey: "bob" });
  await assert.rejects(bob.responses.retrieve(made.id), OpenAI.NotFoundError);
  await assert.rejects(
    bob.responses.create({ input: "hi", previous_response_id: made.id }),
    OpenAI.NotFoundError,
  );
});

scenario("a failure is told once, without its cause", "assist", async () => {
  let asked = 0;
  const client = speaking("assist", {
    maxRetries: 2,
    fetch: (...request) => {
      asked += 1;
      return fetch(...request);
    },
  });
  await assert.rejects(client.responses.create({ input: "fail" }), (error) => {
    assert.ok(error instanceof OpenAI.InternalServerError);
    assert.ok(!error.message.includes("swordfish"));
    return true;
  });
  assert.equal(asked, 1);
});

scenario("a failure in a stream", "assist", async (client) => {
  const stream = await client.responses.create({ input: "fail", stream: true });
  const kinds = await kindsOf(stream);
  assert.equal(kinds.at(-1), "response.failed");
});

for (const { name, run } of scenarios) {
  let failure = null;
  try {
    await run();
  } catch (error) {
    failure = String(error?.stack ?? error);
  }
  console.log(JSON.stringify({ name, failure }));
}

// The official JavaScript client against a host: node scenarios.mjs URL BINDING [PUBLIC_JWK].
// Its last line is a JSON object: for each scenario what it saw.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";

import { Role, TaskState, verifyAgentCardSignature } from "@a2a-js/sdk";
import {
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from "@a2a-js/sdk/client";

const [url, binding, jwkFile] = process.argv.slice(2);

const card = await new DefaultAgentCardResolver().resolve(url);
const factory = new ClientFactory({
  transports: [new JsonRpcTransportFactory(), new RestTransportFactory()],
  preferredTransports: [binding],
});
const client = await factory.createFromAgentCard(card);

const text = (value) => ({
  content: { $case: "text", value },
  metadata: undefined,
  filename: "",
  mediaType: "",
});

const asked = (said, members = {}, configuration = undefined) => ({
  tenant: "",
  message: {
    messageId: randomUUID(),
    contextId: "",
    taskId: "",
    role: Role.ROLE_USER,
    parts: [text(said)],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
    ...members,
  },
  configuration,
  metadata: undefined,
});

const waits = {
  acceptedOutputModes: [],
  taskPushNotificationConfig: undefined,
  returnImmediately: true,
};

const words = (artifacts) =>
  artifacts
    .flatMap((artifact) => artifact.parts)
    .map((part) => (part.content.$case === "text" ? part.content.value : ""))
    .join("");

const followed = async (stream) => {
  const seen = { states: [], words: "" };
  for await (const { payload } of stream) {
    if (payload.$case === "task") seen.states.push(TaskState[payload.value.status.state]);
    if (payload.$case === "statusUpdate") seen.states.push(TaskState[payload.value.status.state]);
    if (payload.$case === "artifactUpdate") seen.words += words([payload.value.artifact]);
    if (payload.$case === "task") seen.id = payload.value.id;
  }
  return seen;
};

const byId = (id) => ({ tenant: "", id, historyLength: undefined, metadata: undefined });

const scenarios = {
  async card() {
    return [card.name, card.supportedInterfaces.length];
  },
  async words() {
    const task = await client.sendMessage(asked("hello"));
    return [TaskState[task.status.state], words(task.artifacts)];
  },
  async stream() {
    const seen = await followed(client.sendMessageStream(asked("stream")));
    return [seen.states.at(-1), seen.words];
  },
  async message() {
    const message = await client.sendMessage(asked("message"));
    return words([message]);
  },
  async question() {
    const first = await client.sendMessage(asked("ask"));
    const { id: taskId, contextId } = first;
    const done = await client.sendMessage(asked("yes", { taskId, contextId }));
    return [TaskState[first.status.state], TaskState[done.status.state], words(done.artifacts)];
  },
  async cancel() {
    const task = await client.sendMessage(asked("wait", {}, waits));
    const follow = followed(client.resubscribeTask(byId(task.id)));
    await client.cancelTask(byId(task.id));
    return (await follow).states.at(-1);
  },
  async get() {
    const sent = await client.sendMessage(asked("hello"));
    const task = await client.getTask(byId(sent.id));
    return [task.id === sent.id, words(task.artifacts), task.history.length];
  },
  async files() {
    const task = await client.sendMessage(asked("files"));
    return task.artifacts[0].parts.map((part) => [part.content.$case, part.mediaType]);
  },
  async missing() {
    try {
      await client.getTask(byId("none"));
    } catch (error) {
      return error.constructor.name.replace(/^(Rest|JsonRpc)/, "");
    }
    return "nothing";
  },
  async signature() {
    if (!jwkFile) return "not asked for";
    const jwk = JSON.parse(await readFile(jwkFile, "utf8")).keys[0];
    const verify = verifyAgentCardSignature(async () => jwk);
    await verify(card);
    const changed = { ...card, name: "somebody else" };
    return await verify(changed).then(
      () => "a changed card is accepted",
      () => "held",
    );
  },
};

const seen = {};
for (const [name, run] of Object.entries(scenarios)) {
  try {
    seen[name] = await run();
  } catch (error) {
    seen[name] = `failed: ${error.stack ?? error}`;
  }
}
console.log(JSON.stringify(seen));

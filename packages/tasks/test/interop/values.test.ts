/** The values of Python's JSON, both ways: random ones of Kombu's own through here and back, and random ones from here through Kombu. */
import { defaults as limits } from "@celeriac/messaging/Limits"
import { json } from "@celeriac/messaging/serializers/Json"
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { ensure } from "../../../../test/peers/ensure.ts"
import { findPython } from "../../../../test/peers/Python.ts"

ensure(["python"])
const script = fileURLToPath(new URL("values.py", import.meta.url))

interface Answer {
  readonly text: string
  readonly repr: string
}

const ask = (questions: ReadonlyArray<unknown>): ReadonlyArray<Answer> => {
  const { stderr, stdout, status } = spawnSync(findPython() ?? "python3", [script], {
    input: questions.map((question) => JSON.stringify(question)).join("\n"),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    timeout: 30_000
  })
  if (status !== 0) throw new Error(stderr)
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
}

const read = (text: string): unknown => json.decode(Buffer.from(text), limits)
const written = (value: unknown): string => Buffer.from(json.encode(value)).toString()

describe("the values of Python's JSON", () => {
  it("come back to Kombu as it wrote them, whatever they are", { timeout: 40_000 }, () => {
    const sent = ask([{ seed: 10, count: 1_000 }])
    const back = ask(sent.map(({ text }) => ({ text: written(read(text)) })))
    assert.deepStrictEqual(back.map(({ repr }) => repr), sent.map(({ repr }) => repr))
  })
})

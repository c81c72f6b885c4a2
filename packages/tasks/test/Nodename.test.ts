import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Nodename from "../src/Nodename.ts"

const host = "rack1.example.com"

describe("Nodename", () => {
  it("expands the pattern that a worker is given", () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      ["worker1@%h", "worker1@rack1.example.com"],
      ["worker1@%n", "worker1@rack1"],
      ["worker1@%d", "worker1@example.com"],
      ["%n%I@%h", "rack1@rack1.example.com"],
      ["w%i@h", "w0@h"],
      ["celery@%h", "celery@rack1.example.com"],
      ["@%h", "celery@rack1.example.com"],
      ["w@", "w@rack1.example.com"],
      ["box", "celery@box"],
      ["", "celery@rack1.example.com"],
      ["100%%@h", "100%@h"],
      ["a%z@h", "a%z@h"]
    ]
    for (const [pattern, name] of rows) assert.strictEqual(Nodename.expand(pattern, { host }), name)
    assert.strictEqual(Nodename.expand("w%I@%h", { host: "h", processIndex: 3 }), "w-3@h")
  })

  it("expands names of files for a worker that has its name", () => {
    const name = "w1@rack1.example.com"
    assert.strictEqual(Nodename.format("/var/log/%n%I.log", name), "/var/log/w1.log")
    assert.strictEqual(Nodename.format("/var/log/%n%I.log", name, { processIndex: 2 }), "/var/log/w1-2.log")
    assert.strictEqual(Nodename.format("%p %h %d %i", name), "w1@rack1.example.com rack1.example.com example.com 0")
  })

  it("is taken apart at the first @, and put together again", () => {
    assert.deepStrictEqual(Nodename.split("w1@h@x"), { name: "w1", host: "h@x" })
    assert.deepStrictEqual(Nodename.split("h"), { name: "celery", host: "h" })
    fc.assert(fc.property(fc.string().filter((text) => !text.includes("@")), fc.string(), (name, host) => {
      assert.deepStrictEqual(Nodename.split(Nodename.make({ name, host })), { name, host })
    }))
  })

  it("names a client after its process", () => {
    assert.strictEqual(Nodename.origin(), `gen${process.pid}@${Nodename.hostname()}`)
  })
})

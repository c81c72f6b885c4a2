/** A worker is killed in the middle of a canvas, again and again: the end is reached, and nothing runs twice that had ended. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { createClient } from "redis"
import { inject } from "vitest"
import { brokerUrl } from "../../../../test/peers/Broker.ts"
import * as Process from "../../../../test/peers/Process.ts"
import { Wire } from "../../../../test/peers/Wire.ts"

const results = inject("redisUrl").replace(/\/\d*$/, "/13")
const broker = brokerUrl()
const seed = Number(process.env["CELERIAC_KILL_SEED"] ?? 11)
const numRuns = 2
const fixture = fileURLToPath(new URL("../fixtures/mortal.ts", import.meta.url))

const sign = (task: string, id: string, args: ReadonlyArray<unknown> = [], immutable = false) => ({
  task: `mortal.${task}`,
  args,
  kwargs: {},
  options: { task_id: id },
  subtask_type: null,
  immutable
})

/** A chain, with a group in it, a replacement, and a part that adds another. What it comes to is known. */
const canvas = (name: string) => {
  const id = (what: string) => `${name}-${what}`
  const header = {
    ...sign("group", id("header")),
    task: "celery.group",
    kwargs: {
      tasks: [
        sign("add", id("p1"), [1]),
        sign("more", id("p2"), [5], true),
        {
          ...sign("chain", ""),
          options: {},
          task: "celery.chain",
          subtask_type: "chain",
          kwargs: { tasks: [sign("add", id("p3a"), [2]), sign("add", id("p3"), [3])] }
        }
      ]
    },
    options: { task_id: id("header") },
    subtask_type: "group"
  }
  const chord = {
    ...sign("chord", ""),
    task: "celery.chord",
    options: {},
    subtask_type: "chord",
    kwargs: { header, body: sign("total", id("body")) }
  }
  return {
    chain: [sign("add", id("end"), [100]), sign("instead", id("instead")), chord, sign("add", id("next"), [10])]
  }
}
// 1 + 2 and 10 are 13, whose parts are 14, 5, the added 5 and 18: 42. One more, and 100.
const comesTo = 143

describe("a canvas whose worker is killed", () => {
  it.live(
    "at any moment comes to its end, and what had been settled has run once",
    () =>
      Effect.promise(async () => {
        const queue = `killed.canvas.${process.pid}`
        const folder = mkdtempSync(join(tmpdir(), "celeriac-journal-"))
        const journal = join(folder, "journal")
        const wire = await Wire.open(broker)
        const redis = await createClient({ url: results }).connect()
        const env = (killAt: number) => ({
          BROKER: broker,
          RESULTS: results,
          QUEUE: queue,
          JOURNAL: journal,
          KILL_AT: String(killAt)
        })
        try {
          const moments = fc.sample(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 3, maxLength: 3 }), {
            seed,
            numRuns
          })
          for (const [index, kills] of moments.entries()) {
            writeFileSync(journal, "")
            const name = `killed-${process.pid}-${index}`
            await wire.channel.assertQueue(queue, { durable: true })
            await wire.send(queue, JSON.stringify([[1, 2], {}, canvas(name)]), {
              contentType: "application/json",
              contentEncoding: "utf-8",
              headers: { task: "mortal.add", id: `${name}-head`, root_id: `${name}-head`, lang: "py" }
            })
            const end = async () => JSON.parse(await redis.get(`celery-task-meta-${name}-end`) ?? "{}")
            for (const killAt of [...kills, 0]) {
              const worker = new Process.Peer(process.execPath, [fixture], { env: env(killAt) })
              await Process.until(
                "it is killed, or comes to the end",
                async () =>
                  !worker.running ||
                  (await end()).status === "SUCCESS" && readFileSync(journal, "utf8").includes(`settled ${name}-end`),
                100_000,
                () => `${worker.output}\n${readFileSync(journal, "utf8")}`
              )
              await worker.stop("SIGKILL")
              if ((await end()).status === "SUCCESS") break
            }
            assert.strictEqual((await end()).result, comesTo, `${kills.join(", ")}\n${readFileSync(journal, "utf8")}`)
            const lines = readFileSync(journal, "utf8")
            assert.deepStrictEqual(runTooOften(lines.split("\n")), [], `${kills.join(", ")}\n${lines}`)
            await wire.channel.deleteQueue(queue)
          }
        } finally {
          rmSync(folder, { recursive: true, force: true })
          await redis.close()
          await wire.close()
        }
      }),
    240_000
  )
})

/** A run that was not settled when its worker was killed is done again; nothing else is. */
const runTooOften = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const runs = new Map<string, number>()
  const allowed = new Map<string, number>()
  let open = new Set<string>()
  for (const line of lines) {
    const [what, ...rest] = line.split(" ")
    const id = rest.join(" ")
    if (what === "start") {
      runs.set(id, (runs.get(id) ?? 0) + 1)
      open.add(id)
    } else if (what === "settled") {
      open.delete(id)
      open.delete(`${id} replaced`)
    } else if (what === "killed") {
      for (const one of open) allowed.set(one, (allowed.get(one) ?? 1) + 1)
      open = new Set()
    }
  }
  return [...runs].filter(([id, count]) => count > (allowed.get(id) ?? 1)).map(([id, count]) => `${id}: ${count}`)
}

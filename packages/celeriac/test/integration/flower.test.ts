/**
 * A worker of ours as operators see it: in Flower's pages, with a browser. What
 * Flower shows came over events and remote control, and what its buttons do
 * went that way.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll } from "vitest"
import * as Chromium from "../../../../test/peers/Chromium.ts"
import { Flower } from "../../../../test/peers/Flower.ts"
import { Peer, until } from "../../../../test/peers/Process.ts"
import { RabbitMq } from "../../../../test/peers/RabbitMq.ts"
import { celeriac as application, type PromiseApp } from "../../src/promise.ts"
import { fixture, main } from "../fixtures/Command.ts"

const nodename = "seen@here"

let broker: RabbitMq
let worker: Peer
let flower: Flower
let browser: Browser
let page: Page
let app: PromiseApp

beforeAll(async () => {
  broker = await RabbitMq.start()
  worker = new Peer(process.execPath, [
    ...[main, "worker", "-A", fixture("cluster.ts"), "-b", broker.url],
    ...["-n", nodename, "-E", "-l", "info"]
  ], { env: { NO_COLOR: "1" } })
  app = application({ broker: broker.url })
  const hint = () => worker.output
  await until("the worker's start", () => worker.output.includes("ready."), 20_000, hint)
  flower = await Flower.start(broker.url)
  browser = await Chromium.open()
  page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
  page.setDefaultTimeout(15_000)
  // Flower asks before it does what cannot be taken back.
  page.on("dialog", (dialog) => void dialog.accept())
}, 120_000)

afterAll(async () => {
  await browser?.close()
  await flower?.stop()
  await app?.close()
  await worker?.stop()
  await broker?.stop()
}, 60_000)

/** The text of a page once it says what is waited for; a page of Flower's is as old as its loading. */
const reading = async (path: string, what: string, says: (text: string) => boolean): Promise<string> => {
  let text = ""
  await until(
    what,
    async () => {
      await page.goto(`${flower.url}${path}`)
      await page.waitForLoadState("networkidle")
      text = await page.locator("body").innerText()
      return says(text)
    },
    20_000,
    () => text
  )
  return text
}

const taskPage = (id: string, what: string, says: (text: string) => boolean): Promise<string> =>
  reading(`/task/${id}`, what, says)

describe("Flower", () => {
  it("lists the worker, online", async () => {
    const text = await reading("/workers", "the worker in the list", (text) => /seen@here\s+Online/i.test(text))
    assert.match(text, /seen@here/)
  })

  it("shows a task from its arguments to its result", async () => {
    const result = await app.client.sendTask("proj.add", { args: [20, 22] })
    assert.strictEqual(await result.get({ timeoutMs: 10_000 }), 42)
    const text = await taskPage(result.id, "the task's success", (text) => text.includes("SUCCESS"))
    for (const part of ["proj.add", "(20, 22)", "42", nodename, "Received", "Started", "Succeeded"]) {
      assert.include(text, part)
    }
  })

  it("shows why a task failed", async () => {
    const result = await app.client.sendTask("proj.fail")
    const text = await taskPage(result.id, "the task's failure", (text) => text.includes("FAILURE"))
    assert.include(text, "out of milk")
    assert.include(text, "Traceback")
  })

  it("terminates a task that runs", async () => {
    const { id } = await app.client.sendTask("proj.nap", { args: [600] })
    await taskPage(id, "the task's start", (text) => text.includes("STARTED"))
    await page.locator("#task-terminate").click()
    await taskPage(id, "the task's end", (text) => text.includes("REVOKED"))
    assert.include(worker.output, `Terminating ${id}`)
  })

  it("revokes a task that waits for its time", async () => {
    const { id } = await app.client.sendTask("proj.nap", { args: [1], countdown: 3_600 })
    await taskPage(id, "the task's arrival", (text) => text.includes("RECEIVED"))
    await page.locator("#task-revoke").click()
    await until(
      "the revoke",
      async () =>
        (await reading(`/worker/${nodename}`, "the worker's page", (text) => text.includes(nodename))).includes(id) ||
        (await page.content()).includes(id),
      20_000
    )
  })

  it("limits a task's rate", async () => {
    await reading(`/worker/${nodename}`, "the worker's page", (text) => text.includes(nodename))
    await page.locator("#worker-tab-limits").click()
    const row = page.locator("#limits-table tr", { hasText: "proj.add" })
    await row.locator("input[placeholder=Rate]").fill("7")
    await row.getByRole("button", { name: "Apply" }).click()
    await until("the new limit", () => /proj\.add.*7/.test(worker.output), 10_000, () => worker.output)
  })

  it("grows the pool", async () => {
    await reading(`/worker/${nodename}`, "the worker's page", (text) => text.includes(nodename))
    await page.locator("#worker-pool-grow").click()
    const text = await reading(
      `/worker/${nodename}`,
      "a larger pool",
      (text) => /max.concurrency\s+3/i.test(text)
    )
    assert.match(text, /max.concurrency\s+3/i)
  })
})

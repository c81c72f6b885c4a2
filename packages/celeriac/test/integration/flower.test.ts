/**
 * A worker of ours as operators see it: in Flower's pages, with a browser. What
 * Flower shows came over events and remote control, and what its buttons do
 * went that way.
 */
import { assert, describe, it } from "@effect/vitest"
import { dirname } from "node:path"
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
  await until("the worker's start", () => worker.output.includes("ready."), 100_000, hint)
  flower = await Flower.start(broker.url, { app: "proj", folder: dirname(fixture("proj.py")) })
  browser = await Chromium.open()
  page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
  page.setDefaultTimeout(60_000)
  // Flower asks before it does what cannot be taken back.
  page.on("dialog", (dialog) => void dialog.accept())
}, 240_000)

afterAll(async () => {
  await browser?.close()
  await flower?.stop()
  await app?.close()
  await worker?.stop()
  await broker?.stop()
}, 120_000)

/** The text of a page once it says what is waited for; a page of Flower's is as old as its loading. */
const reading = async (path: string, what: string, says: (text: string) => boolean, part = "body"): Promise<string> => {
  let text = ""
  await until(
    what,
    async () => {
      await page.goto(`${flower.url}${path}`)
      await page.waitForLoadState("networkidle")
      text = await page.locator(part).evaluate(shown)
      return says(text)
    },
    100_000,
    () => `${text}\n${worker.output}`
  )
  return text
}

/** What a part of a page has for text, spaces made one; also of a tab that is not the one in front. */
const shown = (element: { readonly textContent: string | null }): string =>
  (element.textContent ?? "").replace(/\s+/g, " ").trim()

const taskPage = (id: string, what: string, says: (text: string) => boolean): Promise<string> =>
  reading(`/task/${id}`, what, says)

type Tab = "pool" | "broker" | "queues" | "tasks" | "limits" | "config" | "system" | "other"

/** A tab of the worker's page. */
const workerTab = (tab: Tab, what: string, says: (text: string) => boolean): Promise<string> =>
  reading(`/worker/${nodename}`, what, says, `#tab-${tab}`)

const bringForward = async (tab: Tab) => {
  await page.locator(`#worker-tab-${tab}`).click()
  await page.locator(`#tab-${tab}.show`).waitFor()
}

/** What Flower says has come of it; a refusal is an alert. */
const told = async (): Promise<string> => {
  const toast = page.locator(".toast-body")
  await toast.waitFor()
  return toast.innerText()
}

/** The rows of one of the tables on a tab. */
const rows = (tab: Tab, caption: string): Promise<ReadonlyArray<string>> =>
  page.locator(`#tab-${tab} table`, { has: page.locator("caption", { hasText: caption }) })
    .locator("tbody tr").evaluateAll((rows) => rows.map((row) => (row.textContent ?? "").replace(/\s+/g, " ").trim()))

describe("Flower", () => {
  it("lists the worker, online", async () => {
    const row = await reading("/workers", "the worker in the list", (text) => /Online/.test(text), "tbody tr")
    assert.match(row, /^seen@here\s*Online/)
  })

  it("shows a task from its arguments to its result", async () => {
    const result = await app.client.sendTask("proj.add", { args: [20, 22] })
    assert.strictEqual(await result.get({ timeoutMs: 60_000 }), 42)
    const text = await taskPage(result.id, "the task's success", (text) => text.includes("SUCCESS"))
    for (
      const part of [
        "Name proj.add",
        "Arguments (20, 22)",
        "Keyword arguments {}",
        "Result 42",
        `Worker ${nodename}`,
        "Received 20",
        "Started 20",
        "Succeeded 20"
      ]
    ) assert.include(text, part)
  })

  it("shows why a task failed", async () => {
    const { id } = await app.client.sendTask("proj.fail")
    const text = await taskPage(id, "the task's failure", (text) => text.includes("FAILURE"))
    assert.include(text, "out of milk")
    assert.match(text, /Traceback .*RangeError: out of milk/)
  })

  it("terminates a task that runs", async () => {
    const { id } = await app.client.sendTask("proj.nap", { args: [600] })
    await taskPage(id, "the task's start", (text) => text.includes("STARTED"))
    await page.locator("#task-terminate").click()
    assert.strictEqual(await told(), `Revoked '${id}'`)
    const text = await taskPage(id, "the task's end", (text) => text.includes("REVOKED"))
    assert.match(text, /Started 20.* Revoked 20/)
    assert.include(worker.output, `Terminating ${id}`)
  })

  it("revokes a task that waits for its time", async () => {
    const { id } = await app.client.sendTask("proj.nap", { args: [1], countdown: 3_600 })
    await taskPage(id, "the task's arrival", (text) => text.includes("RECEIVED"))
    await workerTab("tasks", "the task among those that wait", (text) => text.includes(id))
    assert.match((await rows("tasks", "Scheduled tasks")).join("; "), new RegExp(`^proj.nap ${id}\\S* \\[1\\] {}$`))
    assert.notInclude((await rows("tasks", "Revoked tasks")).join("; "), id)
    await page.goto(`${flower.url}/task/${id}`)
    await page.locator("#task-revoke").click()
    assert.strictEqual(await told(), `Revoked '${id}'`)
    await until("the task among the revoked", async () => {
      await workerTab("tasks", "the task", (text) => text.includes(id))
      return (await rows("tasks", "Revoked tasks")).join("; ").includes(id)
    }, 120_000)
  })

  it("limits a task's rate", async () => {
    await workerTab("limits", "the task", (text) => text.includes("proj.add"))
    await bringForward("limits")
    const row = page.locator("#limits-table tr", { hasText: "proj.add" })
    await row.getByPlaceholder("Rate").fill("7")
    await row.getByRole("button", { name: "Apply" }).click()
    assert.strictEqual(await told(), "new rate limit set successfully")
    const text = await workerTab("limits", "the new limit", (text) => text.includes("rate_limit"))
    assert.match(text, /proj\.add \[rate_limit=7\] Apply/)
  })

  it("limits how long a task may run", async () => {
    await workerTab("limits", "the task", (text) => text.includes("proj.add"))
    await bringForward("limits")
    const row = page.locator("#limits-table tr", { hasText: "proj.nap" })
    await row.getByPlaceholder("Seconds").fill("7")
    const answer = page.waitForResponse((response) => response.url().includes("/api/task/timeout/proj.nap"))
    await row.getByRole("button", { name: "Soft" }).click()
    // The page itself does not show it.
    assert.match(await (await answer).text(), /time limits set successfully/)
  })

  it("grows the pool, and shrinks it", async () => {
    const concurrency = (slots: number) =>
      workerTab("pool", `a pool of ${slots}`, (text) => new RegExp(`max.concurrency ${slots} `, "i").test(text))
    await concurrency(2)
    await page.locator("#worker-pool-grow").click()
    assert.strictEqual(await told(), `Growing '${nodename}' worker's pool by 1`)
    await concurrency(3)
    await page.locator("#worker-pool-shrink").click()
    assert.strictEqual(await told(), `Shrinking '${nodename}' worker's pool by 1`)
    await concurrency(2)
  })

  it("has the worker consume another queue, and no more", async () => {
    await workerTab("queues", "the worker's queue", (text) => text.includes("celery"))
    await bringForward("queues")
    await page.locator("#add-consumer-name").fill("more")
    await page.locator("#worker-add-consumer").click()
    assert.strictEqual(await told(), "add consumer more")
    await workerTab("queues", "another queue", (text) => text.includes("more"))
    await bringForward("queues")
    await page.locator("#worker-cancel-consumer-more").click()
    assert.strictEqual(await told(), "no longer consuming from more")
    await workerTab("queues", "one queue", (text) => !text.includes("more"))
  })

  it("shows the worker's connection, settings and use of the system", async () => {
    await workerTab("config", "the settings", (text) => text.includes("worker_"))
    for (
      const [tab, parts] of [
        ["pool", [/Implementation Celeriac:fibers/, /Max concurrency 2/, /Worker PID \d+/, /Prefetch Count \d+/]],
        ["broker", [/Hostname 127\.0\.0\.1/, new RegExp(`Port ${broker.port}`), /Userid guest/]],
        ["config", [/broker_url amqp:\/\/guest:\*+@127/]],
        ["system", [/utime [\d.]+/, /maxrss \d+/]],
        ["other", [/uptime [\d.]+ s/, /queues \['celery'\]/]]
      ] satisfies ReadonlyArray<readonly [Tab, ReadonlyArray<RegExp>]>
    ) {
      await bringForward(tab)
      const text = await page.locator(`#tab-${tab}`).evaluate(shown)
      for (const part of parts) assert.match(text, part)
    }
  })
})

describe("Flower, of a worker of processes", () => {
  const pooled = "pooled@here"
  let other: Peer

  beforeAll(async () => {
    other = new Peer(process.execPath, [
      ...[main, "worker", "-A", fixture("cluster.ts"), "-b", broker.url, "-n", pooled, "-Q", "pooled", "-E"],
      ...["-P", "processes", "--autoscale", "3,1", "--max-tasks-per-child", "50", "--time-limit", "600"]
    ], { env: { NO_COLOR: "1", CELERIAC_POOL_RESTARTS: "1", CELERIAC_PROC_ALIVE_TIMEOUT: "100" } })
    await until("the worker's start", () => other.output.includes("ready."), 100_000, () => other.output)
  }, 120_000)
  afterAll(() => other?.stop())

  const poolTab = (what: string, says: (text: string) => boolean): Promise<string> =>
    reading(`/worker/${pooled}`, what, says, "#tab-pool")

  const processes = (text: string): string | undefined => /Processes ([\d, ]+) Max/i.exec(text)?.[1]

  it("shows its processes and its limits, puts others in their place, and scales it", async () => {
    const before = await poolTab("a process", (text) => processes(text) !== undefined)
    for (const part of [/Implementation Celeriac:processes/, /Max concurrency 1/, /Max tasks per child 50/]) {
      assert.match(before, part)
    }
    assert.match(before, /Timeouts 0, 600/)
    await page.locator("#worker-group").click()
    await page.locator("#worker-pool-restart").click()
    assert.strictEqual(await told(), `Restarting '${pooled}' worker's pool`)
    await poolTab("another process", (text) => ![undefined, processes(before)].includes(processes(text)))
    await page.locator("#min-autoscale").fill("2")
    await page.locator("#max-autoscale").fill("4")
    await page.locator("#worker-pool-autoscale").click()
    assert.strictEqual(await told(), `Autoscaling '${pooled}' worker (min=2, max=4)`)
    const after = await poolTab("two processes", (text) => /Max concurrency 2/.test(text))
    assert.match(after, /Processes \d+, \d+/)
    assert.match(after, /Max 4 Min 2/i)
    // To grow it is for the autoscaler.
    await page.locator("#worker-pool-grow").click()
    assert.match(await told(), /pool_grow is not supported with autoscale/)
  })
})

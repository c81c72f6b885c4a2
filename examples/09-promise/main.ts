/**
 * Tasks with promises: no Effect in sight.
 *
 *     node_modules/.bin/node examples/09-promise/main.ts
 *
 * Parameters are described by Effect Schemas here; any Standard Schema (Zod,
 * Valibot, ArkType) does as well. What a handler throws is what the caller's
 * `get` rejects with.
 */
import { celeriac } from "celeriac/promise"
import * as Schema from "effect/Schema"

// #region app
const app = celeriac({ broker: "memory://", log: "critical" })

const add = app.task(
  "proj.add",
  { parameters: { x: Schema.Int, y: Schema.Int }, success: Schema.Int },
  async ({ x, y }) => x + y
)

const fetchTitle = app.task("proj.fetch_title", { parameters: { url: Schema.String } }, async ({ url }, request) => {
  // A worker that is stopped cold aborts the request.
  request.signal.throwIfAborted()
  if (!url.startsWith("https://")) throw new RangeError(`${url} is not safe`)
  return { url, attempt: request.retries + 1 }
})
// #endregion

// #region use
const worker = app.worker({ concurrency: 4 })
await worker.start()

const sent = await add.delay({ x: 2, y: 3 })
console.log("2 + 3 =", await sent.get({ timeoutMs: 5000 }))
console.log(await fetchTitle.execute({ url: "https://example.com" }))
await fetchTitle.execute({ url: "ftp://example.com" }).catch((error) => console.log("rejected:", error.message))

await app.close()
// #endregion

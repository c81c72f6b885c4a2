/**
 * The same questions with promises, and no Effect in sight.
 *
 *     node_modules/.bin/node examples/18-watch-a-cluster/promise.ts
 */
import { celeriac } from "celeriac/promise"
import * as Schema from "effect/Schema"

const app = celeriac({ broker: "memory://", log: "critical" })
app.task("kitchen.cook", { parameters: { dish: Schema.String } }, async () => {})
await app.worker({ nodename: "first@example.com" }).start()

// #region ask
const present = Object.keys(await app.control.ping({ limit: 1, timeoutMs: 5000 }))

for (const [node, reply] of Object.entries(await app.control.inspect.registered({}, { destination: present }))) {
  console.log(node, reply instanceof Error ? `refused: ${reply.message}` : `knows ${reply.join(", ")}`)
}
await app.control.rateLimit({ taskName: "kitchen.cook", rateLimit: "10/m" }, { destination: present })
// #endregion

await app.close()

/**
 * A worker with two pools. Passwords are hashed in processes, which is work for
 * a processor; mails are sent from fibers, which is waiting.
 *
 *     npx celeriac worker -A examples/30-pools/worker.ts -b amqp://localhost
 */
import * as Task from "celeriac/Task"
import * as TaskContext from "celeriac/TaskContext"
import * as Worker from "celeriac/Worker"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { pbkdf2Sync } from "node:crypto"

// #region tasks
export const hash = Task.make("accounts.hash", {
  parameters: { password: Schema.String, rounds: Schema.Int },
  success: Schema.Struct({ key: Schema.String, pid: Schema.Int }),
  options: { pool: "processes" }
})

export const mail = Task.make("accounts.mail", {
  parameters: { to: Schema.String },
  success: Schema.Struct({ pid: Schema.Int })
})

const HashLive = hash.toLayer(({ password, rounds }) =>
  Effect.gen(function*() {
    let key = Buffer.from(password)
    for (let done = 1; done <= rounds; done++) {
      // Computes, and lets nothing else of its process run.
      key = pbkdf2Sync(key, "salt", 50_000, 32, "sha256")
      yield* TaskContext.progress({ done, rounds })
    }
    return { key: key.toString("hex"), pid: process.pid }
  })
)

const MailLive = mail.toLayer(() => Effect.as(Effect.sleep("20 millis"), { pid: process.pid }))
// #endregion

// #region worker
export default Worker.make({
  tasks: [HashLive, MailLive],
  program: import.meta.url,
  settings: { poolSizes: { processes: 2 } }
})
// #endregion

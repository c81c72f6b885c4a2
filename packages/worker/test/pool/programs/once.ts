/** A worker whose module loads until a file is gone, that its environment names. */
import * as Task from "@celeriac/tasks/Task"
import * as Worker from "@celeriac/worker/Worker"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"

if (!existsSync(process.env["POOL_TEST_FILE"] ?? "")) throw new Error("the file is gone")

const crash = Task.make("crash", { parameters: { code: Schema.Int } })

export const main = Worker.make({ tasks: [crash.toLayer(({ code }) => Effect.sync(() => process.exit(code)))] })

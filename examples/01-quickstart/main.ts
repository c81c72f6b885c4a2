/**
 * The quick start: a worker and its client in one process, on the embedded
 * broker. Nothing to install, nothing to start first.
 *
 *     npm start
 *
 * The worker boots, says how long each of its steps took, runs a few hundred
 * tasks that the client sends, and shuts down warm.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as BootTimeline from "celeriac/BootTimeline"
import * as Broker from "celeriac/Broker"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

// #region tasks
// A task is a value that both ends share: its name, its parameters, its result.
const add = Task.make("proj.add", {
  parameters: { x: Schema.Int, y: Schema.Int },
  success: Schema.Int
})

class Stock extends Schema.TaggedError<Stock>()("OutOfStock", { item: Schema.String }) {}

const order = Task.make("proj.order", {
  parameters: { item: Schema.String, count: Schema.Int },
  success: Schema.String,
  error: Stock
})
// #endregion

// #region worker
const worker = Worker.make({
  concurrency: 8,
  tasks: [
    add.toLayer(({ x, y }) => Effect.as(Effect.sleep("5 millis"), x + y)),
    order.toLayer(({ count, item }) =>
      count > 3 ? Effect.fail(new Stock({ item })) : Effect.succeed(`${count} × ${item}, on their way`)
    )
  ]
})
// #endregion

const howMany = 400

const program = Effect.gen(function*() {
  printSteps(yield* (yield* BootTimeline.BootTimeline).entries)

  const client = yield* Client.Client
  const bar = progressBar(howMany)
  const began = yield* Clock.currentTimeMillis
  const sums = yield* Effect.forEach(
    Array.from({ length: howMany }, (_, x) => x),
    (x) => Effect.tap(client.execute(add, { x, y: 1 }), Effect.sync(bar.advance)),
    { concurrency: "unbounded" }
  )
  bar.done((yield* Clock.currentTimeMillis) - began)

  // #region client
  const sent = yield* client.delay(order, { item: "celeriac", count: 2 })
  const answer = yield* sent.get({ timeout: "5 seconds" })
  const refusal = yield* Effect.flip(client.execute(order, { item: "truffle", count: 9 }))
  // #endregion

  print(`  add(0, 1) to add(${howMany - 1}, 1)   sum up to ${bold(String(sums.reduce((a, b) => a + b, 0)))}`)
  print(`  order("celeriac", 2)       ${bold(answer)}`)
  print(`  order("truffle", 9)        fails with ${bold(refusal._tag)}, typed`)
})

print(`\n  ${bold("celeriac")}  a worker and a client, on the embedded broker\n`)

program.pipe(
  Effect.provide(worker.layer),
  Effect.andThen(Effect.sync(() => print(`\n  Warm shutdown: ${green("done")}\n`))),
  Effect.provide(Layer.mergeAll(Broker.layerMemory, BootTimeline.layer, LogFormat.layer({ level: "warning" }))),
  NodeRuntime.runMain
)

// What follows makes it pleasant to look at.

function print(line: string): void {
  console.log(line)
}

function style(code: number, text: string): string {
  return isTerminal() ? `\x1b[${code}m${text}\x1b[0m` : text
}
function bold(text: string): string {
  return style(1, text)
}
function dim(text: string): string {
  return style(2, text)
}
function green(text: string): string {
  return style(32, text)
}

function isTerminal(): boolean {
  return process.stdout.isTTY && !process.env["NO_COLOR"]
}

/** Both blueprints, their steps in the order in which they came up. */
function printSteps(entries: ReadonlyArray<BootTimeline.Entry>): void {
  for (const blueprint of ["Worker", "Consumer"]) {
    print(`  ${bold(blueprint)} blueprint`)
    const steps = entries.filter((entry) => entry.blueprint === blueprint)
    for (const [index, { label, took }] of steps.entries()) {
      print(
        `    ${dim(index === steps.length - 1 ? "└" : "├")} ${label.padEnd(12)}${`${took.toFixed(2)} ms`.padStart(10)}`
      )
    }
    print("")
  }
}

/** Redraws itself on a terminal; elsewhere, a line for each quarter. */
function progressBar(total: number) {
  const width = 32
  let count = 0
  const draw = () => {
    const full = Math.round((count / total) * width)
    process.stdout.write(`\r  ${green("█".repeat(full))}${dim("░".repeat(width - full))}  ${count}/${total} tasks`)
  }
  return {
    advance: () => {
      count++
      if (isTerminal()) draw()
      else if (count % (total / 4) === 0) print(`  ${count}/${total} tasks`)
    },
    done: (millis: number) => print(`${isTerminal() ? "\n" : ""}  ${total} tasks in ${millis} ms\n`)
  }
}

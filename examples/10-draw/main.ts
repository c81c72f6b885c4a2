/**
 * The boot graph of a worker, with a step of its own, as a Mermaid diagram.
 * Nothing is started.
 *
 *     node_modules/.bin/node examples/10-draw/main.ts
 *
 * `Blueprint.toGraphViz` draws for `dot`; `celeriac graph` draws the worker of
 * a module.
 */
import * as Blueprint from "celeriac/Blueprint"
import * as Bootstep from "celeriac/Bootstep"
import * as Pool from "celeriac/Pool"
import * as Timer from "celeriac/Timer"
import * as Worker from "celeriac/Worker"
import * as Effect from "effect/Effect"

const Metrics = Bootstep.make("Metrics", { requires: [Timer.Timer, Pool.Pool], start: Effect.void })

const worker = Worker.make({ steps: { worker: [Metrics] } })

console.log(Blueprint.toMermaid(worker.blueprint))

/**
 * Crawls a site that nobody knows the size of: a chord that grows while it runs.
 * A page adds the pages that it links to, and one that has moved puts another
 * task in its place.
 *
 *     node_modules/.bin/node examples/29-crawl/main.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Broker from "celeriac/Broker"
import * as Canvas from "celeriac/Canvas"
import * as Client from "celeriac/Client"
import * as LogFormat from "celeriac/LogFormat"
import * as Task from "celeriac/Task"
import * as Worker from "celeriac/Worker"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/** The site: what each page links to, or where it has moved. */
const site: Readonly<Record<string, ReadonlyArray<string> | string>> = {
  "/": ["/docs", "/blog", "/about"],
  "/docs": ["/docs/tasks", "/docs/canvas", "/"],
  "/docs/tasks": ["/docs/canvas"],
  "/docs/canvas": ["/docs"],
  "/blog": "/news",
  "/news": ["/about"],
  "/about": []
}

/** Which pages somebody is at. Of several workers it would be a set in Redis. */
const taken = new Set<string>()

/** Whether nobody was there. */
const take = (page: string) => Effect.sync(() => !taken.has(page) && taken.add(page).size > 0)

const Page = Schema.Struct({ page: Schema.String, links: Schema.Int })
const visit = Task.make("crawl.visit", { parameters: { page: Schema.String }, success: Page })
const index = Task.make("crawl.index", {
  parameters: { pages: Schema.Array(Page) },
  success: Schema.Array(Schema.String)
})

// #region crawl
const VisitLive = visit.toLayer(({ page }, request) =>
  Effect.gen(function*() {
    const found = site[page] ?? []
    if (typeof found === "string") return yield* Task.replace(visit.si({ page: found }))
    const unseen = yield* Effect.filter(found, take)
    for (const next of unseen) yield* request.addToChord(visit.si({ page: next }))
    return { page, links: found.length }
  })
)
// #endregion

const worker = Worker.make({
  concurrency: 4,
  tasks: [
    VisitLive,
    index.toLayer(({ pages }) => Effect.succeed(pages.map(({ links, page }) => `${page} links to ${links}`).toSorted()))
  ]
})

const program = Effect.gen(function*() {
  const client = yield* Client.Client
  yield* take("/")
  const sent = yield* client.delay(Canvas.chord([visit.s({ page: "/" })], index.s()))
  const pages = yield* sent.get({ timeout: "10 seconds" })
  yield* Console.log(pages.join("\n"))
})

program.pipe(
  Effect.provide(
    worker.layer.pipe(
      Layer.provideMerge(Broker.layer("memory://")),
      Layer.provide(LogFormat.layer({ level: "critical" }))
    )
  ),
  NodeRuntime.runMain
)

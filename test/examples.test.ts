/**
 * Every example runs by itself, to its end, and prints what it promises. Each
 * is a process of its own, as a reader would start it; an example that needs
 * more than Node has a test of its own beside it.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { environment, node, root } from "../scripts/workspace.mjs"

const examples = join(root, "examples")

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const run = (file: string): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(
      node,
      [join(examples, file)],
      {
        cwd: root,
        env: environment({ NO_COLOR: "1", CELERIAC_PROC_ALIVE_TIMEOUT: "100" }),
        timeout: 150_000,
        killSignal: "SIGKILL"
      },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr })
    )
  })

/** The drawing in a document: that of the example that it is about. */
const drawn = (document: string): string =>
  /```mermaid\n([^]*?)\n```/.exec(readFileSync(join(root, document), "utf8"))?.[1] ?? ""

/** What an example prints: all of it, or what must match. */
const printed: Readonly<Record<string, string | ReadonlyArray<RegExp>>> = {
  "01-quickstart": [
    /const add = Task\.make\("proj\.add"/,
    /properties +content_type application\/json, correlation_id [0-9a-f-]{36}\n/,
    /headers +task "proj\.add", id "[0-9a-f-]{36}", .*argsrepr "\(2, 3\)"/,
    /body +\[\[2,3\],\{\},\{"callbacks":null,"errbacks":null,"chain":null,"chord":null\}\]\n/,
    /Worker +Timer → Hub → Queues → Pool → Execution → Handlers → Consumer +[\d.]+ ms\n/,
    /Consumer +Connection → Events → .*Tasks → .*event loop +[\d.]+ ms\n/,
    /add\(2, 3\) = 5\n/,
    /400 tasks of 5 ms each, 8 at once: 250 ms at best\n/,
    /^ +100\/400 tasks\n +200\/400 tasks\n +300\/400 tasks\n +400\/400 tasks\n +400 tasks, which sum up to 80200, in \d+ ms\n/m,
    /order\("celeriac", 2\) +2 × celeriac, on their way\n/,
    /order\("truffle", 9\) +fails with OutOfStock\n/,
    /The connection is cut in the middle\n(.*\n)*? +400 of 400 all the same, in \d+ ms\n/,
    /built anew meanwhile:\n +Consumer +Connection → Events → .*Tasks → .*event loop/,
    /Warm shutdown: done\n/,
    /Next +on RabbitMQ, and from Python:\n/
  ],
  "03-http-server": `mail to ada@example.com: Welcome!
200 {"messageId":"m-1"}
`,
  "04-consumer-callbacks": `Received message: {"hello":"world!"}
`,
  "05-consumer-on-message": [
    /^Received message: \{ hello: 'world!' \} \{/,
    /contentType: 'application\/json'/,
    /correlationId: 'greeting-1'/,
    /rawlen=18\n$/
  ],
  "06-example-worker-step": `Called when the worker is prepared: <Worker: w@example.com (initializing)>
Called when the worker is started, with 4 slots
Called when the worker shuts down (Shutdown)

Called when the worker is prepared: <Worker: w@example.com (initializing)>
Called when the worker is started, with 4 slots
Called when the worker terminates
`,
  "07-deadlock-detection": [
    /^proj\.hang has been running for more than 200 ms: stopping the worker\n/,
    /^The worker has stopped: Terminate\n/m,
    /^The task has failed: WorkerLostError\('Worker celery@.* was terminated while the task ran'\)\n$/m
  ],
  "08-info-step": readFileSync(join(examples, "08-info-step", "output.txt"), "utf8"),
  "09-promise": `2 + 3 = 5
{ url: 'https://example.com', attempt: 1 }
rejected: RangeError('ftp://example.com is not safe')
`,
  "10-draw": [
    /^flowchart TB\n +subgraph b0\["Worker"\]\n/,
    /\["Metrics"\]/,
    /\["⧉Consumer"\]/,
    /subgraph b1\["Consumer"\]\n +b1s0\["Connection"\]/,
    /^step +state +started +took +restarts\nTimer +running +\d/m,
    /^Autoscaler +disabled\n/m,
    /^ {2}Connection +running +\d.* ms\n/m
  ],
  "11-middleware": `committed: tea for Ada
ordered: tea for Ada
rolled back: truffle for Ada
not ordered: Error('out of stock')
`,
  "12-steps-as-layers": `the meter closes
counted: request 2
database opened
found: user 7
found: nobody
database closed
`,
  "14-ratelimit-step": [
    /^a: 1 in the cluster: 1 a second each\n/,
    /^a: 2 in the cluster: 0\.5 a second each$/m,
    /^b: 2 in the cluster: 0\.5 a second each$/m,
    /\na: 1 in the cluster: 1 a second each\ndone\n$/
  ],
  "15-own-gossip": `first@example.com is there: first@example.com
second@example.com is there: first@example.com, second@example.com
second@example.com has left: first@example.com
`,
  "16-step-options": `Party!
Between 2 and 12 slots
Booted 0 times before, kept in a file
Party!
Between 2 and 12 slots
Booted 1 times before, kept in a file
The pool keeps its size
Booted 0 times before, kept in memory
`,
  "17-own-commands": `"it says 'closed'"
w@example.com refused set_banner: the door is not that wide
w@example.com: {"prefetch":7}
The banner: closed
`,
  "18-watch-a-cluster": `kitchen.cook {'dish': 'soup'}: SUCCESS
kitchen.cook {'dish': 'truffle'}: FAILURE RangeError('no truffle today')
here: first@example.com, second@example.com
first@example.com knows kitchen.cook
second@example.com knows kitchen.cook
new rate limit set successfully
`,
  "18-watch-a-cluster/promise.ts": `first@example.com knows kitchen.cook
`,
  "20-retries": `o-1: attempt 1 failed
o-1: attempt 2 failed
o-1: receipt 1
o-2: attempt 1 failed
o-2: attempt 2 failed
o-2: attempt 3 failed
o-2: the reservation is cancelled
o-2: BankAway
`,
  "25-signatures": [
    /^\[\[\],\{"x":2,"y":3\},\{"callbacks":\[\{"task":"proj\.add","args":\[\],"kwargs":\{"y":10\},"options":\{"link":/m,
    /^told: 15\nSUCCESS: 5\n/m
  ],
  "26-order-pipeline": `A-1: reserved
A-1: the bank does not answer
A-1: charged
A-1: shipped
parcel of A-1
A-2: reserved
A-2: released
CardRefused is what its end comes to, too
`,
  "27-primes-chord": `4 messages, none above 1 kB
1 of 4 done
2 of 4 done
3 of 4 done
4 of 4 done
1229 primes below 10000
`,
  "29-crawl": `/ links to 3
/about links to 0
/docs links to 3
/docs/canvas links to 1
/docs/tasks links to 1
/news links to 1
`,
  "30-pools": [
    /^hashed in a process of its own: [0-9a-f]{8}\n3 mails from fibers of this one\nprogress was seen meanwhile\n/,
    /^TaskException: TimeLimitExceeded\(1\)\n$/m
  ],
  "31-periodic-tasks": `2026-10-23 08:00 +02  the report of sales
201, by HTTP: Ada is reminded at 9
2026-10-24 09:00 +02  Ada: water the plants
2026-10-25 09:00 +01  Ada: water the plants
2026-10-26 08:00 +01  the report of sales
2026-10-26 09:00 +01  Ada: water the plants
cleanup: sent 576 times, <freq: 10.00 minutes>
remind Ada: sent 3 times, <crontab: 0 9 * * * (m/h/dM/MY/d)>
report: sent 2 times, <crontab: 0 8 * * mon-fri (m/h/dM/MY/d)>
576 cleanups have run
`,
  "19-what-a-step-reaches": [
    /^pool: \d+ slots, 0 taken\n/,
    /^hub: read what was written\n/m,
    /^Consumer of w@example\.com runs proj\.add\n/m,
    /^connection: memory:/m,
    /^heart: every 2 s\n/m,
    /^gossip: 0 others\n/m,
    /^buckets: the next in 0 s\n/m,
    /^qos: 1 more\n/m,
    /^later: no more\n/m,
    /^2 \+ 3 = 5, an hour early\nhub: closed\n$/m
  ],
  "28-draw-a-canvas": [
    /^chain\n├─ album\.find\(album='summer'\)\n└─ chord\n {3}├─ group of 2\n/,
    /\n {6}├╌ link user\.tell\(…\)\n {6}└╌ on error user\.sorry\.si\(\)\nflowchart TB\n/,
    new RegExp(`^${drawn("docs/results.md").replace(/[^\w\s]/gu, "\\$&")}$`, "m"),
    /^digraph canvas \{\n[^]*\n\}\nchain\n├─ ✔ album\.find\(album='summer'\) · SUCCESS · \S+ \S+ · celery@\S+\n/m,
    /\n {3}└─ ✔ then album\.publish\(.*\n(.*\n)?1 of 4\n2 of 4\n3 of 4\n4 of 4\n\[ '200\/0\.jpg', '200\/1\.jpg', .*\]\n$/
  ],
  "21-outbox": `refused: Error: UNIQUE constraint failed: orders.id
receipt of order 1
shop.send_receipt: sent 1
receipt of order 2
shop.send_receipt: sent 2
`,
  "22-progress": [/^(\{"done":\d,"pages":3\}\n)+copied 3\ngiven up after some of 1000\n$/],
  "23-transaction-middleware": `o-2: SoldOut
o-1: celeriac
`,

  "24-priority-queue": `${drawn("docs/routing.md")}
posted to Carol
no address: refused
posted to Alice
posted to Bob
1 undeliverable
`
}

/** An example is a folder with a `main.ts`, and may have other programs. */
const fileOf = (name: string): string => name.endsWith(".ts") ? name : join(name, "main.ts")

describe.concurrent("the example", () => {
  for (const [name, expected] of Object.entries(printed)) {
    it(`${name} prints what it promises, and ends well`, async () => {
      const { code, stderr, stdout } = await run(fileOf(name))
      assert.deepStrictEqual([code, stderr], [0, ""], stdout)
      if (typeof expected === "string") assert.strictEqual(stdout, expected)
      else for (const part of expected) assert.match(stdout, part)
    })
  }
})

describe("the examples", () => {
  it("are all run", () => {
    const folders = readdirSync(examples).filter((name) => /^\d\d-/.test(name))
    const untested = folders.filter((name) =>
      !(name in printed) && !readdirSync(join(examples, name)).some((file) => file.endsWith(".test.ts"))
    )
    assert.deepStrictEqual(untested, [])
    for (const name of Object.keys(printed)) assert.isTrue(existsSync(join(examples, fileOf(name))), name)
  })
})

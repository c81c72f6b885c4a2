/**
 * Bad input of every kind: one sentence on stderr that says what, where and what
 * to do, nothing on stdout, and Celery's exit code. What starts a worker first,
 * and what packages bring, is in the tests of those.
 */
import { afterAll, afterEach, assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { vi } from "vitest"
import { fixture } from "./fixtures/Command.ts"
import { celeriac } from "./fixtures/InProcess.ts"

const folder = mkdtempSync(join(tmpdir(), "celeriac-mistakes-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.unstubAllEnvs())

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const verbs: ReadonlyArray<ReadonlyArray<string>> = [
  ["worker"],
  ["beat"],
  ["status"],
  ["inspect", "ping"],
  ["control", "heartbeat"],
  ["call", "t"],
  ["result", "id"],
  ["purge", "-f"],
  ["list", "bindings"],
  ["events", "-d"],
  ["report"],
  ["topology", "plan"],
  ["graph", "workers"]
]

/** Those that need no module ask one where it is named. */
const asking = verbs.filter(([name]) => name !== "worker" && name !== "beat")

type Case = readonly [args: ReadonlyArray<string>, code: number, said: RegExp, env?: Readonly<Record<string, string>>]

const cases: Readonly<Record<string, ReadonlyArray<Case>>> = {
  "a command": [
    [["wroker"], 2, /^celeriac: there is no command wroker\. Did you mean worker\?$/],
    [
      ["amqp"],
      2,
      /^celeriac: there is no amqp of Celery's here: `celeriac topology` declares and compares, .*tools are for$/
    ],
    [["topology", "paln"], 2, /there is no command paln\. Did you mean plan\?$/],
    [["inspect", "nosuch"], 2, /nosuch/],
    [["control", "ping"], 2, /ping/]
  ],
  "a flag": [
    ...verbs.map(([name = "", ...rest]): Case => [
      [name, ...rest, "--nosuch"],
      2,
      new RegExp(`^celeriac ${name}.*: there is no flag --nosuch`)
    ]),
    [
      ["worker", "--concurency", "2"],
      2,
      /^celeriac worker: there is no flag --concurency\. Did you mean --concurrency\?$/
    ],
    [["worker", "-z"], 2, /^celeriac worker: there is no flag -z$/],
    [
      ["worker", "--loader=app"],
      2,
      /^celeriac worker: there is no --loader of Celery's here: -A names the module that is loaded$/
    ],
    [["migrate", "memory://", "memory://", "-x"], 2, /^celeriac migrate: there is no flag -x$/]
  ],
  "a value": [
    [["status", "-t", "long"], 2, /--timeout.*long/],
    [["status", "-t", "-1"], 2, /--timeout/],
    [["call", "t", "-a", "1"], 2, /--args: "1"\. Expected: a JSON array, such as \[2, 3\]/],
    [["call", "t", "-k", "[1]"], 2, /--kwargs: "\[1\]"\. Expected: a JSON object/],
    [["call", "t", "--eta", "soon"], 2, /--eta: "soon"\. Expected: a time as ISO 8601/],
    [["call", "t", "--expires", "soon"], 2, /--expires: "soon"/],
    [["call"], 2, /name/],
    [["result"], 2, /id/],
    [["graph", "-f", "png"], 2, /--format.*png/],
    [["migrate", "memory://"], 2, /destination/],
    [["migrate", "memory://", "memory://", "-n", "0"], 2, /--limit: "0"\. Expected: a whole number of at least 1/],
    [["migrate", "memory://", "memory://", "-t", "0"], 2, /--timeout/],
    [
      ["worker", "-A", fixture("worker.ts"), "-c", "0"],
      2,
      /--concurrency: "0"\. Expected: a whole number of at least 1/
    ],
    [["worker", "-A", fixture("worker.ts"), "-l", "loud"], 2, /--loglevel.*"loud"/],
    [["worker", "-A", fixture("worker.ts"), "--soft-shutdown", "soon"], 2, /--soft-shutdown: "soon"/],
    [["worker", "-A", fixture("worker.ts"), "--umask", "9x"], 2, /--umask is "9x", and must be octal/],
    [["multi", "show", "2", "-c:7", "1"], 2, /^celeriac multi: No node at index '7'$/]
  ],
  "a module": [
    ...verbs.map((
      verb
    ): Case => [[...verb, "-A", "nosuch"], 2, /^celeriac: there is no module 'nosuch' .*-A takes the path/]),
    [["status", "-A", file("empty.ts", "export {}\n")], 1, /empty\.ts has no worker: it exports nothing/],
    [["worker", "-I", "nosuch", "-A", fixture("worker.ts")], 2, /there is no module 'nosuch'.*-I takes/],
    [["status"], 2, /there is no module 'proj'.*CELERY_APP takes the path/, { CELERY_APP: "proj" }]
  ],
  "a URL": [
    ...asking.filter(([name]) => name !== "list").map((verb): Case => [
      [...verb, "-b", "foo://me:hush@host"],
      // As Celery's, of those that ask workers.
      ["status", "inspect", "control"].includes(verb[0]!) ? 69 : 1,
      /no transport for 'foo:\/\/': known are amqp:\/\//
    ]),
    [["migrate", "foo://me:hush@host", "memory://"], 1, /no transport for 'foo:\/\/'/],
    [
      ["result", "id", "-b", "memory://", "--result-backend", "foo://me:hush@host"],
      1,
      /no result backend for 'foo:\/\/'/
    ],
    [["status", "-b", "amqp://me:hush@host:port/"], 69, /^Error: Unable to run the command\. Reason: .*host or port/],
    [["status"], 69, /no transport for 'foo:\/\/'/, { CELERY_BROKER_URL: "foo://me:hush@host" }]
  ],
  "settings": [
    ...asking.map((
      verb
    ): Case => [[...verb, "--config", "nosuch.json"], 2, /there is no file of settings 'nosuch\.json'/]),
    [["status", "--config", file("a.json", "{,")], 1, /a\.json could not be loaded: SyntaxError/],
    [["status", "--config", file("b.json", "[1]")], 1, /b\.json holds no settings/],
    [
      ["status", "--config", file("c.json", "{\"task_default_queu\": \"a\"}")],
      1,
      /task_default_queu\b.*task_default_queue/
    ],
    [["status"], 1, /CELERIAC_CONCURRENCY is "many"/, { CELERIAC_CONCURRENCY: "many" }]
  ]
}

for (const [kind, some] of Object.entries(cases)) {
  describe(`a mistake in ${kind} is answered in a sentence`, () => {
    for (const [args, code, said, env = {}] of some) {
      it(`celeriac ${args.join(" ").replaceAll(folder, "").replaceAll(fixture(""), "").replace("hush", "…")}`, async () => {
        for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
        const ended = await celeriac(args)
        assert.deepStrictEqual([ended.code, ended.stdout], [code, ""], ended.stderr)
        const [sentence = "", ...more] = ended.stderr.trimEnd().split("\n")
        assert.match(sentence, said)
        // Who mistook the arguments is told where they are explained.
        assert.isTrue(
          more.length === 0 || (more.length === 1 && /^See: celeriac.* --help$/.test(more[0]!)),
          ended.stderr
        )
        assert.notInclude(ended.stderr, "hush")
      })
    }
  })
}

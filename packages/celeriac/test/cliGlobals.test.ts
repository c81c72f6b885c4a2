/** What all commands take: the module, the broker, a file of settings, a folder, the environment. */
import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { celeriac, fixture } from "./fixtures/Command.ts"

const stopping = { signals: [["ready.", "SIGTERM"]] } as const

/** Until the banner has been read. */
const banner = { signals: [["[queues]", "SIGKILL"]] } as const

/** Inside of this package, so that modules find it; or elsewhere. */
const inFolder = async <A>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<A>,
  prefix = fixture("globals-")
): Promise<A> => {
  const folder = mkdtempSync(prefix)
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const worker = `import * as Worker from "celeriac/Worker"\nexport default Worker.make({ tasks: [] })\n`

describe.concurrent("the module of -A", () => {
  for (const [where, app] of [["worker.ts", "."], ["src/worker.ts", "."], ["jobs/worker.ts", "jobs"]] as const) {
    it(`may be the folder '${app}', with a worker in ${where}`, () =>
      inFolder({ [where]: worker }, async (cwd) => {
        const { code, stderr } = await celeriac(["worker", "-A", app, "-b", "memory://"], { ...stopping, cwd })
        assert.strictEqual(code, 0, stderr)
      }))
  }

  it("may be said before the command and behind it, and by the environment", () =>
    inFolder({ "jobs.ts": worker }, async (cwd) => {
      for (
        const [args, env] of [
          [["-A", "jobs", "-b", "memory://", "-C", "worker"], {}],
          [["--app=jobs", "worker", "--broker=memory://"], {}],
          [["worker"], { CELERIAC_APP: "jobs", CELERY_BROKER_URL: "memory://" }],
          [["worker", "-b", "memory://"], { CELERY_APP: "./jobs.ts" }]
        ] as const
      ) {
        const { code, stderr } = await celeriac(args, { ...stopping, cwd, env })
        assert.strictEqual(code, 0, `${args.join(" ")}: ${stderr}`)
      }
    }))

  it("that is a folder without a worker is told so, and where one was looked for", () =>
    inFolder({ "jobs/other.ts": worker }, async (cwd) => {
      const { code, stderr } = await celeriac(["worker", "-A", "jobs"], { cwd })
      assert.strictEqual(code, 2)
      assert.match(stderr, /^celeriac: the folder 'jobs' has no worker \(looked for worker\.ts, .*\)\. -A takes/)
    }))

  it("that the environment names and that is not there is told with the variable", () =>
    inFolder({}, async (cwd) => {
      const { code, stderr } = await celeriac(["worker"], { cwd, env: { CELERY_APP: "proj" } })
      assert.strictEqual(code, 2)
      assert.match(stderr, /^celeriac: there is no module 'proj' .*\. CELERY_APP takes the path of a file/)
    }))

  it("that fails below is told with the way through its own files, and no other", () =>
    inFolder({
      "deep.ts": `export const fail = () => { throw new Error("too deep") }\n`,
      "app.ts": `import { fail } from "./deep.ts"\n\nfail()\n`
    }, async (cwd) => {
      const { code, stderr } = await celeriac(["worker", "-A", "app.ts"], { cwd })
      assert.strictEqual(code, 1)
      assert.strictEqual(
        stderr,
        "celeriac: app.ts could not be loaded: too deep (deep.ts:1)\n    at deep.ts:1\n    at app.ts:3\n"
      )
    }, join(tmpdir(), "celeriac-app-")))
})

describe.concurrent("--workdir", () => {
  it("is where modules and files of settings are", () =>
    inFolder({ "jobs/worker.ts": worker, "jobs/conf.json": `{ "task_default_queue": "there" }` }, async (cwd) => {
      const args = ["--workdir", "jobs", "--config", "conf.json", "worker", "-b", "memory://"]
      const { stdout } = await celeriac(args, { ...banner, cwd })
      assert.match(stdout, /\.> there +exchange=there/)
    }))

  it("that is none is told so", async () => {
    const { code, stderr } = await celeriac(["worker", "--workdir", "/nowhere/at/all"])
    assert.strictEqual(code, 2)
    assert.strictEqual(
      stderr,
      "celeriac: --workdir /nowhere/at/all cannot be entered: is there such a folder?\n"
    )
  })
})

describe.concurrent("--config", () => {
  for (
    const [kind, name, text] of [
      ["JSON, under Celery's names", "c.json", `{ "task_default_queue": "conf", "worker_concurrency": 7 }`],
      ["JSON, under ours", "c.json", `{ "defaultQueue": "conf", "concurrency": 7 }`],
      ["a module", "c.ts", `export const task_default_queue: string = "conf"\nexport const worker_concurrency = 7\n`],
      ["a module with a default export", "c.mjs", `export default { defaultQueue: "conf", concurrency: 7 }\n`]
    ] as const
  ) {
    it(`takes ${kind}`, () =>
      inFolder({ "worker.ts": worker, [name]: text }, async (cwd) => {
        const { stderr, stdout } = await celeriac(["worker", "-b", "memory://", "--config", name], { ...banner, cwd })
        assert.match(stdout, /concurrency: 7 (.*\n)+\[queues\]\n\.> conf +exchange=conf/, stderr)
      }))
  }

  it("names the broker, stands before the environment and the module, and behind the flags", () =>
    inFolder({
      "worker.ts": worker,
      "c.json": `{ "broker_url": "amqp://conf:1//", "worker_concurrency": 7, "task_default_queue": "conf" }`
    }, async (cwd) => {
      const env = { CELERIAC_CONFIG: "c.json", CELERY_BROKER_URL: "amqp://env:1//", CELERIAC_DEFAULT_QUEUE: "env" }
      const { stdout } = await celeriac(["worker", "-c", "2"], { ...banner, cwd, env })
      assert.include(stdout, "amqp://guest:**@conf:1// (named by --config)")
      assert.include(stdout, ".> concurrency: 2 ")
      assert.match(stdout, /\.> conf +exchange=conf/)
    }))

  for (
    const [what, name, text, code, said] of [
      ["is not there", "other.json", "{}", 2, /there is no file of settings 'c\.json' .*--config takes the path/],
      ["is no JSON", "c.json", "{,", 1, /^celeriac: c\.json could not be loaded: SyntaxError/],
      ["is no table", "c.json", "[1]", 1, /^celeriac: c\.json holds no settings/],
      [
        "has an unknown name",
        "c.json",
        `{ "task_default_queu": "a" }`,
        1,
        /^celeriac: c\.json: .*task_default_queu.*task_default_queue/
      ],
      [
        "has an unknown name of ours",
        "c.json",
        `{ "concurrency": 1, "defaultQueu": "a" }`,
        1,
        /^celeriac: c\.json: .*defaultQueu\b.*defaultQueue/
      ],
      ["has a value that does not fit", "c.json", `{ "worker_concurrency": 0 }`, 1, /c\.json: .*worker_concurrency/]
    ] as const
  ) {
    it(`that ${what} is told in a sentence`, () =>
      inFolder({ "worker.ts": worker, [name]: text }, async (cwd) => {
        const ended = await celeriac(["worker", "-b", "memory://", "--config", "c.json"], { cwd })
        assert.strictEqual(ended.code, code, ended.stderr)
        assert.match(ended.stderr, said)
      }))
  }
})

describe.concurrent("--quiet", () => {
  it("leaves the banner out", () =>
    inFolder({ "worker.ts": worker }, async (cwd) => {
      const { code, stdout } = await celeriac(["worker", "-q", "-b", "memory://"], { ...stopping, cwd })
      assert.deepStrictEqual([code, stdout], [0, ""])
    }))
})

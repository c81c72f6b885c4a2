import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { celeriac, type Ended, fixture } from "./fixtures/Command.ts"
import * as inProcess from "./fixtures/InProcess.ts"

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))

const inMemory = (...args: ReadonlyArray<string>) => ["worker", "-A", fixture("worker.ts"), "-b", "memory://", ...args]

const stopping = (signal: NodeJS.Signals) => ({ signals: [["ready.", signal]] as const })

/** Runs the command with a module of this text, and interrupts it when the banner has been read. */
const inModule = async (
  text: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>,
  until = "[queues]"
) => {
  const folder = mkdtempSync(fixture("module-"))
  try {
    writeFileSync(join(folder, "app.ts"), text)
    return await celeriac(["worker", "-A", join(folder, "app.ts"), ...args], {
      env,
      signals: [[until, "SIGKILL"]]
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One line on stderr, exit code 1, or 2 after a mistake in the command line. */
const assertRefused = (ended: Ended, message: RegExp, code = 1) => {
  assert.strictEqual(ended.code, code, ended.stderr)
  assert.match(ended.stderr, message)
  assert.strictEqual(ended.stderr.trimEnd().split("\n").length, 1, ended.stderr)
}

describe.concurrent("celeriac", () => {
  it("says its version", async () => {
    for (const flag of ["--version", "-v"]) {
      assert.deepStrictEqual(await celeriac([flag]), { code: 0, stdout: `celeriac v${version}\n`, stderr: "" })
    }
  })

  it("says what its commands are, and what they take", async () => {
    const help = await celeriac(["--help"])
    assert.strictEqual(help.code, 0)
    assert.match(help.stdout, /worker +Run a worker\n(.*\n)* +graph +Draw the boot steps of a worker/)
    const worker = await celeriac(["worker", "--help"])
    for (
      const flag of ["-A", "-Q", "-c", "-n", "-l", "-b", "--result-backend", "--prefetch-multiplier", "--json-logs"]
    ) {
      assert.include(worker.stdout, flag)
    }
    assert.include(worker.stdout, "celeriac worker -A ./worker.ts -l info")
  })

  for (
    const [args, said] of [
      [["wroker"], "celeriac: there is no command wroker. Did you mean worker?"],
      [["worker", "amqp://me:hush@host"], "celeriac worker: unexpected positional argument: \"amqp://me:**@host\""]
    ] as const
  ) {
    it(`answers ${args.join(" ").replace("hush", "…")} with a sentence, on stderr, without pages of help`, async () => {
      const { code, stderr, stdout } = await celeriac(args)
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.strictEqual(stderr, `${said}\nSee: ${said.slice(0, said.indexOf(":"))} --help\n`)
    })
  }

  for (
    const [flags, said] of [
      [
        ["-c", "0"],
        /--concurrency: "0"\. Expected: a whole number of at least 1, or left out for the number of processors/
      ],
      [["-c", "many"], /--concurrency: "many"/],
      [["-P", "gevent"], /--pool: "gevent"\. Expected: fibers, .* or solo: fibers do what greenlets are for/],
      [["-P", "preforks"], /--pool: "preforks"\. Expected: fibers, .* or solo: did you mean prefork\?/],
      [["--pool-sizes", "processes"], /--pool-sizes: "processes"\. Expected: \{ processes: 4, threads: 2 \}/],
      [["--max-memory-per-child", "200M"], /--max-memory-per-child: "200M"\. Expected: kilobytes/],
      [["-l", "loud"], /debug/],
      [["--autoscale", "3,x"], /--autoscale: "3,x"\. Expected: \{ max, min \}, or "10,3"/],
      [["--autoscale=1,2,3"], /--autoscale: "1,2,3"/],
      [["-Q", ","], /--queues: ","\. Expected: names, none of them empty/],
      [["--prefetch-multiplier", "-1"], /prefetch-multiplier/],
      [["--prefetch-multiplier=-1"], /prefetch-multiplier: "-1"\. Expected: "adaptive", a number for each slot/]
    ] as const
  ) {
    it(`refuses ${flags.join(" ")}`, async () => {
      const { code, stderr, stdout } = await inProcess.celeriac(inMemory(...flags))
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.match(stderr, said)
    })
  }
})

describe.concurrent("celeriac worker", () => {
  it("shows what it is, says that it is ready, and stops warm on SIGTERM", async () => {
    const { code, stderr, stdout } = await celeriac(inMemory("-c", "3", "-n", "w1@example.com"), stopping("SIGTERM"))
    assert.strictEqual(code, 0)
    assert.strictEqual(
      stdout,
      `
w1@example.com v${version} (celeriac)

[config]
.> transport:   memory://local (named by -b)
.> results:     memory://
.> concurrency: 3 (fibers)

[queues]
.> main             exchange=main(direct) key=main
.> reports         

`.replace("reports         ", `${"reports".padEnd(16)}`)
    )
    const time = String.raw`^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}: `
    assert.match(stderr, new RegExp(`${time}INFO/MainProcess\\] w1@example\\.com ready\\.$`, "m"))
    assert.match(stderr, new RegExp(`${time}WARNING/MainProcess\\] worker: Warm shutdown \\(MainProcess\\)$`, "m"))
  })

  it("lists its tasks at info, and says once that it is ready", async () => {
    const { code, stderr, stdout } = await celeriac(inMemory("-l", "info"), stopping("SIGINT"))
    assert.strictEqual(code, 0)
    assert.include(stdout, "[tasks]\n  . proj.ping\n  . proj.pong\n")
    assert.strictEqual(stderr.match(/ ready\./g)?.length, 1)
    assert.include(stderr, "worker: Hitting Ctrl+C again will initiate cold shutdown")
  })

  it("says that it is ready at warning, and not where only errors are wanted", async () => {
    const says = async (level: string) => {
      const args = ["worker", "-A", fixture("started.ts"), "-b", "memory://", "-l", level]
      const { code, stderr } = await celeriac(args, { signals: [["all steps have started", "SIGTERM"]] })
      return [code, stderr.includes(" ready.")]
    }
    assert.deepStrictEqual(await Promise.all(["warning", "error", "critical"].map(says)), [
      [0, true],
      [0, false],
      [0, false]
    ])
  })

  it("tells at debug how it boots and stops", async () => {
    const { stderr } = await celeriac(inMemory("-l", "debug"), stopping("SIGTERM"))
    for (
      const line of [
        "| Worker: New boot order: {",
        "| Consumer: Starting Connection",
        "^-- substep ok",
        "| Worker: Stopping Timer..."
      ]
    ) {
      assert.include(stderr, `DEBUG/MainProcess] ${line}`)
    }
  })

  it("stops cold on SIGQUIT", async () => {
    const { code, stderr } = await celeriac(inMemory(), stopping("SIGQUIT"))
    assert.strictEqual(code, 1)
    assert.include(stderr, "worker: Cold shutdown (MainProcess)")
  })

  it("consumes from the queues it is told to", async () => {
    const { stdout } = await celeriac(inMemory("-Q", "a, b"), stopping("SIGTERM"))
    assert.match(stdout, /\[queues\]\n\.> a +exchange=a\(direct\) key=a\n\.> b +exchange=b\(direct\) key=b\n\n/)
  })

  it("logs JSON lines, and nothing else", async () => {
    const { code, stderr, stdout } = await celeriac(inMemory("--json-logs", "-l", "debug"), stopping("SIGTERM"))
    assert.deepStrictEqual([code, stdout], [0, ""])
    const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line))
    for (const line of lines) assert.hasAllKeys(line, ["level", "time", "message", "annotations"])
    assert.isTrue(lines.some(({ level, message }) => level === "INFO" && message.endsWith(" ready.")))
    assert.isTrue(lines.some(({ annotations }) => annotations.queue === "main"))
  })

  it("colours its lines where that is wanted", async () => {
    const colours = { NO_COLOR: "", FORCE_COLOR: "1" }
    const coloured = await celeriac(inMemory(), { ...stopping("SIGTERM"), env: colours })
    assert.include(coloured.stderr, "\x1b[33mworker: Warm shutdown")
    const plain = await celeriac(inMemory("--no-color"), { ...stopping("SIGTERM"), env: colours })
    assert.notInclude(plain.stderr, "\x1b[")
  })

  it("takes the module before the command too, and the broker from the environment", async () => {
    for (const name of ["CELERIAC_BROKER_URL", "CELERY_BROKER_URL"]) {
      const { code, stdout } = await celeriac(["-A", fixture("worker"), "worker"], {
        ...stopping("SIGTERM"),
        env: { [name]: "memory://" }
      })
      assert.strictEqual(code, 0)
      assert.include(stdout, "memory://local")
    }
  })

  it("takes settings from the environment, its flags before them", async () => {
    const environment = { CELERIAC_CONCURRENCY: "5", CELERIAC_NODENAME: "env@%h", CELERIAC_DEFAULT_QUEUE: "elsewhere" }
    const { stdout } = await celeriac(inMemory("-n", "flag@example.com"), { ...stopping("SIGTERM"), env: environment })
    assert.include(stdout, "flag@example.com v")
    assert.include(stdout, ".> concurrency: 5 (fibers)")
    assert.include(stdout, ".> elsewhere        exchange=elsewhere(direct)")
  })

  it("says in one line all that is wrong with the environment", async () => {
    const refused = await celeriac(inMemory(), { env: { CELERIAC_CONCURRENCY: "many", CELERIAC_ACKS_LATE: "perhaps" } })
    assertRefused(refused, /CELERIAC_ACKS_LATE is "perhaps", and must be true or false/)
    assertRefused(refused, /CELERIAC_CONCURRENCY is "many", and must be a whole number of at least 1/)
  })

  it("finds a worker that lies where workers usually lie", async () => {
    const { code } = await celeriac(["worker", "-b", "memory://"], { ...stopping("SIGTERM"), cwd: fixture(".") })
    assert.strictEqual(code, 0)
  })

  it("scales between two bounds, in whichever order, and without what is switched off", async () => {
    const flags = ["--autoscale=3,10", "--without-mingle", "--without-gossip", "--without-heartbeat", "-l", "debug"]
    const { code, stderr, stdout } = await celeriac(inMemory(...flags), stopping("SIGTERM"))
    assert.strictEqual(code, 0)
    assert.include(stdout, ".> concurrency: {min=3, max=10} (fibers)")
    assert.include(stderr, "| Worker: Starting Autoscaler")
    assert.notInclude(stderr, "| Consumer: Starting Heart")
  })

  it("says with -B that there is no scheduler, and exits", async () => {
    const { code, stderr } = await celeriac(inMemory("-B"))
    assert.strictEqual(code, 1)
    assert.include(stderr, "-B asks for a scheduler in this worker (`beat`), and there is none")
  })

  it("runs the tasks of the modules of -I besides its own", async () => {
    const args = ["-I", fixture("included.ts"), "-l", "info"]
    const { code, stderr, stdout } = await celeriac(inMemory(...args), stopping("SIGTERM"))
    assert.strictEqual(code, 0, stderr)
    assert.include(stdout, "[tasks]\n  . more.one\n  . more.two\n  . proj.ping\n  . proj.pong\n")
    const promises = ["worker", "-A", fixture("promisesApp.ts"), "-b", "memory://", "-l", "info"]
    const added = await celeriac([...promises, "-I", fixture("includedPromises.ts")], stopping("SIGTERM"))
    assert.include(added.stdout, "[tasks]\n  . more.promised\n  . proj.promised\n")
  })

  it("runs those of the settings include and imports too, of the environment and of the module itself", async () => {
    const env = { CELERIAC_IMPORTS: fixture("included.ts") }
    const { stdout } = await celeriac(inMemory("-l", "info"), { env, ...stopping("SIGTERM") })
    assert.include(stdout, "[tasks]\n  . more.one\n  . more.two\n  . proj.ping\n")
    const module = [
      `import { celeriac } from "celeriac/promise"`,
      `export const app = celeriac({ broker: "memory://" })`,
      `app.task("own.task", {}, () => null)`,
      `export default app.worker({ settings: { include: [${JSON.stringify(fixture("included.ts"))}] } })`
    ].join("\n")
    const own = await inModule(module, ["-l", "info"], {}, "own.task")
    assert.include(own.stdout, "[tasks]\n  . more.one\n  . more.two\n  . own.task\n")
  })

  it("refuses modules of -I that are not there, do not load, or have a task that it has already", async () => {
    assertRefused(
      await celeriac(inMemory("-I", "nosuch")),
      /there is no module 'nosuch' .*-I takes the paths of files/,
      2
    )
    assertRefused(await celeriac(inMemory("-I", fixture("canvas.py"))), /canvas\.py could not be loaded/)
    const twice = await celeriac(inMemory("-I", fixture("includedTwice.ts")))
    assert.strictEqual(twice.code, 1)
    assert.match(twice.stderr, /proj\.ping/)
  })

  it("knows -O, and says of --disable-prefetch what Celery says", async () => {
    const { code, stderr } = await celeriac(inMemory("-O", "fair", "--disable-prefetch"), stopping("SIGTERM"))
    assert.strictEqual(code, 0)
    assert.match(stderr, /WARNING.*worker_disable_prefetch is only supported for Redis brokers\./)
  })

  it("runs the worker of an application of promises", async () => {
    const args = ["worker", "-A", fixture("promises.ts"), "-b", "memory://", "-l", "info"]
    const { code, stdout } = await celeriac(args, stopping("SIGTERM"))
    assert.strictEqual(code, 0)
    assert.match(stdout, /^\npromises@.* \(celeriac\)\n/)
    assert.include(stdout, "  . proj.promised\n")
  })

  for (
    const [what, args, env, said] of [
      [
        "-b, before all",
        ["-b", "amqp://flag:1//"],
        { CELERY_BROKER_URL: "amqp://env:1//" },
        "amqp://guest:**@flag:1// (named by -b)"
      ],
      [
        "the module, before the environment",
        [],
        { CELERY_BROKER_URL: "amqp://env:1//" },
        "amqp://guest:**@module:1// (named by the module)"
      ]
    ] as const
  ) {
    for (
      const [kind, text] of [
        [
          "an application",
          `import { celeriac } from "celeriac/promise"\nexport default celeriac({ broker: "amqp://module:1//" }).worker()\n`
        ],
        [
          "an application's settings",
          `import { celeriac } from "celeriac/promise"\nexport const worker = celeriac({ settings: { brokerUrl: "amqp://module:1//" } }).worker()\n`
        ],
        [
          "a worker's settings",
          `import * as Settings from "celeriac/Settings"\nimport * as Worker from "celeriac/Worker"\n` +
          `export default Worker.make({ tasks: [], settings: Settings.fromCelery({ broker_url: "amqp://module:1//" }) })\n`
        ]
      ] as const
    ) {
      it(`is on the broker of ${what}, where ${kind} names one`, async () => {
        const { stdout } = await inModule(text, args, env)
        assert.include(stdout, `.> transport:   ${said}\n`)
      })
    }
  }

  for (
    const [what, env, said] of [
      [
        "the environment, where the module names none",
        { CELERIAC_BROKER_URL: "amqp://env:1//" },
        "amqp://guest:**@env:1// (named by the environment)"
      ],
      ["this machine, where nobody names one", {}, "amqp://guest:**@localhost:5672// (named by nobody: the default)"]
    ] as const
  ) {
    it(`is on the broker of ${what}`, async () => {
      const text = `import { celeriac } from "celeriac/promise"\nexport default celeriac().worker()\n`
      const { stdout } = await inModule(text, [], env)
      assert.include(stdout, `.> transport:   ${said}\n`)
    })
  }

  it("sends what its handlers send to the broker that it consumes from", async () => {
    const args = ["worker", "-A", fixture("twoBrokers.ts"), "-b", "memory://", "-l", "info"]
    const { code, stderr } = await celeriac(args, { signals: [["Task proj.first[first] succeeded", "SIGTERM"]] })
    assert.strictEqual(code, 0, stderr)
    assert.match(stderr, /proj\.second\[.*\] succeeded/)
  })

  it("goes on when a promise is rejected that nobody handles", async () => {
    const args = ["worker", "-A", fixture("stray.ts"), "-b", "memory://", "-l", "info"]
    const { code, stderr } = await celeriac(args, { signals: [["ready.", "SIGCONT"], ["forgotten", "SIGTERM"]] })
    assert.strictEqual(code, 0)
    assert.match(stderr, /ERROR\/MainProcess\] A promise was rejected, and nobody handles it.*\n.*Error: forgotten/)
    assert.include(stderr, "Warm shutdown")
  })

  for (
    const [what, args, env, says] of [
      ["broker", ["-b", "foo://me:hush@host"], {}, /no transport for 'foo:\/\/': known are amqp:\/\/.*memory:\/\//],
      ["broker without a scheme", ["-b", "hush"], {}, /broker URL has no scheme: known are/],
      ["malformed broker", ["-b", "amqp://me:hush@host:port/"], {}, /host or port/],
      [
        "result backend",
        ["-b", "memory://", "--result-backend", "couchbase://:hush@host"],
        {},
        /no result backend for 'couchbase:\/\/': known are rpc:\/\/, memory:\/\/, .*disabled:\/\//
      ],
      [
        "result backend of the environment",
        ["-b", "memory://"],
        { CELERIAC_RESULT_BACKEND: "couchbase://:hush@host" },
        /no result backend for 'couchbase:\/\/'/
      ]
    ] as const
  ) {
    it(`refuses a ${what} that it does not know, and keeps the secret`, async () => {
      const refused = await celeriac(["worker", "-A", fixture("worker.ts"), ...args], { env })
      assertRefused(refused, says)
      assert.notInclude(refused.stderr, "hush")
    })
  }

  for (
    const password of [
      "Tr0ub;4dor",
      "12/4dor",
      "12?4dor",
      "Tr0ub#4dor",
      "Tr0ub@4dor",
      "Tr0ub 4dor/x",
      "Tr0ub%4dor",
      "1/;x://Tr0ub4dor"
    ]
  ) {
    it(`shows no half of the password ${password}`, async () => {
      const url = `amqp://admin:${password}@127.0.0.1:1/v`
      const { stderr, stdout } = await celeriac(["worker", "-A", fixture("worker.ts"), "-b", url, "-l", "debug"])
      assert.match(stdout + stderr, /127\.0\.0\.1/)
      assert.notMatch(stdout + stderr, /Tr0ub|4dor/)
    })
  }

  it("tries to reach a broker that is away, shows no password, and gives up", async () => {
    const args = ["worker", "-A", fixture("worker.ts"), "-b", "amqp://me:hush@127.0.0.1:1//"]
    const { code, stderr, stdout } = await celeriac(args)
    assert.strictEqual(code, 1)
    assert.include(stdout, ".> transport:   amqp://me:**@127.0.0.1:1/")
    assert.match(stderr, /ERROR\/MainProcess\] consumer: Cannot connect.*Trying again in [\d.]+ seconds\.\.\. \(1\/2\)/)
    assert.match(stderr, /\(2\/2\)/)
    assert.match(stderr, /CRITICAL\/MainProcess\] Unrecoverable error: .*\n$/)
    assert.notInclude(stdout + stderr, "hush")
  })

  it("can be stopped while it waits for its broker", async () => {
    const args = ["worker", "-A", fixture("worker.ts"), "-b", "amqp://127.0.0.1:1//"]
    const { code, stderr } = await celeriac(args, { signals: [["Trying again", "SIGTERM"]] })
    assert.strictEqual(code, 0)
    assert.include(stderr, "Warm shutdown")
  })
})

describe.concurrent("a module for -A", () => {
  const refused = async (text: string | undefined, message: RegExp, name = "app.ts", code = 1) => {
    const folder = mkdtempSync(join(tmpdir(), "celeriac-app-"))
    try {
      if (text !== undefined) writeFileSync(join(folder, name), text)
      assertRefused(await celeriac(["worker", "-A", `./${name}`, "-b", "memory://"], { cwd: folder }), message, code)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  it("that is not there is asked for", () =>
    refused(
      undefined,
      /^celeriac: there is no module '.\/app\.ts' \(looked for .*app\.ts\)\. -A takes the path of a file/,
      "app.ts",
      2
    ))

  for (
    const [text, said, name] of [
      ["export const = 1\n", /^celeriac: app\.ts could not be loaded: SyntaxError: .* \(app\.ts:1\)/, "app.ts"],
      ["export const = 1\n", /SyntaxError: .*`node --check app\.mjs` shows where/, "app.mjs"],
      ["const a = 1\nthrow new RangeError(\"too far\")\n", /loaded: RangeError: too far \(app\.ts:2\)/, "app.ts"],
      ["throw \"a fit\"\n", /could not be loaded: it threw a fit/, "app.ts"],
      ["throw new Error(\"no amqp://u:s3cret@host/\")\n", /could not be loaded: .*no amqp:\/\/u:\*\*@host\//, "app.ts"]
    ] as const
  ) {
    it(`that reads ${JSON.stringify(text)} (${name}) is told with its place`, () => refused(text, said, name))
  }

  it("that is no module is told what to set, after what Node says of it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "celeriac-app-"))
    try {
      writeFileSync(join(folder, "app.cjs"), "import \"effect/Effect\"\n")
      const { code, stderr } = await celeriac(["worker", "-A", "./app.cjs", "-b", "memory://"], { cwd: folder })
      assert.strictEqual(code, 1)
      assert.match(stderr, /\nceleriac: .*outside a module \(app\.cjs:1\)\. Set "type": "module" in package\.json.*\n$/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it("that imports what is not there is told what", () =>
    refused(`import "nowhere-to-be-found"\n`, /Cannot find package 'nowhere-to-be-found'.*Is it installed/))

  it("that needs a build is told so", () =>
    refused(
      `enum Colour { Red }\nexport default Colour.Red\n`,
      /enums, namespaces and parameter properties need a build/
    ))

  for (
    const [text, said, name] of [
      ["", /app\.ts has no worker: it exports nothing\. Write: export default Worker\.make/, "app.ts"],
      ["export const add = 1, mul = 2\n", /has no worker: it exports add, mul\. Write/, "app.ts"],
      ["export default { tasks: [] }\n", /its default export is a value of type object/, "app.ts"],
      ["export const worker = () => 1\n", /its export 'worker' is the function worker/, "app.ts"],
      ["module.exports = [1]\n", /has no worker: its default export is an array/, "app.cjs"]
    ] as const
  ) {
    it(`that reads ${JSON.stringify(text)} is told that it has no worker, and what it has instead`, () =>
      refused(text, said, name))
  }

  it("shows its stack to whoever debugs", async () => {
    const folder = mkdtempSync(join(tmpdir(), "celeriac-app-"))
    try {
      writeFileSync(join(folder, "app.ts"), `throw new Error("here")\n`)
      const { code, stderr } = await celeriac(["worker", "-A", "./app.ts", "-l", "debug"], { cwd: folder })
      assert.strictEqual(code, 1)
      assert.match(stderr, /\n +at .*app\.ts:1:7/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe.concurrent("celeriac graph", () => {
  for (
    const [format, drawn] of [
      ["mermaid", /^flowchart TB\n +subgraph b0\["Worker"\]\n(.*\n)* +subgraph b1\["Consumer"\]\n/],
      ["dot", /^digraph "Worker" \{\n(.*\n)*.*label="?Consumer/],
      ["levels", /^Worker\n +1 {2}Timer.*\n(.*\n)+\nConsumer\n +1 {2}Connection/]
    ] as const
  ) {
    it(`draws both blueprints as ${format}, and starts nothing`, async () => {
      const { code, stderr, stdout } = await celeriac(["graph", "-A", fixture("worker.ts"), "--format", format])
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.match(stdout, drawn)
    })
  }
})

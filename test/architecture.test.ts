/**
 * The floor plan and the house style, kept by tests. Every rule is also shown
 * a small offender, so that a rule which sees nothing is noticed.
 */
import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { barrel, barrels } from "../scripts/barrels.mjs"
import { filesIn } from "../scripts/files.mjs"
import { packages, root } from "../scripts/workspace.mjs"
import * as rules from "./architecture/rules.ts"
import * as Source from "./architecture/Source.ts"

const at = (path: string, text: string) => Source.make(`packages/${path}`, text)

const lines = (count: number) => "const line = 1\n".repeat(count)

/** Each rule as a sentence, the rule, and offenders with the number of complaints they deserve. */
const table: ReadonlyArray<{
  readonly says: string
  readonly rule: (sources: ReadonlyArray<Source.Source>) => ReadonlyArray<string>
  readonly offenders: ReadonlyArray<Source.Source>
  readonly complaints: number
}> = [
  {
    says: "a package imports only the packages below it",
    rule: rules.importsOnlyLowerPackages,
    offenders: [
      at("messaging/src/A.ts", `import type * as Task from "@celeriac/tasks/Task"\n`),
      at(
        "worker/src/B.ts",
        `import { make } from "@celeriac/amqp/AmqpTransport"\nimport * as X from "effect/Effect"\n`
      ),
      at("worker/src/C.ts", `import * as Task from "@celeriac/tasks/Task"\nconst all = await import("celeriac")\n`)
    ],
    complaints: 3
  },
  {
    says: "nobody reaches into another package by a path",
    rule: rules.staysInItsPackage,
    offenders: [
      at("worker/src/pool/A.ts", `export {\n  make\n} from "../../../tasks/src/Task.ts"\nimport "./B.ts"\n`)
    ],
    complaints: 1
  },
  {
    says: "modules are imported, never barrels",
    rule: rules.importsModulesNotBarrels,
    offenders: [
      at("tasks/src/A.ts", `import { Effect } from "effect"\nimport type * as P from "@effect/platform-node"\n`),
      at("tasks/src/B.ts", `import * as M from "@celeriac/messaging"\nimport { A } from "./index.ts"\n`),
      at("celeriac/src/index.ts", `export * from "@celeriac/messaging"\n`)
    ],
    complaints: 4
  },
  {
    says: "internals stay inside their package",
    rule: rules.keepsInternalsInside,
    offenders: [at("worker/src/A.ts", `import * as A from "@celeriac/tasks/internal/A"\n`)],
    complaints: 1
  },
  {
    says: "a room of the worker, or of the command, climbs no stairs and does not go next door",
    rule: rules.climbsNoStairs,
    offenders: [
      at("worker/src/pool/A.ts", `import * as B from "../boot/Pool.ts"\nimport * as S from "../state/S.ts"\n`),
      at("worker/src/consumer/B.ts", `import * as W from "../Worker.ts"\n`),
      at(
        "celeriac/src/cli/app/A.ts",
        `const c = await import("../commands/C.ts")\nimport * as B from "../../Broker.ts"\n`
      ),
      at("celeriac/src/cli/doctor/D.ts", `import * as M from "../monitor/M.ts"\nimport * as R from "../remote/R.ts"\n`)
    ],
    complaints: 4
  },
  {
    says: "no files import each other in a circle",
    rule: rules.runsInNoCircles,
    offenders: [
      at("tasks/src/A.ts", `import type { B } from "./b/B.ts"\n`),
      at("tasks/src/b/B.ts", `import * as C from "../C.ts"\n`),
      at("tasks/src/C.ts", `export * as A from "./A.ts"\nimport * as D from "./D.ts"\n`),
      at("tasks/src/D.ts", `import * as E from "@celeriac/messaging/E"\nimport * as Effect from "effect/Effect"\n`),
      at("messaging/src/E.ts", `type D = import("@celeriac/tasks/D").D\n`),
      at("celeriac/src/F.ts", `import * as A from "@celeriac/tasks/A"\nimport * as G from "./G.ts"\n`),
      at("celeriac/src/G.ts", "")
    ],
    complaints: 2
  },
  {
    says: "Node's own modules are used only where a package meets the machine",
    rule: rules.asksNodeOnlyWhereAllowed,
    offenders: [
      at("bootsteps/src/A.ts", `import { hostname } from "node:os"\n`),
      at("worker/src/consumer/A.ts", `import * as fs from "node:fs/promises"\n`),
      at("worker/src/pool/A.ts", `import { Worker } from "node:worker_threads"\n`)
    ],
    complaints: 2
  },
  {
    says: "a file is short enough to be read at once",
    rule: rules.isShort,
    offenders: [at("tasks/src/A.ts", lines(301)), at("tasks/src/B.ts", lines(300))],
    complaints: 1
  },
  {
    says: "a file opens by saying what it is",
    rule: rules.saysWhatItIs,
    offenders: [
      at("tasks/src/A.ts", `import * as B from "./B.ts"\n`),
      at("tasks/src/B.ts", "/** */\n"),
      at("celeriac/src/cli/main.ts", "#!/usr/bin/env node\n/** The command. */\n"),
      at("tasks/src/C.ts", "/**\n * `C`, the third.\n */\n")
    ],
    complaints: 2
  },
  {
    says: "time and chance are asked from Clock and Random",
    rule: rules.asksClockAndRandom,
    offenders: [
      at("tasks/src/A.ts", "const a = Date.now()\n/* Measured: 3 times as fast. */\nconst b = Date.now()\n"),
      at("tasks/src/B.ts", "const c = Math.random()\nconst d = new Date(0)\n/** Like `Date.now()`. */\n")
    ],
    complaints: 2
  },
  {
    says: "a cast has a reason beside it",
    rule: rules.explainsCasts,
    offenders: [
      at("tasks/src/A.ts", "const a = b as any\nconst c = b as unknown as C // the brand is a phantom\n"),
      at("tasks/src/B.ts", "const a = (b as never)\n")
    ],
    complaints: 2
  },
  {
    says: "an option takes undefined",
    rule: rules.takesUndefined,
    offenders: [
      at("tasks/src/A.ts", "interface A {\n  readonly a?: string\n  readonly b?: string | undefined\n}\n"),
      at("tasks/src/B.ts", "interface B {\n  readonly c?: {\n    readonly d: 1\n  }\n  readonly e: 1\n}\n")
    ],
    complaints: 2
  },
  {
    says: "nothing is left undone",
    rule: rules.leavesNothingUndone,
    offenders: [at("tasks/src/A.ts", "// TODO\n/** Good enough for now. */\nthrow new Error(\"Not implemented\")\n")],
    complaints: 3
  },
  {
    says: "what reaches below amqplib's public API stands in one place",
    rule: rules.reachesAmqplibInOnePlace,
    offenders: [
      at("amqp/src/internal/A.ts", `import { connect } from "amqplib"\nimport * as B from "./Amqplib.ts"\n`),
      at("amqp/src/internal/Driver.ts", `import * as A from "./Amqplib.ts"\n`),
      at("amqp/src/B.ts", `const channel = require("amqplib/lib/channel.js")\n`)
    ],
    complaints: 3
  },
  {
    says: "no machine is named",
    rule: rules.namesNoMachine,
    offenders: [at("tasks/src/A.ts", "const a = \"/home/me/x\"\nconst b = \"https://example.org/home/me\"\n")],
    complaints: 1
  },
  {
    says: "an internal file exports nothing dead",
    rule: rules.exportsNothingDead,
    offenders: [
      at("tasks/src/internal/a.ts", "export const used = 1\nexport interface Unused {}\n"),
      at("tasks/src/A.ts", `import { used } from "./internal/a.ts"\nused\n`)
    ],
    complaints: 1
  }
]

describe("the architecture", () => {
  for (const { complaints, offenders, rule, says } of table) {
    it(says, () => assert.deepStrictEqual(rule(Source.sources), []))
    it(`${says}: an offender is noticed`, () => assert.strictEqual(rule(offenders).length, complaints))
  }

  it("tells each circle once, from its first file on", () => {
    const files = [
      at("tasks/src/B.ts", `import * as A from "./A.ts"\nimport type { B } from "./B.ts"\n`),
      at("tasks/src/A.ts", `export type { C } from "./C.ts"\nexport { a } from "./B.ts"\n`),
      at("tasks/src/C.ts", `import type * as B from "./B.ts"\n`)
    ]
    const [a, b, c] = ["A", "B", "C"].map((name) => `packages/tasks/src/${name}.ts`)
    const circles = [`${a} -> ${b} -> ${a}`, `${a} -> ${c} -> ${b} -> ${a}`, `${b} -> ${b}`]
    assert.deepStrictEqual(rules.runsInNoCircles(files), circles)
    assert.deepStrictEqual(rules.runsInNoCircles(files.toReversed()), circles)
  })

  it("reads imports of every form, and none from comments", () => {
    const text = [
      `import "a"`,
      `import type { B } from "b"`,
      `import {\n  c,\n  type C\n} from "c"`,
      `export * as d from "d"`,
      `import e, { f } from "e"`,
      `type F = import("f").F`,
      `const g = require.resolve("g/package.json")`,
      `/**`,
      ` * import * as No from "no"`,
      ` * {@link import("no")}`,
      ` */`,
      `export const text = "h"`
    ].join("\n")
    assert.deepStrictEqual(Source.importsOf(text), ["a", "b", "c", "d", "e", "f", "g/package.json"])
  })

  it("a package offers nothing that nothing outside names", () => {
    assert.deepStrictEqual(rules.offersNothingUnused([...Source.sources, ...Source.others]), [])
  })

  it("what nothing outside names is noticed, and what is named through another module is not", () => {
    const own = [
      at("tasks/src/A.ts", "export const used = 1\nexport const unused = used\nexport interface Alone {}\n"),
      at(
        "tasks/src/B.ts",
        "export interface Options {}\nexport const make = (options: Options) => options\nexport const Both = 1\nexport type Both = typeof Both\n"
      ),
      at("celeriac/src/B.ts", `export * from "@celeriac/tasks/B"\n`),
      at("celeriac/src/C.ts", `export { used, unused } from "@celeriac/tasks/A"\n`)
    ]
    const others = [
      Source.make("packages/tasks/test/A.test.ts", `import { used } from "@celeriac/tasks/A"\n`),
      Source.make("docs/use.md", "```ts\nimport * as B from \"celeriac/B\"\nB.make({})\n```\n"),
      Source.make("docs/other.md", "unused, and Alone, of a page that imports nothing\n")
    ]
    assert.deepStrictEqual(rules.offersNothingUnused([...own, ...others]), [
      "packages/tasks/src/A.ts: exports unused, which nothing outside names",
      "packages/tasks/src/A.ts: exports Alone, which nothing outside names"
    ])
  })

  for (const name of packages) {
    it(`${name} declares what it imports, and nothing else`, () => {
      const own = Source.sources.filter((source) => Source.packageOf(source) === name)
      assert.deepStrictEqual(rules.declaresWhatItImports(own, Source.manifest(name)), [])
    })
  }

  it("an undeclared and an unused dependency are noticed", () => {
    const sample = { ...Source.manifest("messaging"), peerDependencies: { effect: "4.1.0", lodash: "1.0.0" } }
    const offender = at("messaging/src/A.ts", `import * as E from "effect/Effect"\nimport x from "left-pad/x"\n`)
    assert.strictEqual(rules.declaresWhatItImports([offender], sample).length, 2)
  })

  it("all agree on exact versions, or on later patches of what development pins", () => {
    const manifests = packages.map(Source.manifest)
    const development = Source.manifestOf(root)
    assert.deepStrictEqual(rules.agreesOnVersions(manifests, development), [])
    const offender = {
      ...manifests[0]!,
      dependencies: { effect: "^4.1.0", amqplib: "~2.3.0", vitest: `~${development.devDependencies["vitest"]}` },
      peerDependencies: { effect: "4.0.0" },
      devDependencies: { typescript: `~${development.devDependencies["typescript"]}` }
    }
    assert.strictEqual(rules.agreesOnVersions([...manifests.slice(1), offender], development).length, 4)
  })

  it("a barrel lists every module of its package", () => {
    for (const { index, text } of barrels()) {
      assert.strictEqual(readFileSync(index, "utf8"), text, `${relative(root, index)}: run npm run barrels`)
    }
  })

  it("a barrel tells modules of the same name apart", () => {
    const source = mkdtempSync(join(tmpdir(), "barrel-"))
    try {
      const files = ["pool/Pool.ts", "boot/Pool.ts", "Worker.ts", "cli/main.ts", "internal/A.ts", "testing/TestA.ts"]
      for (const file of files) {
        mkdirSync(dirname(join(source, file)), { recursive: true })
        writeFileSync(join(source, file), "")
      }
      assert.strictEqual(
        barrel(source, "sample"),
        [
          "/** Every module of `sample`, by its name. */",
          "export * as BootPool from \"./boot/Pool.ts\"",
          "export * as Pool from \"./pool/Pool.ts\"",
          "export * as Worker from \"./Worker.ts\"",
          ""
        ].join("\n")
      )
    } finally {
      rmSync(source, { recursive: true })
    }
  })

  it("no machine is named in tests, scripts, examples and documents", () => {
    const files = filesIn(root, ".ts", ".mjs", ".md", ".json").filter((file) => !file.includes("architecture"))
    const all = files.map((file) => Source.make(relative(root, file), readFileSync(file, "utf8")))
    assert.deepStrictEqual(rules.namesNoMachine(all), [])
  })

  it("the lock file names no registry", () => {
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"))
    const resolved = Object.values<{ readonly resolved?: string }>(lock.packages).map((entry) => entry.resolved ?? "")
    assert.deepStrictEqual(resolved.filter((address) => address.includes("://")), [])
  })
})

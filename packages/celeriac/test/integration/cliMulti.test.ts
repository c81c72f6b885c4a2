/** What `celeriac multi` makes of its arguments, beside what `celery multi` does. */
import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { tmpdir } from "node:os"
import { findPython } from "../../../../test/peers/Python.ts"
import * as Tool from "../../src/cli/multi/Tool.ts"
import { fixture } from "../fixtures/Command.ts"

const files = ["--pidfile=%n.pid", "--logfile=%n.log"]

const cases: ReadonlyArray<ReadonlyArray<string>> = [
  ["show", "3", "-c", "3", "-c:1", "10", "-A", "proj", "-l", "INFO", ...files, "-Q:1-2", "a,b", "--", "foo.bar=1", "x"],
  ["show", "foo", "bar@%h", "baz", "-E", "-c:foo,baz", "3", "--workdir=~/x", "--pidfile=%n.pid", "-f", "%n-%h.log"],
  ["show", "a", "b", "--append=%N of %d", ...files],
  [
    "show",
    "10",
    "-l",
    "INFO",
    "-Q:1-3",
    "images,video",
    "-Q:4,5",
    "data",
    "-Q",
    "default",
    "-L:4,5",
    "DEBUG",
    ...files
  ],
  ["show", "image", "video", "data", "-c", "3", "-c:image", "10", "-c:2", "4", "--pidfile:data=%n.x", ...files],
  ["show", "5", "-c", "3", "-c:1-3", "10", "--pidfile=~/%n%I.pid", "-f", "%n%i.log", "--executable=/bin/other"],
  ["show", "a", "--hostname=h1", "--pidfile=%h-%d.pid", "--logfile=%n.log", "-A", "x", "--config=y%n", "-C"],
  ["show", "a", "b", "--cmd=-m celery -x worker", "-A", "p", "-b", "amqp://x", ...files],
  ["show", "a", "b", "-c", "--max=3", "-E", "-n", "h9", ...files],
  ["show", "a", "b", "-c:a@h", "5", "--hostname=h", "-O:b", "fair", ...files],
  ["names", "2", "--range-prefix=w", "--hostname=h.example.com", ...files],
  ["names", "3", "--suffix=\"\"", ...files],
  ["names", "a-1", "--prefix=p", ...files],
  ["names", "foo@%h.x", "b@c", ...files],
  ["names", "0", ...files],
  ["expand", "%n %N %h %d %i %I %p %%", "a", "b@x.y", ...files],
  ["get", "a@h", "a", "b", "--hostname=h", ...files],
  ["get", "z@h", "a", "b", "--hostname=h", ...files]
]

/** As if it were Celery's program that is started. */
const ours = async (args: ReadonlyArray<string>, executable: string): Promise<string> => {
  let printed = ""
  const log = (text: unknown) => void (printed += `${String(text)}\n`)
  await Effect.runPromiseExit(
    Effect.provideService(
      Tool.run([], args, { executable, command: ["-m", "celery", "worker", "--detach"] }),
      Console.Console,
      { ...console, log }
    )
  )
  return printed
}

describe("celeriac multi, and celery multi, side by side", () => {
  const python = findPython() ?? "python3"
  const { status, stderr, stdout } = spawnSync(python, [fixture("multi.py")], {
    input: JSON.stringify(cases),
    encoding: "utf8",
    // It makes the folders of the files.
    cwd: tmpdir(),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" }
  })
  const theirs: ReadonlyArray<string> = stdout.trim().split("\n").map((line) => JSON.parse(line))
  const executable = / --executable=(\S+) /.exec(theirs[0] ?? "")?.[1] ?? python

  it("were both asked", () => assert.deepStrictEqual([status, theirs.length], [0, cases.length], stderr))

  for (const [index, args] of cases.entries()) {
    it(`print the same for ${args.join(" ")}`, async () =>
      assert.strictEqual(await ours(args, executable), theirs[index]))
  }
})

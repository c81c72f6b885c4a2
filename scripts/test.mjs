/**
 * `npm test`: everything that says yes or no about the project, with one table
 * and one line at the end: `N passed, N failed`.
 *
 * What is missing is installed first. A part starts when the parts it comes
 * after have ended and a lane is free; what it prints is shown when it fails.
 * Nothing waits for ever: every part has a bound, and what a part started ends
 * with it. `--quick` leaves out what needs servers or packs packages.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join, relative, sep } from "node:path"
import { install, node, root, run } from "./workspace.mjs"

const quick = process.argv.includes("--quick")
const began = performance.now()
const reports = join(root, ".cache", "test")

const seconds = (since) => (performance.now() - since) / 1000

/** A command that is one test: it passes when it exits with 0. */
const command = (name, args, options = {}) => ({
  ...options,
  name,
  start: async () => {
    const since = performance.now()
    const { code, output } = await run(node, args, { seconds: options.bound ?? 400 })
    const row = { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, seconds: seconds(since) }
    return { rows: [row], output, failures: code === 0 ? [] : [name] }
  }
})

/** What a test file belongs to, in a reader's words. */
const rowOf = (file) => {
  const parts = relative(root, file).split(sep)
  if (parts[0] === "packages") {
    return ["integration", "interop"].includes(parts[3]) ? `${parts[3]}, ${parts[1]}` : `unit, ${parts[1]}`
  }
  return parts[0] === "examples" ? "examples" : parts.at(-1).replace(".test.ts", "")
}

/** The rows and failures of one vitest process, from its JSON report. */
const readReport = (name, path, code, since) => {
  if (!existsSync(path)) {
    return {
      rows: [{ name, passed: 0, failed: 1, skipped: 0, seconds: seconds(since) }],
      failures: [`${name}: no report`]
    }
  }
  const rows = new Map()
  const failures = []
  for (const file of JSON.parse(readFileSync(path, "utf8")).testResults) {
    const key = rowOf(file.name)
    const row = rows.get(key) ?? { name: key, passed: 0, failed: 0, skipped: 0, seconds: 0 }
    rows.set(key, row)
    row.seconds += Math.max(0, file.endTime - file.startTime) / 1000
    const where = relative(root, file.name)
    for (const test of file.assertionResults) {
      if (test.status === "passed") row.passed++
      else if (test.status === "failed") {
        row.failed++
        failures.push(`${where}: ${test.fullName}`)
      } else row.skipped++
    }
    // A file that does not load has no tests to fail.
    if (file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")) {
      row.failed++
      failures.push(`${where}: the file itself`)
    }
  }
  if (code !== 0 && failures.length === 0) {
    rows.set("", { name: `${name}, outside its tests`, passed: 0, failed: 1, skipped: 0, seconds: 0 })
    failures.push(`${name}: exit code ${code}`)
  }
  // A file's own time leaves out its hooks; a part of one row took as long as its process.
  if (rows.size === 1) { for (const row of rows.values()) row.seconds = seconds(since) }
  return { rows: Array.from(rows.values()).sort((a, b) => a.name < b.name ? -1 : 1), failures }
}

/** Projects of `vitest.workspace.ts`, in one process. */
const vitest = (name, projects, options = {}) => ({
  ...options,
  name,
  start: async () => {
    const since = performance.now()
    const report = join(reports, `${name}.json`)
    const { code, output } = await run(node, [
      join(root, "node_modules", "vitest", "vitest.mjs"),
      "run",
      "--config=vitest.workspace.ts",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...(options.workers === undefined ? [] : [`--maxWorkers=${options.workers}`]),
      ...projects.map((project) => `--project=${project}`),
      ...(options.files ?? [])
    ], { seconds: options.bound ?? 400, env: { NO_COLOR: "1", ...options.env } })
    const { failures, rows } = readReport(name, report, code, since)
    if (options.with !== undefined) { for (const row of rows) row.name += `, with ${options.with}` }
    return { failures, rows, output }
  }
})

/** A preparation: counts nothing when it goes well. */
const prepare = (name, args, options) => {
  const part = command(name, args, options)
  return {
    ...part,
    start: async () => {
      const done = await part.start()
      return done.failures.length === 0 ? { ...done, rows: [{ ...done.rows[0], passed: 0 }] } : done
    }
  }
}

/** The interop tests once more, with another Celery than the reference; nothing where it could not be had. */
const peer = (celery, python) => {
  const part = vitest(`interop-${celery.replace(" ", "-")}`, ["integration"], {
    after: ["integration"],
    bound: 540,
    files: ["interop"],
    workers: 2,
    env: { CELERIAC_PYTHON: python },
    with: celery
  })
  return { ...part, start: async () => existsSync(python) ? part.start() : { rows: [], failures: [], output: "" } }
}

const parts = [
  quick ? undefined : prepare("servers", ["test/peers/ensure.ts"], { bound: 900, idle: true }),
  command("types", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"]),
  prepare("tools", ["scripts/lint.mjs", "install"], { idle: true, bound: 300 }),
  vitest("unit", ["!integration", "!packaging", "!examples"], {
    after: ["types"],
    bound: 900,
    // Left to itself, vitest takes one processor less than there are: half of two.
    workers: Math.max(2, availableParallelism() - 1)
  }),
  command("lint", ["scripts/lint.mjs", "lint"], { after: ["tools"] }),
  command("format", ["scripts/lint.mjs", "format", "--check"], { after: ["tools"] }),
  vitest("examples", ["examples"], { after: ["types"], bound: 450 }),
  quick ? undefined : vitest("packaging", ["packaging"], { after: ["types"], bound: 720 }),
  // Alone, so that its servers and clocks have the machine to themselves.
  quick ? undefined : vitest("integration", ["integration"], {
    after: ["servers", "types", "unit", "lint", "format", "examples", "packaging"],
    bound: 1_800,
    // They mostly wait for servers: one file at a time would leave two processors idle.
    workers: 3
  }),
  quick ? undefined : peer("Celery 5.6.3", join(root, ".cache", "celery-5.6.3", "bin", "python")),
  quick ? undefined : peer("Debian's Celery", "/usr/bin/python3")
].filter((part) => part !== undefined)

const show = (part, done, since) => {
  const failed = done.rows.reduce((sum, row) => sum + row.failed, 0)
  console.log(`${failed === 0 ? "✓" : "✗"} ${part.name}  ${seconds(since).toFixed(1)} s`)
  if (failed > 0) console.log(done.output.trimEnd().replace(/^/gm, "    "))
}

/** A part that could not even tell how it went. */
const broken = ({ name }, error) => ({
  rows: [{ name, passed: 0, failed: 1, skipped: 0, seconds: 0 }],
  output: String(error.stack ?? error),
  failures: [name]
})

const runAll = async () => {
  const lanes = Math.max(2, Math.floor(availableParallelism() / 2))
  const waiting = [...parts]
  const active = new Map()
  const ended = new Map()
  while (waiting.length > 0 || active.size > 0) {
    for (const part of [...waiting]) {
      const ready = (part.after ?? []).every((name) => ended.has(name))
      const busy = Array.from(active.keys()).filter((other) => !other.idle).length
      if (!ready || !part.idle && busy >= lanes) continue
      waiting.splice(waiting.indexOf(part), 1)
      const since = performance.now()
      console.log(`… ${part.name}`)
      active.set(
        part,
        part.start().catch((error) => broken(part, error)).then((done) => {
          show(part, done, since)
          active.delete(part)
          ended.set(part.name, done)
        })
      )
    }
    await Promise.race(active.values())
  }
  return parts.map((part) => ended.get(part.name))
}

const table = (rows) => {
  const width = Math.max(...rows.map((row) => row.name.length))
  const line = (name, ...cells) => `${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(9)).join("")}`
  return [
    line("", "passed", "failed", "skipped", "seconds"),
    ...rows.map((row) => line(row.name, row.passed, row.failed, row.skipped || "", row.seconds.toFixed(1)))
  ].join("\n")
}

install()
rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })
const done = await runAll()
const rows = done.flatMap((part) => part.rows)
const failures = done.flatMap((part) => part.failures)
const passed = rows.reduce((sum, row) => sum + row.passed, 0)
const failed = rows.reduce((sum, row) => sum + row.failed, 0)
if (failures.length > 0) console.log(`\nFailed:\n${failures.map((name) => `  ${name}`).join("\n")}`)
console.log(`\n${table(rows)}\n\nIn ${seconds(began).toFixed(0)} s.`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

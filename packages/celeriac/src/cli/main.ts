#!/usr/bin/env node
/**
 * The `celeriac` command. Imports nothing before it knows that this Node can
 * run it, and then only what the command at hand needs.
 */
import { problemOf } from "../internal/NodeVersion.ts"
import * as CompileCache from "./app/CompileCache.ts"
import * as Resolution from "./app/Resolution.ts"
import { packageVersion } from "./app/Version.ts"

const problem = problemOf(process.versions.node, process.execPath)

const [first, ...rest] = process.argv.slice(2)

if (problem !== undefined) {
  process.stderr.write(`${problem}\n`)
  process.exitCode = 1
} else if (rest.length === 0 && (first === "--version" || first === "-v")) {
  process.stdout.write(`celeriac v${packageVersion()}\n`)
} else {
  CompileCache.enable()
  Resolution.shorten()
  const [CommandLine, Process] = await Promise.all([import("./CommandLine.ts"), import("./output/Process.ts")])
  Process.run(CommandLine.run(process.argv.slice(2)))
}

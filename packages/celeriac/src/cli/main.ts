#!/usr/bin/env node
/**
 * The `celeriac` command. Imports nothing before it knows that this Node can
 * run it, and then only what the command at hand needs.
 */
import * as module from "node:module"
import { packageVersion, requiredNode } from "./Version.ts"

const isTooOld = (): boolean => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  return major < requiredNode[0] || (major === requiredNode[0] && minor < requiredNode[1])
}

const [first, ...rest] = process.argv.slice(2)

if (isTooOld()) {
  process.stderr.write(
    `celeriac needs Node ${
      requiredNode.join(".")
    } or newer, and this is ${process.versions.node} (${process.execPath}).\n`
  )
  process.exitCode = 1
} else if (rest.length === 0 && (first === "--version" || first === "-v")) {
  process.stdout.write(`celeriac v${packageVersion()}\n`)
} else {
  module.enableCompileCache()
  const { main } = await import("./Cli.ts")
  main(process.argv.slice(2))
}

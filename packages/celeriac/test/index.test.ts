import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import * as celeriac from "../src/index.ts"

const source = new URL("../src/", import.meta.url)

const modules = readdirSync(source).filter((file) => /^[A-Z]\w*\.ts$/.test(file)).map((file) => file.slice(0, -3))
  .sort()

describe("the index", () => {
  it("has a namespace for every import path, and nothing in it is empty by mistake", () => {
    assert.deepStrictEqual(Object.keys(celeriac).sort(), modules)
    // Of types alone.
    const hollow = Object.entries(celeriac).filter(([, module]) => Object.keys(module).length === 0).map(([name]) =>
      name
    )
    assert.deepStrictEqual(hollow, ["MemoryFaults", "TaskRequest"])
  })

  it("is told in the README", () => {
    const readme = readFileSync(new URL("../README.md", source), "utf8")
    for (const name of modules) assert.match(readme, new RegExp(`\\b${name}\\b`))
  })
})

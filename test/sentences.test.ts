/**
 * What the compiler says of a wrong use is part of the product. Behind each
 * `@ts-expect-error` of the type tests stands, in quotes, what it must say;
 * here the mistakes are compiled without their pardon, and it is compared.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { filesIn } from "../scripts/files.mjs"
import { root } from "../scripts/workspace.mjs"

const pardon = /\/\/ @ts-expect-error/

/** A mistake: the line after its pardon, and what must be said of it. */
interface Mistake {
  readonly line: number
  readonly says: ReadonlyArray<string>
}

const mistakesOf = (text: string): ReadonlyArray<Mistake> =>
  text.split("\n").flatMap((line, index) =>
    pardon.test(line)
      ? [{ line: index + 2, says: Array.from(line.split(pardon)[1]!.matchAll(/"([^"]+)"/g), (match) => match[1]!) }]
      : []
  )

/** The complaints of `tsc` about each text, by line. A complaint may go on for several lines. */
const complaintsAbout = (texts: ReadonlyMap<string, string>): ReadonlyMap<string, ReadonlyMap<number, string>> => {
  const folder = join(root, ".cache", "sentences", String(process.pid))
  mkdirSync(folder, { recursive: true })
  const said = new Map<string, Map<number, string>>()
  try {
    for (const [file, text] of texts) {
      const target = join(folder, file)
      mkdirSync(dirname(target), { recursive: true })
      const there = relative(dirname(target), dirname(join(root, file)))
      writeFileSync(
        target,
        text.replaceAll("@ts-expect-error", "pardoned:").replace(/from "(\.\.?\/)/g, `from "${there}/$1`)
      )
    }
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: join(root, "tsconfig.json"), include: ["**/*.ts"] })
    )
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc")
    execFileSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
      cwd: folder,
      encoding: "utf8",
      timeout: 110_000,
      stdio: "pipe"
    })
  } catch (error) {
    let last: { readonly lines: Map<number, string>; readonly line: number } | undefined
    for (const line of String((error as { readonly stdout?: string }).stdout ?? error).split("\n")) {
      const [, file, at, text] = /^(\S.*)\((\d+),\d+\): (error .*)$/.exec(line) ?? []
      if (file !== undefined) {
        const lines = said.get(file) ?? new Map<number, string>()
        said.set(file, lines)
        last = { lines, line: Number(at) }
        lines.set(last.line, `${lines.get(last.line) ?? ""}${text}\n`)
      } else if (last !== undefined) last.lines.set(last.line, `${last.lines.get(last.line)}${line}\n`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return said
}

const files = filesIn(join(root, "packages"), ".types.test.ts").map((file) =>
  relative(root, file).replaceAll("\\", "/")
)
const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]))

describe("the compiler", () => {
  const complaints = complaintsAbout(texts)

  for (const [file, text] of texts) {
    it(`says of each mistake in ${file} what stands beside it`, () => {
      const lines = complaints.get(file) ?? new Map<number, string>()
      for (const { line, says } of mistakesOf(text)) {
        for (const sentence of says) assert.include(lines.get(line) ?? "", sentence, `${file}:${line}`)
      }
    })

    it(`complains of nothing else in ${file}`, () => {
      const expected = mistakesOf(text).map((mistake) => mistake.line)
      assert.deepStrictEqual(Array.from(complaints.get(file)?.keys() ?? []), expected)
    })
  }

  it("is told of a mistake of which it does not say what stands beside it", () => {
    const name = "packages/bootsteps/test/Sample.types.test.ts"
    const text = `// @ts-expect-error "Type 'string' is not assignable"\nexport const n: number = "1"\n`
    assert.include(complaintsAbout(new Map([[name, text]])).get(name)?.get(2), mistakesOf(text)[0]!.says[0])
  })
})

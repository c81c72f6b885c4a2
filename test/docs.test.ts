/**
 * What the documents say is so: code is cut from the examples or type-checks
 * by itself, drawings are drawn anew, links lead somewhere, commands exist, and
 * every package's README shows its rooms.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative } from "node:path"
import { changelogPage, changelogText } from "../scripts/changelog.mjs"
import { cut, documents, drawing, ownBlocks, refresh } from "../scripts/docs.mjs"
import { filesIn } from "../scripts/files.mjs"
import { settingsPage, settingsText } from "../scripts/settings.mjs"
import { packages, root } from "../scripts/workspace.mjs"

const read = (file: string): string => readFileSync(file, "utf8")
const named = (file: string): string => relative(root, file)

/** The anchor that a heading gets. */
const slug = (heading: string): string =>
  heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "").trim().toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")

const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "``")

const anchorsOf = (text: string): ReadonlyArray<string> =>
  Array.from(text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.*)$/gm), (match) => slug(match[1]!))

/** The links of a document that lead nowhere. */
const deadLinks = (file: string, text: string): ReadonlyArray<string> =>
  Array.from(withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g), (match) => match[1]!)
    .filter((link) => !/^(https?|mailto):/.test(link))
    .filter((link) => {
      const [path, anchor] = link.split("#")
      const target = path === "" ? file : join(dirname(file), decodeURIComponent(path!))
      if (path !== "" && !existsSync(target)) return true
      return anchor !== undefined && target.endsWith(".md") &&
        !anchorsOf(path === "" ? text : read(target)).includes(anchor)
    })

/** The scripts a document tells people to run that are not there. */
const unknownScripts = (text: string, scripts: ReadonlyArray<string>): ReadonlyArray<string> =>
  Array.from(text.matchAll(/npm run ([\w:-]+)/g), (match) => match[1]!).filter((name) => !scripts.includes(name))

/** Rooms that nobody imports from: their README names them, and not what is in them. */
const closed = new Set(["internal", "cli", "promise"])

/** The modules and rooms of a package that its README does not name. */
const unnamedModules = (readme: string, files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const names = files.flatMap((file) => {
    const rooms = dirname(file).split("/").filter((room) => room !== ".")
    return [...rooms.slice(0, 1), ...rooms.some((room) => closed.has(room)) ? [] : [basename(file, ".ts")]]
  })
  return Array.from(new Set(names))
    .filter((name) => name !== "index" && name !== "internal" && !new RegExp(`\\b${name}\\b`).test(readme))
}

/** A block that imports nothing goes on where the one before it ended. */
const programs = (blocks: ReadonlyArray<string>): ReadonlyArray<string> => {
  const all: Array<string> = []
  for (const block of blocks) {
    if (all.length === 0 || /^import /m.test(block)) all.push(block)
    else all[all.length - 1] += `\n${block}`
  }
  return all
}

/** What a type check may take: it reads and checks all sources that the documents import, which is some seconds of one core. */
const checking = 110_000

/** What `tsc` says about programs, each in a file of its own. */
const typeErrors = (files: Readonly<Record<string, string>>): string => {
  if (Object.keys(files).length === 0) return ""
  const folder = join(root, ".cache", "docs", String(process.pid))
  mkdirSync(folder, { recursive: true })
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
        include: ["*.ts"]
      })
    )
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc")
    execFileSync(process.execPath, [tsc, "-p", folder], {
      cwd: root,
      encoding: "utf8",
      timeout: checking,
      stdio: "pipe"
    })
    return ""
  } catch (error) {
    return String((error as { readonly stdout?: string }).stdout ?? error)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe("the documents", () => {
  it("show the examples as they are", () => {
    for (const file of documents()) {
      assert.strictEqual(read(file), refresh(read(file)), `${named(file)}: run npm run docs`)
    }
  })

  it("of packages lead nowhere outside of the package: it is read on its page in a registry too", () => {
    for (const file of documents().filter((file) => named(file).startsWith("packages"))) {
      const outwards = Array.from(withoutCode(read(file)).matchAll(/\]\((\.\.\/[^)\s]*)\)/g), (match) => match[1])
      assert.deepStrictEqual(outwards, [], named(file))
    }
  })

  it("tell every change that is not released yet", () => {
    assert.strictEqual(read(changelogPage), changelogText(), `${named(changelogPage)}: run npm run docs`)
  })

  it("show the settings as they are", () => {
    assert.strictEqual(read(settingsPage), settingsText(), `${named(settingsPage)}: run npm run docs`)
  })

  it("notice a block that has drifted from its example", () => {
    const drifted = "<!-- cut: scripts/files.mjs -->\n```js\nold\n```\n"
    assert.notStrictEqual(refresh(drifted), drifted)
    assert.include(refresh(drifted), cut("scripts/files.mjs"))
  })

  it("notice a drawing that is not of a worker as it is", () => {
    const old = "<!-- drawn: a worker -->\n```mermaid\nflowchart TB\n```\n"
    assert.include(refresh(old), drawing())
    assert.match(drawing(), /"Consumer"\]\n +b1s0\["Connection"\]/)
    for (const file of ["README.md", "docs/extensions-and-bootsteps.md"]) {
      assert.include(read(join(root, file)), drawing())
    }
  })

  it("show a worker that draws itself with the steps that there are", () => {
    const labels = Array.from(drawing().matchAll(/^ +b\ds\d+\["[∘⧉]*(.*)"\]$/gm), (match) => match[1]!)
    const [, table] = /^step +state .*\n([\s\S]*?)^```/m.exec(read(join(root, "docs", "extensions-and-bootsteps.md")))!
    const shown = table!.trimEnd().split("\n").map((line) => line.trim().split(/ {2,}/)[0]!)
    // That of the example has a step of its own, and no tasks.
    const inBoth = (names: ReadonlyArray<string>) => names.filter((name) => name !== "Metrics" && name !== "Handlers")
    assert.deepStrictEqual(inBoth(shown).sort(), inBoth(labels).sort())
    assert.isAbove(shown.length, 15)
  })

  it("open with code that an example runs", () => {
    const readme = join(root, "README.md")
    assert.isTrue(existsSync(readme), "there is no README.md")
    assert.deepStrictEqual(ownBlocks(read(readme)), [], "cut the code of README.md from examples/")
  })

  it("show code that type-checks", { timeout: checking }, () => {
    const files: Record<string, string> = {}
    for (const file of documents()) {
      programs(ownBlocks(read(file))).forEach((program, index) => {
        files[`${named(file).replaceAll(/[/\\]/g, "__").replace(".md", "")}__${index + 1}.ts`] = program
      })
    }
    assert.strictEqual(typeErrors(files), "")
  })

  it("notice code that does not", { timeout: checking }, () => {
    assert.include(typeErrors({ "bad.ts": "export const number: number = \"text\"\n" }), "TS2322")
  })

  it("link to what exists", () => {
    for (const file of documents()) assert.deepStrictEqual(deadLinks(file, read(file)), [], named(file))
  })

  it("are found: each page, decision and example from its index", () => {
    const unlisted = (index: string, folder: string, pattern: RegExp) =>
      readdirSync(join(root, folder)).filter((name) =>
        pattern.test(name) && !read(join(root, index)).includes(`${name})`)
      )
    assert.deepStrictEqual(unlisted("docs/README.md", "docs", /^(?!README).*\.md$/), [])
    assert.deepStrictEqual(unlisted("docs/decisions/README.md", "docs/decisions", /^\d/), [])
    assert.deepStrictEqual(unlisted("README.md", "examples", /^\d/), [])
  })

  it("notice a link that leads nowhere", () => {
    const file = join(root, "X.md")
    const text = "# A title\n[a](#a-title) [b](#b) [c](none.md) [d](package.json) [e](https://example.org)"
    assert.deepStrictEqual(deadLinks(file, text), ["#b", "none.md"])
  })

  it("name commands that exist", () => {
    const scripts = Object.keys(JSON.parse(read(join(root, "package.json"))).scripts)
    for (const file of documents()) assert.deepStrictEqual(unknownScripts(read(file), scripts), [], named(file))
    assert.deepStrictEqual(unknownScripts("npm run fly && npm run build", scripts), ["fly"])
  })

  it("show every module of every package's rooms", () => {
    for (const name of packages) {
      const folder = join(root, "packages", name)
      const readme = join(folder, "README.md")
      assert.isTrue(existsSync(readme), `packages/${name} has no README.md`)
      const files = filesIn(join(folder, "src"), ".ts").map((file) => relative(join(folder, "src"), file))
      assert.deepStrictEqual(unnamedModules(read(readme), files), [], `packages/${name}/README.md`)
    }
    assert.deepStrictEqual(
      unnamedModules("`Pool` and state/ with `B`", [
        "Pool.ts",
        "state/A.ts",
        "state/B.ts",
        "state/internal/C.ts",
        "Lost.ts"
      ]),
      ["A", "Lost"]
    )
  })

  it("announce changes of packages that exist", () => {
    const known = packages.map((name) => JSON.parse(read(join(root, "packages", name, "package.json"))).name)
    for (const file of filesIn(join(root, ".changeset"), ".md").filter((file) => !file.endsWith("README.md"))) {
      const front = /^---\n([\s\S]*?)---\n\n\S/.exec(read(file))
      assert.isNotNull(front, `${named(file)} needs packages between --- lines, and a text`)
      for (const line of front![1]!.trim().split("\n")) {
        const entry = /^"(.+)": (major|minor|patch)$/.exec(line)
        assert.isTrue(entry !== null && known.includes(entry[1]!), `${named(file)}: ${line}`)
      }
    }
  })

  it("carry the licence in every package", () => {
    const licence = read(join(root, "LICENSE"))
    for (const name of packages) assert.strictEqual(read(join(root, "packages", name, "LICENSE")), licence, name)
  })
})

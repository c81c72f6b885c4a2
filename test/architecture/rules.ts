/**
 * The rules of the architecture. Each takes sources and returns what is wrong
 * with them, one sentence each; nothing means that they keep the rule.
 */
import { dependencyOf, type Manifest, packageOf, placeOf, resolve, type Source } from "./Source.ts"

type Rule = (sources: ReadonlyArray<Source>) => ReadonlyArray<string>

/** The packages that each package may import. */
const floors: Readonly<Record<string, ReadonlyArray<string>>> = {
  bootsteps: [],
  messaging: [],
  amqp: ["messaging"],
  tasks: ["messaging"],
  worker: ["bootsteps", "messaging", "tasks"],
  celeriac: ["amqp", "bootsteps", "messaging", "tasks", "worker"]
}

/** The rooms of the worker from the cellar up; what is in `src` itself, and `testing`, is the roof. */
const rooms = ["state", "trace", "pool", "execution", "boot", "consumer"]

/** Where each package may use Node's own modules, and for what. Elsewhere the code runs on any JavaScript engine. */
const builtins: ReadonlyArray<{ readonly place: RegExp; readonly names: ReadonlyArray<string> }> = [
  { place: /^messaging\/serializers\//, names: ["node:buffer"] },
  { place: /^messaging\/compressions\//, names: ["node:zlib"] },
  { place: /^messaging\/transports\/Sqlite/, names: ["node:sqlite"] },
  { place: /^amqp\//, names: ["node:*"] },
  { place: /^tasks\//, names: ["node:os", "node:crypto"] },
  { place: /^worker\/(pool|boot|state)\//, names: ["node:*"] },
  { place: /^celeriac\/cli\//, names: ["node:*"] }
]

const failing = (sources: ReadonlyArray<Source>, check: (source: Source) => ReadonlyArray<string>) =>
  sources.flatMap((source) => check(source).map((complaint) => `${source.path}: ${complaint}`))

const failingImports = (sources: ReadonlyArray<Source>, check: (source: Source, name: string) => string | false) =>
  failing(sources, (source) => source.imports.map((name) => check(source, name)).filter((said) => said !== false))

const linesOf = (source: Source) => source.text.split("\n")

const isComment = (line: string | undefined): boolean => /^\s*(\/\/|\/?\*)/.test(line ?? "")

/** The lines of code that match, and have no comment beside or above them. */
const unexplained = (source: Source, pattern: RegExp): ReadonlyArray<string> =>
  linesOf(source).flatMap((line, index, lines) => {
    const match = isComment(line) ? null : pattern.exec(line)
    return match === null || isComment(lines[index - 1]) || /\/\/ \S/.test(line)
      ? []
      : [`line ${index + 1} has ${match[0]} without a reason`]
  })

export const importsOnlyLowerPackages: Rule = (sources) =>
  failingImports(sources, (source, name) => {
    const other = name.startsWith("@celeriac/") ? name.split("/")[1]! : dependencyOf(name)
    if (!name.startsWith("@celeriac/") && other !== "celeriac") return false
    return !(floors[packageOf(source)] ?? []).includes(other) && `imports ${name}`
  })

export const staysInItsPackage: Rule = (sources) =>
  failingImports(
    sources,
    (source, name) =>
      name.startsWith(".") && !resolve(source, name).startsWith(`packages/${packageOf(source)}/src/`) &&
      `reaches out to ${name}`
  )

export const importsModulesNotBarrels: Rule = (sources) =>
  failingImports(
    sources.filter((source) => placeOf(source) !== "index.ts"),
    (_, name) =>
      (/^(effect|@effect\/platform-\w+|@celeriac\/\w+|celeriac)$/.test(name) || /(^|\/)index(\.ts)?$/.test(name)) &&
      `imports everything of ${name}`
  )

export const keepsInternalsInside: Rule = (sources) =>
  failingImports(sources, (_, name) => !name.startsWith(".") && name.includes("/internal/") && `imports ${name}`)

const floorOf = (place: string): number => {
  const room = rooms.indexOf(place.split("/")[0]!)
  return room === -1 ? rooms.length : room
}

export const climbsNoStairs: Rule = (sources) =>
  failingImports(sources.filter((source) => packageOf(source) === "worker"), (source, name) => {
    if (!name.startsWith(".")) return false
    const imported = resolve(source, name).replace("packages/worker/src/", "")
    return floorOf(imported) > floorOf(placeOf(source)) && `climbs up to ${imported}`
  })

export const asksNodeOnlyWhereAllowed: Rule = (sources) =>
  failingImports(sources, (source, name) => {
    if (!name.startsWith("node:")) return false
    const here = `${packageOf(source)}/${placeOf(source)}`
    const allowed = builtins.some(({ names, place }) =>
      place.test(here) && (names.includes("node:*") || names.includes(name.split("/")[0]!))
    )
    return !allowed && `imports ${name}`
  })

export const isShort: Rule = (sources) =>
  failing(sources, (source) => {
    const lines = linesOf(source).length - 1
    return lines > 300 && placeOf(source) !== "index.ts" ? [`has ${lines} lines: where would it part into two?`] : []
  })

export const saysWhatItIs: Rule = (sources) =>
  failing(
    sources,
    (source) =>
      /^(#!.*\n)?\/\*\*\s*(\*\s*)?\w/.test(source.text.replaceAll("`", "")) ? [] : ["opens without saying what it is"]
  )

export const asksClockAndRandom: Rule = (sources) =>
  failing(sources, (source) => unexplained(source, /\b(Date\.now\(|Math\.random\(|performance\.now\(|new Date\(\))/))

export const explainsCasts: Rule = (sources) =>
  failing(sources, (source) => unexplained(source, /\bas (any|never|unknown as)\b|@ts-(ignore|expect-error|nocheck)/))

export const leavesNothingUndone: Rule = (sources) =>
  failing(sources, (source) =>
    linesOf(source).flatMap((line, index) => {
      const match = /\b(TODO|FIXME|XXX|HACK)\b|\bfor now\b|not (yet )?implemented/i.exec(line)
      return match === null ? [] : [`line ${index + 1} says ${match[0]}`]
    }))

export const namesNoMachine: Rule = (sources) =>
  failing(sources, (source) =>
    linesOf(source).flatMap((line, index) => {
      const match = /(?<![\w.])\/(work|home|root|Users)\/\w+/.exec(line)
      return match === null ? [] : [`line ${index + 1} names ${match[0]}`]
    }))

/** What a file exports by name. */
const exportsOf = (text: string): ReadonlyArray<string> =>
  Array.from(
    text.matchAll(/^export (?:declare )?(?:abstract )?(?:const|let|function\*?|class|interface|type) (\w+)/gm),
    (match) => match[1]!
  )

export const exportsNothingDead: Rule = (sources) =>
  failing(sources.filter((source) => source.path.includes("/internal/")), (source) => {
    const file = source.path.split("/").at(-1)!
    const users = sources.filter((other) => other !== source && other.imports.some((name) => name.endsWith(file)))
    return exportsOf(source.text)
      .filter((name) => !users.some((user) => new RegExp(`\\b${name}\\b`).test(user.text)))
      .map((name) => `exports ${name}, which nobody imports`)
  })

/** Dependencies that are used and not declared, or declared and not used. */
export const declaresWhatItImports = (sources: ReadonlyArray<Source>, manifest: Manifest): ReadonlyArray<string> => {
  const used = new Set(
    sources.flatMap((source) => source.imports)
      .filter((name) => !name.startsWith(".") && !name.startsWith("node:"))
      .map(dependencyOf)
  )
  const declared = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)])
  return [
    ...Array.from(used).filter((name) => !declared.has(name)).map((name) =>
      `${manifest.name} does not declare ${name}`
    ),
    ...Array.from(declared).filter((name) => !used.has(name)).map((name) => `${manifest.name} does not use ${name}`)
  ]
}

/** One version of everything: the packages' own, and what several of them use. */
export const agreesOnVersions = (manifests: ReadonlyArray<Manifest>): ReadonlyArray<string> => {
  const versions = new Map(manifests.map((manifest) => [manifest.name, manifest.version]))
  return manifests.flatMap((manifest) =>
    [manifest.dependencies, manifest.peerDependencies, manifest.devDependencies].flatMap(Object.entries).flatMap(
      ([name, version]) => {
        const wanted = versions.get(name) ?? version
        versions.set(name, wanted)
        const exact = /^\d+\.\d+\.\d+$/.test(version)
        return exact && wanted === version ? [] : [`${manifest.name} asks for ${name} ${version}, not ${wanted}`]
      }
    )
  )
}

/**
 * The rules of the architecture. Each takes sources and returns what is wrong
 * with them, one sentence each; nothing means that they keep the rule.
 */
import { dependencyOf, fileOf, type Manifest, packageOf, placeOf, resolve, type Source } from "./Source.ts"

type Rule = (sources: ReadonlyArray<Source>) => ReadonlyArray<string>

/** The packages that each package may import. */
const floors: Readonly<Record<string, ReadonlyArray<string>>> = {
  bootsteps: [],
  messaging: [],
  amqp: ["messaging"],
  tasks: ["messaging"],
  redis: ["messaging", "tasks"],
  worker: ["bootsteps", "messaging", "tasks"],
  beat: ["bootsteps", "messaging", "tasks", "worker"],
  celeriac: ["amqp", "beat", "bootsteps", "messaging", "redis", "tasks", "worker"]
}

/**
 * The rooms of a house from the cellar up, those of one floor in one place; what lies beside them is the roof. In the
 * worker that is also `testing`.
 */
const houses: Readonly<Record<string, ReadonlyArray<ReadonlyArray<string>>>> = {
  "packages/worker/src/": [["state"], ["trace"], ["pool"], ["execution"], ["boot"], ["control"], ["consumer"]],
  "packages/celeriac/src/cli/": [
    ["output"],
    ["flags"],
    ["daemon"],
    ["app"],
    ["remote"],
    ["beat", "broker", "doctor", "graph", "monitor", "multi", "shell", "tasks"],
    ["worker"],
    ["build"],
    ["commands"]
  ]
}

/** Where each package may use Node's own modules, and for what. Elsewhere the code runs on any JavaScript engine. */
const builtins: ReadonlyArray<{ readonly place: RegExp; readonly names: ReadonlyArray<string> }> = [
  { place: /^messaging\/serializers\//, names: ["node:buffer"] },
  { place: /^messaging\/security\//, names: ["node:crypto"] },
  { place: /^messaging\/compressions\//, names: ["node:zlib"] },
  { place: /^messaging\/transports\/Sqlite/, names: ["node:sqlite"] },
  { place: /^amqp\//, names: ["node:*"] },
  { place: /^redis\//, names: ["node:*"] },
  { place: /^tasks\//, names: ["node:os", "node:crypto"] },
  { place: /^tasks\/internal\/KeyFiles/, names: ["node:fs", "node:path"] },
  { place: /^worker\/(pool|boot|state)\//, names: ["node:*"] },
  { place: /^celeriac\/promise\/Run/, names: ["node:async_hooks"] },
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

export const climbsNoStairs: Rule = (sources) =>
  Object.entries(houses).flatMap(([house, floors]) => {
    const roomOf = (path: string): string => path.replace(house, "").split("/")[0]!
    const floorOf = (path: string): number => {
      const floor = floors.findIndex((rooms) => rooms.includes(roomOf(path)))
      return floor === -1 ? floors.length : floor
    }
    const inside = sources.filter((source) => source.path.startsWith(house))
    return failingImports(inside, (source, name) => {
      const imported = name.startsWith(".") ? resolve(source, name) : ""
      if (!imported.startsWith(house)) return false
      const [own, other] = [floorOf(source.path), floorOf(imported)]
      if (other > own) return `climbs up to ${imported.replace(house, "")}`
      return other === own && own < floors.length && roomOf(imported) !== roomOf(source.path) &&
        `goes next door, to ${imported.replace(house, "")}`
    })
  })

/** The files on the shortest way from one to another, both included, by what each file imports. */
const wayBetween = (
  files: ReadonlyMap<string, ReadonlyArray<string>>,
  from: string,
  to: string
): ReadonlyArray<string> | undefined => {
  const ways = [[from]]
  const seen = new Set([from])
  for (const way of ways) {
    const last = way.at(-1)!
    if (last === to) return way
    for (const next of files.get(last) ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      ways.push([...way, next])
    }
  }
  return undefined
}

/**
 * Every import inside a strongly connected component closes a circle; the
 * shortest one of each is told, once, from its first file on.
 */
export const runsInNoCircles: Rule = (sources) => {
  const known = new Set(sources.map((source) => source.path))
  const files = new Map(
    sources.map((source) => {
      const imported = source.imports.map((name) => fileOf(source, name)).filter((file) => known.has(file))
      return [source.path, Array.from(new Set(imported)).sort()]
    })
  )
  const circles = Array.from(files).flatMap(([file, imported]) =>
    imported.flatMap((next) => {
      const way = wayBetween(files, next, file)
      if (way === undefined) return []
      const first = way.indexOf(way.toSorted()[0]!)
      return [[...way.slice(first), ...way.slice(0, first + 1)].join(" -> ")]
    })
  )
  return Array.from(new Set(circles)).sort()
}

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

/** Who compiles with `exactOptionalPropertyTypes` passes on what may be undefined. What is on the wire is no option. */
export const takesUndefined: Rule = (sources) =>
  failing(
    sources,
    (source) =>
      /(^|\/)(internal|protocol)\//.test(placeOf(source)) ? [] : linesOf(source).flatMap((line, index, lines) => {
        const match = /^\s+readonly ([a-z][A-Za-z]*)\?:\s*(.*)$/.exec(line)
        if (match === null) return []
        // A type of several lines ends where the indentation does.
        const indent = /^\s*/.exec(line)![0].length
        const end = lines.findIndex((next, at) =>
          at > index && next.trim() !== "" && /^\s*/.exec(next)![0].length <= indent
        )
        const rest = match[2] === "" || /[{(]$/.test(match[2]!) ? lines.slice(index, end + 1).join("\n") : line
        return /\| undefined/.test(rest) ? [] : [`line ${index + 1}: option ${match[1]} does not take undefined`]
      })
  )

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

/** What a file exports by name, and what kind of thing it is. */
const exportsOf = (text: string): ReadonlyArray<{ readonly kind: string; readonly name: string }> =>
  Array.from(
    text.matchAll(/^export (?:declare )?(?:abstract )?(const|let|function\*?|class|interface|type) (\w+)/gm),
    (match) => ({ kind: match[1]!, name: match[2]! })
  )

const mentions = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text)

const isInternal = (source: Source): boolean => source.path.includes("/internal/")

export const exportsNothingDead: Rule = (sources) =>
  failing(sources.filter(isInternal), (source) => {
    const file = source.path.split("/").at(-1)!
    const users = sources.filter((other) => other !== source && other.imports.some((name) => name.endsWith(file)))
    return exportsOf(source.text)
      .filter(({ name }) => !users.some((user) => mentions(user.text, name)))
      .map(({ name }) => `exports ${name}, which nobody imports`)
  })

/** Who imports each file, itself or through modules that hand its exports on. */
const readersOf = (sources: ReadonlyArray<Source>): (path: string) => ReadonlySet<Source> => {
  const direct = new Map<string, Set<Source>>()
  for (const source of sources) {
    for (const name of source.imports) {
      const file = fileOf(source, name)
      direct.set(file, (direct.get(file) ?? new Set()).add(source))
    }
  }
  const collect = (path: string, found: Set<Source>): Set<Source> => {
    for (const reader of direct.get(path) ?? []) {
      if (found.has(reader)) continue
      found.add(reader)
      if (/^export (type )?[*{]/m.test(reader.text)) collect(reader.path, found)
    }
    return found
  }
  return (path) => collect(path, new Set())
}

/**
 * Of what a package offers, what is certainly dead: no other source, test, example, benchmark or document that
 * can see it names it. A type may be there for its module's own signatures, and a value for the type of its name.
 */
export const offersNothingUnused: Rule = (sources) => {
  const readers = readersOf(sources)
  const offering = sources.filter((source) =>
    /^packages\/\w+\/src\//.test(source.path) && !isInternal(source) && placeOf(source) !== "index.ts"
  )
  return failing(offering, (source) => {
    const own = exportsOf(source.text)
    const users = Array.from(readers(source.path)).filter((reader) => reader !== source)
    const texts = users.map(({ text }) => text.replace(/^export (?:type )?\{[^}]*\} from .*$/gm, ""))
    const isType = (kind: string) => kind === "interface" || kind === "type"
    return own
      .filter(({ kind, name }) =>
        isType(kind)
          ? source.text.split(new RegExp(`\\b${name}\\b`)).length <= 2
          : !own.some((other) => isType(other.kind) && other.name === name)
      )
      .filter(({ name }) => !texts.some((text) => mentions(text, name)))
      .map(({ name }) => `exports ${name}, which nothing outside names`)
  })
}

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

/**
 * One version of everything: the packages' own, and what several of them use.
 * Exactly, but that users may be given later patches of what development pins,
 * and bring a tool of theirs, an optional peer, in a range.
 */
export const agreesOnVersions = (
  manifests: ReadonlyArray<Manifest>,
  development: Pick<Manifest, "devDependencies">
): ReadonlyArray<string> => {
  const versions = new Map(manifests.map((manifest) => [manifest.name, manifest.version]))
  return manifests.flatMap((manifest) =>
    [manifest.dependencies, manifest.peerDependencies, manifest.devDependencies].flatMap((list) =>
      Object.entries(list).flatMap(([name, version]) => {
        const base = version.replace(/^~/, "")
        const wanted = versions.get(name) ?? base
        versions.set(name, wanted)
        const pinned = list === manifest.devDependencies ? undefined : development.devDependencies[name]
        // A tool that users bring has the version that they use.
        const isTool = list === manifest.peerDependencies && /^>=\d+\.\d+\.\d+ <\d+$/.test(version) &&
          manifest.peerDependenciesMeta?.[name]?.optional === true
        if (isTool) return []
        const isExact = /^\d+\.\d+\.\d+$/.test(version) || version === `~${pinned}`
        return isExact && wanted === base ? [] : [`${manifest.name} asks for ${name} ${version}, not ${wanted}`]
      })
    )
  )
}

/** What reaches below amqplib's public API stands in one file, and what finds its files in two others. */
export const reachesAmqplibInOnePlace: Rule = (sources) =>
  failingImports(sources, (source, name) => {
    if (dependencyOf(name) === "amqplib") {
      return !/^internal\/Amqplib(Modules|Text)\.ts$/.test(placeOf(source)) && `imports ${name}`
    }
    if (!/(^|\/)Amqplib\.ts$/.test(name) || placeOf(source) === "internal/Driver.ts") return false
    return `imports ${name}, which is the driver's`
  })

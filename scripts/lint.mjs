/**
 * `npm run lint` (oxlint), `npm run format` (dprint), `format --check`. The
 * tools live in `tools/`, outside the workspace, and are installed when they
 * are first asked for: each brings one binary per platform as an optional
 * dependency, and a lock file that lacks one of them makes `npm ci` refuse the
 * whole project. Their exact versions are in `tools/package.json`.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { install, node, npm, root, run } from "./workspace.mjs"

const tools = join(root, "tools")

const versionOf = (name) => {
  const manifest = join(tools, "node_modules", name, "package.json")
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")).version : undefined
}

const installTools = () => {
  const { dependencies } = JSON.parse(readFileSync(join(tools, "package.json"), "utf8"))
  if (Object.entries(dependencies).every(([name, version]) => versionOf(name) === version)) return
  console.log("Installing oxlint and dprint into tools/ …")
  if (!npm(["install", "--no-package-lock", "--ignore-scripts", "--loglevel=error", "--prefer-offline"], tools)) {
    console.error("npm could not install the tools: see its output above. Is the registry reachable?")
    process.exit(1)
  }
}

const commands = {
  install: [],
  lint: [join(tools, "node_modules", "oxlint", "bin", "oxlint"), "--config", ".oxlintrc.json", "--deny-warnings"],
  format: [
    join(tools, "node_modules", "dprint", "bin.cjs"),
    ...(process.argv.includes("--check") ? ["check", "--list-different"] : ["fmt"])
  ]
}

const command = commands[process.argv[2]]
if (command === undefined) {
  console.error("usage: lint.mjs lint|format [--check]|install")
  process.exit(2)
}
install()
installTools()
if (command.length > 0) {
  const rest = process.argv.slice(3).filter((argument) => argument !== "--check")
  const { code } = await run(node, [...command, ...rest], { quiet: false, seconds: 120 })
  process.exit(code)
}

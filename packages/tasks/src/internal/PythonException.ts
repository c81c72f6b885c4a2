/**
 * Declared errors that Python has a class for: made by `Python.Exception`, found
 * in the schema of a task's errors by `Outcome`.
 */
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as ExceptionRecord from "../result/ExceptionRecord.ts"
import { isTable } from "./Table.ts"

/** Where Python has it, and the names of its arguments, in order. */
interface PythonException {
  readonly module: string
  readonly type: string
  readonly names: ReadonlyArray<string>
}

const annotation = "@celeriac/tasks/PythonException"

/** A class of errors. `Python.Exception` has its type. */
export const make = (module: string, type: string, fields: Schema.Struct.Fields): any => {
  if (!path.test(module)) {
    throw new Error(`'${module}' is no module of Python's: write it as an import does, 'myapp.errors'`)
  }
  if (!path.test(type)) throw new Error(`'${type}' is no class of Python's: 'PaymentFailed', or 'Outer.Inner'`)
  const names = Object.keys(fields)
  const said: PythonException = { module, type, names }
  const Base = Schema.TaggedError<object>()(type, fields, { [annotation]: said })
  if (names.includes("message")) return Base
  // As Python's str of it.
  Object.defineProperty(Base.prototype, "message", {
    configurable: true,
    get(this: Readonly<Record<string, unknown>>) {
      return ExceptionRecord.str({ args: argsOf(names, this) })
    }
  })
  return Base
}

const path = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/

/** In order, up to the last one that there is. */
const argsOf = (names: ReadonlyArray<string>, of: Readonly<Record<string, unknown>>): ReadonlyArray<unknown> =>
  names.slice(0, names.findLastIndex((name) => of[name] !== undefined) + 1).map((name) => of[name] ?? null)

/** Those that a schema declares, alone or in a union. */
export class PythonExceptions {
  private readonly byTag = new Map<string, PythonException>()

  constructor(ast: SchemaAST.AST) {
    this.add(ast)
  }

  private add(ast: SchemaAST.AST): void {
    if (SchemaAST.isUnion(ast)) return ast.types.forEach((type) => this.add(type))
    // `make` alone annotates so.
    const said = ast.annotations?.[annotation] as PythonException | undefined
    if (said !== undefined) this.byTag.set(said.type, said)
  }

  /** The record of one of them, encoded; nothing for an error that Python has no class for. */
  write(encoded: unknown): ExceptionRecord.ExceptionRecord | undefined {
    if (this.byTag.size === 0 || !isTable(encoded) || typeof encoded._tag !== "string") return undefined
    const said = this.byTag.get(encoded._tag)
    if (said === undefined) return undefined
    return ExceptionRecord.make(said.type, argsOf(said.names, encoded), said.module)
  }

  /** What `write` was given; nothing for any other exception. */
  read({ args, excModule, excType }: ExceptionRecord.ExceptionRecord): Readonly<Record<string, unknown>> | undefined {
    const said = this.byTag.get(excType)
    if (said === undefined || said.module !== excModule || args.length > said.names.length) return undefined
    return { ...Object.fromEntries(args.map((arg, index) => [said.names[index]!, arg])), _tag: said.type }
  }
}

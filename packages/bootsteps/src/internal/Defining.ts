/** How what a step says becomes its definition. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Definition, Hook } from "./Definition.ts"

/** What a step says, its types erased. */
type Said =
  & {
    readonly [K in keyof Omit<Definition, "name" | "provides" | "start" | "child">]?: Definition[K] | undefined
  }
  & { readonly start: Hook | Definition["start"] }

/** The one place where the types of a step's hooks are erased: hooks are methods there, so none is cast. */
export const define = (
  name: string,
  provides: Context.Key<any, any> | undefined,
  options: Said,
  made: (...args: never) => unknown
): Definition => {
  const { requires = [], start } = options
  checkDefined(name, requires, made)
  return {
    name,
    label: options.label ?? name.slice(name.lastIndexOf(".") + 1),
    requires,
    provides,
    last: options.last ?? false,
    conditional: options.conditional ?? false,
    inChildren: options.inChildren ?? provides !== undefined,
    init: options.init,
    start: Effect.isEffect(start) ? () => start : start,
    close: options.close,
    stop: options.stop,
    terminate: options.terminate,
    shutdown: options.shutdown,
    info: options.info,
    enabled: options.enabled,
    disabled: options.disabled,
    child: undefined
  }
}

/** A file that is still being loaded exports what is undefined: types cannot tell. */
const checkDefined = (name: string, requires: Definition["requires"], made: (...args: never) => unknown): void => {
  const absent = requires.findIndex((tag: Definition["requires"][number] | undefined) => tag === undefined)
  if (absent === -1) return
  const error = new TypeError(
    `Bootstep '${name}' cannot be defined: requirement ${absent + 1} of ${requires.length} is undefined. Is it ` +
      `declared further down, or do two steps, or their files, require each other in a circle?`
  )
  // Only in engines that have it, such as Node's. The stack begins with whoever defines the step.
  Error.captureStackTrace?.(error, made)
  throw error
}

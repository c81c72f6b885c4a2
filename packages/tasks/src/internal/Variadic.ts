/**
 * The mark of a parameter that takes what no other one does: Python's `*args`
 * and `**kwargs`. Set by `Python.Args` and `Python.Kwargs`, read by `Arguments`.
 */
import type * as SchemaAST from "effect/SchemaAST"

/** Which of the two. */
export type Kind = "args" | "kwargs"

/** A schema that has the mark, for the types alone. */
export interface Variadic<K extends Kind = Kind> {
  readonly "~@celeriac/tasks/Variadic": K
}

/** Marks, for the types alone, the list that a signature lacks for `*args`: what comes is one of its items. Any list is one. */
export interface Each {
  readonly [each]?: unknown
}

/** The same of the object for `**kwargs`: nothing that comes by position goes there. */
export interface Others {
  readonly [others]?: unknown
}

declare const each: unique symbol
declare const others: unique symbol

/** Where a schema says it. */
export const annotation = "@celeriac/tasks/Variadic"

/** Nothing for a parameter of one argument. */
export const kindOf = (ast: SchemaAST.AST): Kind | undefined => {
  const kind = ast.annotations?.[annotation]
  return kind === "args" || kind === "kwargs" ? kind : undefined
}

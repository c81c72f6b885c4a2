/**
 * A step with its types erased, as lifecycles and drawings handle it, and the
 * graph of such steps: a definition may hold a graph of its own.
 *
 * Hooks are `Method`s, whose parameters TypeScript compares both ways: a hook
 * that takes a `Pool` fits where one that takes `unknown` is asked for. It is
 * sound because `self` never comes from anywhere but the same step's `start`.
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Parent } from "../Parent.ts"
import type { Shutdown, StopReason } from "../StopReason.ts"
import type { Child, Surroundings } from "./Child.ts"

/** An effect whose needs are met by the context its step is given. */
export type Hook<A = unknown> = Effect.Effect<A, unknown, unknown>

type Method<Args extends ReadonlyArray<unknown>, A = unknown> = { call(...args: Args): Hook<A> }["call"]

export interface Definition {
  readonly name: string
  readonly label: string
  readonly requires: ReadonlyArray<Context.Key<any, any>>
  readonly provides: Context.Key<any, any> | undefined
  readonly last: boolean
  readonly conditional: boolean
  readonly inChildren: boolean
  readonly init: Method<[parent: Parent]> | undefined
  readonly start: Method<[parent: Parent]>
  readonly close: Method<[self: unknown, reason: Shutdown, parent: Parent]> | undefined
  readonly stop: Method<[self: unknown, reason: StopReason, parent: Parent]> | undefined
  readonly terminate: Method<[self: unknown, parent: Parent]> | undefined
  readonly shutdown: Method<[self: unknown, parent: Parent]> | undefined
  readonly info: Method<[self: unknown, parent: Parent], Readonly<Record<string, unknown>>> | undefined
  readonly enabled: Hook<boolean> | undefined
  readonly disabled: Hook | undefined
  /** The blueprint inside this step, if it has one. */
  readonly child: Nested | undefined
}

interface Nested {
  readonly graph: Graph
  readonly make: (surroundings: Surroundings) => Child
}

export interface Graph {
  /** The blueprint's name. */
  readonly name: string
  /** In boot order. */
  readonly nodes: ReadonlyArray<Node>
}

export interface Node {
  readonly definition: Definition
  /** Indices, in boot order, of the nodes that must be up first. */
  readonly needs: ReadonlyArray<number>
}

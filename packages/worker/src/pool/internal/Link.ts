/**
 * The way to one child: a thread or a process, which pools tell apart nowhere else.
 *
 * @since 0.1.0
 */
import type { FromChild, ToChild } from "./Protocol.ts"

export interface Link {
  /** Of a process its pid, of a thread its number. */
  readonly id: number
  /** Throws at what cannot be cloned. What is to be moved is the child's afterwards, where that can be. */
  readonly send: (message: ToChild, moved?: ReadonlyArray<ArrayBuffer>) => void
  /** Ends it, whatever it does. */
  readonly kill: (signum: number) => void
}

/** Who hears of the child: its messages in order, and after the last one of its end. */
interface Listener {
  readonly onMessage: (message: FromChild) => void
  readonly onExit: (exited: Exited) => void
}

/** How it ended. */
export interface Exited {
  readonly code: number
  /** By which signal, if it was one. */
  readonly signal?: { readonly name: string; readonly number: number } | undefined
  /** What it threw, where that is known. */
  readonly error?: unknown
}

export type Spawn = (listener: Listener) => Link

/** As Celery says it. */
export const told = ({ code, signal }: Exited): string =>
  signal === undefined ? `exitcode ${code}` : `signal ${signal.number} (${signal.name})`

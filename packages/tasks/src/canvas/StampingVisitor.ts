/**
 * Stamps whatever is in a canvas, each part as a visitor says: Celery's
 * `StampingVisitor`.
 *
 * ```ts
 * Canvas.stamp(report, { onSignature: ({ task }) => ({ team: owners[task] }) })
 * ```
 *
 * A visitor is asked from the outside in, and told of the stamps that hold there:
 * what it says of a chain, a group or a header holds for all that is in it.
 * Source: tasks §9, Celery's `canvas`.
 *
 * @since 0.1.0
 */
import * as Composed from "../internal/Composed.ts"
import * as ComposedReading from "../internal/ComposedReading.ts"
import type * as Signed from "../internal/Signed.ts"
import type { SignatureJson } from "../protocol/TaskBody.ts"
import type * as Signature from "../Signature.ts"

/** Stamps by their names. Values are scalars, or lists of them. */
export type Stamps = Readonly<Record<string, unknown>>

/** Says what is stamped on a part, given the stamps that hold there. */
type Says = (signature: Signature.Any, stamps: Stamps) => Stamps | undefined

/** Is told that a part is done. */
type Told = (signature: Signature.Any, stamps: Stamps) => void

/** Only `onSignature` is needed. */
export interface StampingVisitor {
  /** Of each task. */
  readonly onSignature: Says
  readonly onGroupStart?: Says | undefined
  readonly onGroupEnd?: Told | undefined
  readonly onChainStart?: Says | undefined
  readonly onChainEnd?: Told | undefined
  /** Default: what `onGroupStart` says. */
  readonly onChordHeaderStart?: Says | undefined
  /** Default: `onGroupEnd`. */
  readonly onChordHeaderEnd?: Told | undefined
  /** Given the chord. */
  readonly onChordBody?: Says | undefined
  /** Of what is sent when a task succeeds, besides `onSignature`. */
  readonly onCallback?: Says | undefined
  /** Of what is sent when a task fails, besides `onSignature`. */
  readonly onErrback?: Says | undefined
}

/** How stamps come together. */
export interface Options {
  /** Whether one that is there already becomes a list with the new one. Default false: it stays. Celery's `append_stamps`. */
  readonly appendStamps?: boolean | undefined
  /** Those that hold everywhere. */
  readonly stamps?: Stamps | undefined
}

/** With the stamps of a visitor. Throws what the visitor throws. */
export const stamp = (signature: Signed.Signed, visitor: StampingVisitor, options: Options = {}): Signed.Signed =>
  new Stamping(visitor, options.appendStamps ?? false).stamp(signature, options.stamps ?? {})

/** Stamps, and their names as `stamped_headers` once somebody has listed them: as options hold them. */
type Headers = Readonly<Record<string, unknown>>

class Stamping {
  private readonly visitor: StampingVisitor
  private readonly appends: boolean

  constructor(visitor: StampingVisitor, appends: boolean) {
    this.visitor = visitor
    this.appends = appends
  }

  stamp(signature: Signed.Signed, headers: Headers): Signed.Signed {
    if (!Composed.isComposed(signature)) {
      const linked = this.links(signature, headers, this.appends)
      const own = this.merged(signature, this.says("onSignature", signature, headers), headers)
      return linked.withOptions({ ...linked.options, ...own })
    }
    const { shape } = signature
    switch (shape.kind) {
      case "chain": {
        const own = this.merged(signature, this.says("onChainStart", signature, headers), headers)
        // Celery's chains do not append to what is linked to them.
        const linked = this.links(signature, own, false)
        const tasks = shape.tasks.map((task) => this.stamp(task, own))
        this.visitor.onChainEnd?.(shown(signature), stampsOf(own))
        return new Composed.Composed(linked.state, { ...shape, tasks })
      }
      case "group": {
        const own = this.merged(signature, this.says("onGroupStart", signature, headers), headers)
        const linked = this.links(signature, own, this.appends)
        const tasks = shape.tasks.map((task) => this.stamp(task, own))
        this.visitor.onGroupEnd?.(shown(signature), stampsOf(own))
        return new Composed.Composed(linked.state, { ...shape, tasks })
      }
      case "chord":
        return this.chord(signature, shape, headers)
    }
  }

  private chord(signature: Composed.Composed, shape: Composed.Chord, headers: Headers): Signed.Signed {
    const { onChordHeaderEnd, onChordHeaderStart } = this.visitor
    const group = shape.group ?? Composed.make({ kind: "group", tasks: shape.header })
    const said = onChordHeaderStart === undefined
      ? this.says("onGroupStart", group, headers)
      : this.says("onChordHeaderStart", signature, headers)
    const ofHeader = this.merged(signature, said, headers)
    const linked = this.links(signature, ofHeader, this.appends)
    const header = shape.header.map((task) => this.stamp(task, ofHeader))
    if (onChordHeaderEnd === undefined) this.visitor.onGroupEnd?.(shown(group), stampsOf(ofHeader))
    else onChordHeaderEnd(shown(signature), stampsOf(ofHeader))
    const ofBody = this.merged(signature, this.says("onChordBody", signature, ofHeader), ofHeader)
    return new Composed.Composed(linked.state, {
      ...shape,
      header,
      body: this.stamp(shape.body, ofBody),
      // Celery's own visitor has made a group of it.
      group: onChordHeaderStart === undefined && Composed.isGroup(group) ? group : shape.group
    })
  }

  /** What is linked to it does not have its stamps. */
  private links(signature: Signed.Signed, headers: Headers, appends: boolean): Signed.Signed {
    const stamped: Record<string, unknown> = { ...signature.options }
    for (const [name, of] of [["link", "onCallback"], ["link_error", "onErrback"]] as const) {
      const links = listOf(signature.options[name])
      if (links.length === 0) continue
      let held = headers
      stamped[name] = links.map((json) => {
        const link = ComposedReading.read(json as SignatureJson) // it was written by us, or looked at when it was read
        held = mergeStamps(held, this.says(of, link, held), undefined, appends)
        return new Stamping(this.visitor, appends).stamp(link, held).toJSON()
      })
    }
    return signature.withOptions(stamped)
  }

  private says(what: keyof StampingVisitor, signature: Signed.Signed, headers: Headers): Stamps {
    const says = this.visitor[what] as Says | undefined // none of those that are told is asked
    return says?.(shown(signature), stampsOf(headers)) ?? {}
  }

  private merged({ options }: Signed.Signed, said: Stamps, headers: Headers): Headers {
    return mergeStamps(headers, said, options, this.appends)
  }
}

/** What holds, then what was said, then what it has itself; the first of a name stays, unless they are appended. */
const mergeStamps = (headers: Headers, said: Stamps, options: Headers | undefined, appends: boolean): Headers => {
  const merged: Record<string, unknown> = { ...headers }
  const names = new Set([...namesOf(headers), ...Object.keys(said), ...listOf(options?.stamped_headers).map(String)])
  for (const [name, value] of Object.entries(said)) join(merged, name, value, appends)
  for (const name of names) {
    if (options !== undefined && Object.hasOwn(options, name)) join(merged, name, options[name], appends)
  }
  return { ...merged, stamped_headers: [...names] }
}

const join = (merged: Record<string, unknown>, name: string, value: unknown, appends: boolean): void => {
  const before = merged[name]
  if (!Object.hasOwn(merged, name)) merged[name] = value
  else if (Array.isArray(before) && Array.isArray(value)) merged[name] = [...before, ...value]
  else if (appends) {
    merged[name] = [...(Array.isArray(before) ? before : [before]), ...(Array.isArray(value) ? value : [value])]
  }
}

const namesOf = (headers: Headers): ReadonlyArray<string> =>
  headers.stamped_headers === undefined ? Object.keys(headers) : listOf(headers.stamped_headers).map(String)

const stampsOf = ({ stamped_headers: _, ...stamps }: Headers): Stamps => stamps

const listOf = (value: unknown): ReadonlyArray<unknown> => value == null ? [] : Array.isArray(value) ? value : [value]

/** The class knows nothing of types. */
const shown = (signature: Signed.Signed): Signature.Any => signature as unknown as Signature.Any

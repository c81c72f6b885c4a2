/**
 * What a step may know of the blueprint it belongs to: its name and how far its
 * life has come. Celery hands every hook the whole worker or consumer instead;
 * here a step reads services, and the parent is only who it is.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Inspectable from "effect/Inspectable"

/**
 * The name of the node, such as `celery@example.com`, that parents are printed
 * with. Empty leaves it out.
 *
 * @category references
 * @since 0.1.0
 */
export const Nodename = Context.Reference<string>("@celeriac/bootsteps/Nodename", {
  defaultValue: () => ""
})

/**
 * - `initializing`: being prepared, nothing is started
 * - `running`: from the first start on, restarts included
 * - `closing`: asked to stop, until the last step has stopped
 * - `terminating`: every step has stopped
 *
 * @category models
 * @since 0.1.0
 */
export type State = "initializing" | "running" | "closing" | "terminating"

/**
 * Prints as `<Worker: celery@example.com (running)>`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Parent {
  /** The blueprint's name. */
  readonly name: string
  readonly nodename: string
  readonly state: State
  toString(): string
}

/**
 * A parent whose state is moved on by whoever runs the blueprint.
 *
 * @category models
 * @since 0.1.0
 */
export class MutableParent implements Parent {
  readonly name: string
  readonly nodename: string
  state: State = "initializing"

  constructor(name: string, nodename: string) {
    this.name = name
    this.nodename = nodename
  }

  toString(): string {
    return this.nodename === "" ? `<${this.name} (${this.state})>` : `<${this.name}: ${this.nodename} (${this.state})>`
  }

  toJSON(): unknown {
    return { name: this.name, nodename: this.nodename, state: this.state }
  }

  [Inspectable.NodeInspectSymbol](): string {
    return this.toString()
  }
}

/** Which queues there are (`Configured`), and the step that says which of them a worker consumes from. */
export {} from "./internal/RequiredNode.ts"

export { Configured, type NameOf } from "@celeriac/tasks/Queues"
export * from "@celeriac/worker/boot/Queues"

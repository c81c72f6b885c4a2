/** A queue, as a value that says what should exist. */
export {} from "./internal/RequiredNode.ts"

export {
  type Arguments,
  type Broadcast,
  broadcast,
  type BroadcastOptions,
  direct,
  type Queue,
  queue as make,
  type QueueOptions
} from "@celeriac/messaging/Entity"

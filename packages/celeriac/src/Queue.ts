/** A queue, as a value that says what should exist. */
export { type Arguments, type Queue, queue as make, type QueueOptions } from "@celeriac/messaging/Entity"

/** A step that consumes messages of your own. */
export * from "@celeriac/worker/consumer/ConsumerStep"

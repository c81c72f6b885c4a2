/** What can become of a message. */
export * from "@celeriac/worker/trace/Outcome"

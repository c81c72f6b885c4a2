/** How often a worker may start a task, and buckets of tokens of your own. */
export * from "@celeriac/tasks/RateLimit"
export * from "@celeriac/worker/execution/RateLimit"

/** Names of workers: `celery@host`, and the patterns they are made from. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/Nodename"

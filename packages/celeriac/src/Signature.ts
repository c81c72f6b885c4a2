/** Calls that are not sent yet: a task, some of its arguments, and options. What `link` takes. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/Signature"

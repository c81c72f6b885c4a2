/** What a handler sees of the message that made it run: Celery's `task.request`. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/TaskRequest"

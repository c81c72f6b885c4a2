/** Where a task is sent: Celery's `task_routes`. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/Router"

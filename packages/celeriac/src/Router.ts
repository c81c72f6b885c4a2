/** Where a task is sent: Celery's `task_routes`. */
export * from "@celeriac/tasks/Router"

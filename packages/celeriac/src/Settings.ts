/** What clients and workers agree on, under Celery's names, each with its default. */
export * from "@celeriac/tasks/Settings"

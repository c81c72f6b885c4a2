/** Schemas of Python's own types: UUID, datetime, Decimal, bytes and so on. */
export * from "@celeriac/tasks/Python"

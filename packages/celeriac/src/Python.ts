/** Schemas of Python's own types: UUID, datetime, Decimal, bytes and so on. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/Python"

/** Who counts the parts of a chord. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/tasks/result/ChordCounter"

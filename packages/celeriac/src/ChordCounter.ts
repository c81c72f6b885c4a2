/** Who counts the parts of a chord. */
export * from "@celeriac/tasks/result/ChordCounter"

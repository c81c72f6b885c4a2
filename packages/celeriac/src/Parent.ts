/** What a step knows of the blueprint it belongs to. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/bootsteps/Parent"

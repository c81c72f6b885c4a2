/** Why a run is interrupted. */
export {} from "./internal/RequiredNode.ts"

export * from "@celeriac/worker/trace/Interruption"

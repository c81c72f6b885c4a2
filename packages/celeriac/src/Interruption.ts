/** Why a run is interrupted. */
export * from "@celeriac/worker/trace/Interruption"

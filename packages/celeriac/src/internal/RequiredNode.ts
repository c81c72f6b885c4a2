/**
 * Says on a Node that is too old that it is, for programs without the command:
 * they would be told of some function that is missing. Imported for that alone,
 * before everything else, by all that programs import.
 */
import { problemOf } from "./NodeVersion.ts"

const problem = problemOf(process.versions.node, process.execPath)

if (problem !== undefined) throw new Error(problem)

/*
 * Davy's own tables, as its dashboards read them. `facts` may hold a key twice and the earliest row has won; of a look
 * likewise. Values that people or telemetry name reach SQL percent-encoded, so that no name can end the text it stands in.
 */

/** A variable of one value as text. */
function chosen(variable: string): string {
  return `decodeURLComponent('\${${variable}:percentencode}')`
}

/** Whether a column has the variable's value, or all are chosen. */
export function isChosen(column: string, variable: string): string {
  return `${chosen(variable)} IN ('.+', ${column})`
}

/** Facts of a kind with columns subject, at and body. @param where a condition on the rows that spares reading others. */
export function factsOf(kind: string, where = ''): string {
  return `(SELECT argMin(Subject, (At, Writer)) AS subject, min(At) AS at, argMin(Body, (At, Writer)) AS body
    FROM facts WHERE Kind = '${kind}'${where === '' ? '' : ` AND ${where}`} GROUP BY Key)`
}

/** Rows of facts of the chosen deployment; its verdicts lie together, since their keys begin with its id. */
export const ofChosen = `Subject = ${chosen('deployment')}`
const underChosen = `${ofChosen} AND startsWith(Key, concat(${chosen('deployment')}, '/'))`

/** A cohort's name: its version, else how it is matched. */
function cohortName(body: string, cohort: string): string {
  const version = `JSONExtractString(${body}, '${cohort}', 'version')`
  return `if(${version} != '', ${version}, JSONExtractRaw(${body}, '${cohort}', 'match'))`
}

const deploymentsWhere = (where: string) => `(SELECT
      subject AS id,
      JSONExtractString(body, 'service') AS service,
      JSONExtractString(body, 'environment') AS environment,
      JSONExtractString(body, 'strategy') AS strategy,
      JSONExtractString(body, 'mode') AS mode,
      ${cohortName('body', 'baseline')} AS baseline,
      ${cohortName('body', 'canary')} AS canary,
      parseDateTime64BestEffort(JSONExtractString(body, 'startedAt'), 3, 'UTC') AS started
    FROM ${factsOf('deployment', where)})`

/** All deployments: id, service, environment, strategy, mode, baseline, canary, started. */
export const deployments = deploymentsWhere('')

/** The chosen one with the same columns. */
export const chosenDeployment = deploymentsWhere(ofChosen)

/** Changes of verdicts: id, at, decision, code, mode, sentence, service, environment. @param where on rows of facts. */
export const verdictChanges = (where: string) => `(SELECT
      subject AS id, at,
      JSONExtractString(body, 'decision') AS decision,
      JSONExtractString(body, 'reason', 'code') AS code,
      JSONExtractString(body, 'mode') AS mode,
      JSONExtractString(body, 'reason', 'summary') AS sentence,
      JSONExtractString(body, 'service') AS service,
      JSONExtractString(body, 'environment') AS environment
    FROM ${factsOf('verdict', where)})`

/** Those of the chosen deployment. */
export const chosenVerdictChanges = verdictChanges(underChosen)

/** How deployments ended: id, at, outcome. */
export const endings = `(SELECT subject AS id, at, JSONExtractString(body, 'outcome') AS outcome FROM ${factsOf('close')})`

const thisDeployment = `DeploymentId = ${chosen('deployment')}`

/** Looks of the chosen deployment: look, at, watermark, decision, code, eValue, promoteEValue. */
export const looks = `(SELECT
      Look AS look,
      argMin(At, (WrittenAt, Writer)) AS at,
      argMin(Watermark, (WrittenAt, Writer)) AS watermark,
      argMin(Decision, (WrittenAt, Writer)) AS decision,
      argMin(Code, (WrittenAt, Writer)) AS code,
      argMin(EValue, (WrittenAt, Writer)) AS eValue,
      argMin(PromoteEValue, (WrittenAt, Writer)) AS promoteEValue
    FROM looks WHERE ${thisDeployment} GROUP BY Look)`

/** Verdicts of the chosen deployment as JSON: look, at, verdict. */
export const verdicts = `(SELECT
      Look AS look, argMin(At, (WrittenAt, Writer)) AS at, argMin(Verdict, (WrittenAt, Writer)) AS verdict
    FROM looks WHERE ${thisDeployment} GROUP BY Look)`

/** The newest verdict of the chosen deployment. */
export const newestVerdict = `(SELECT look, at, verdict FROM ${verdicts} ORDER BY look DESC LIMIT 1)`

/** What the looks of the chosen deployment saw for the first time: at (its end), seconds, slice (JSON). */
export const slices = `(SELECT
      fromUnixTimestamp64Milli(JSONExtractInt(slice, 'to')) AS at,
      (JSONExtractInt(slice, 'to') - JSONExtractInt(slice, 'from')) / 1000 AS seconds,
      slice
    FROM (
      SELECT JSONExtractRaw(argMin(Evidence, (WrittenAt, Writer)), 'slice') AS slice
      FROM looks WHERE ${thisDeployment} GROUP BY Look)
    WHERE slice NOT IN ('', 'null'))`

import { Type } from 'typebox'

const text = (description: string) => Type.Optional(Type.String({ maxLength: 500, description }))

/** The names that Kayenta takes from the query string. Parameters that it would ignore are ignored here, too. */
export const namesQuery = Type.Object({
  application: text('whom the run belongs to; `ad-hoc` when absent'),
  parentPipelineExecutionId: text('the pipeline that the run is a part of'),
  metricsAccountName: text('where the metrics are: `davy`, or an account of the configuration'),
  configurationAccountName: text("taken as it is: configs are in Davy's own storage"),
  storageAccountName: text("taken as it is: results are in Davy's own storage"),
  user: text('who started the analysis; `anonymous` when absent'),
})

export const idParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) })

/** A body whose parts the engine checks, since nulls in it are as good as absent. */
export const objectBody = { type: 'object', additionalProperties: true } as const
export const listBody = { type: 'array', items: { type: 'object', additionalProperties: true } } as const

/** Answers with strings of one name. */
export function idAnswer(name: string) {
  return { 200: Type.Object({ [name]: Type.String() }) }
}

export const gate = { role: 'gate' } as const
export const operator = { role: 'operator' } as const
export const tags = ['kayenta']
export const removed = { 204: 'It is removed.' } as const

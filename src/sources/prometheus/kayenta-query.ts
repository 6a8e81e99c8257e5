import { DavyError } from '../../domain/errors.ts'
import type { SeriesQuery } from '../../domain/series-source.ts'

/** The label that a scope of Google's instance groups is matched by, as Kayenta's own setting has it. */
const scopeLabel = 'instance'

type Variables = Readonly<Record<string, string>>

/**
 * The PromQL of a metric as Kayenta builds it: the filter is the inline template, or the template of the config that the
 * query names, with its variables replaced; `PromQL:` before it makes it the whole query; else it is put, with the label
 * bindings, into `avg(metric{…})`, by the group fields. Without a filter the resource type says how the scope selects.
 *
 * @throws DavyError VALIDATION for a template or a variable that is not there, and for what says nothing to select by
 */
export function kayentaQuery({ metricName: name, query, templates, scope }: SeriesQuery): string {
  const text = (key: string): string => (typeof query[key] === 'string' ? (query[key] as string) : '')
  const texts = (key: string): readonly string[] => (Array.isArray(query[key]) ? query[key].map(String) : [])
  if (text('customFilter') !== '') throw refusal(name, 'customFilter is not supported', 'customInlineTemplate')
  const own = Object.entries(query).filter(([, value]) => typeof value === 'string' && value !== '') as [
    string,
    string,
  ][]
  const base = scopeVariables(scope)
  const ofScope = Object.entries(base).filter(([key]) => !own.some(([mine]) => mine === key))
  const variables: Variables = {
    ...Object.fromEntries(ofScope),
    ...Object.fromEntries(own.filter(([key]) => Object.hasOwn(base, key))),
    ...scope.parameters,
  }
  const template = templateOf(name, text('customInlineTemplate'), text('customFilterTemplate'), templates)
  const filter = template === null ? null : expanded(name, template, variables)
  if (filter?.startsWith('PromQL:')) return filter.slice('PromQL:'.length)
  const metric = text('metricName')
  if (metric === '') throw refusal(name, 'it has neither a metricName nor a query after PromQL:', 'metricName')
  const bindings = texts('labelBindings')
  const selectors = filter
    ? [...filter.split(',').map((part) => part.trim()), ...bindings]
    : [...bindings, ...resourceSelectors(name, variables)]
  const by = texts('groupByFields')
  return `avg(${metric}{${selectors.join(',')}})${by.length === 0 ? '' : ` by (${by.join(',')})`}`
}

/** What a template may stand for before query and parameters have their say. */
function scopeVariables({ scope, location, parameters }: SeriesQuery['scope']): Variables {
  const { project = '', resourceType = '' } = parameters
  return { project, resourceType, scope, location }
}

function templateOf(name: string, inline: string, named: string, templates: Variables): string | null {
  if (inline !== '') return inline
  if (named === '') return null
  const template = Object.hasOwn(templates, named) ? templates[named] : undefined
  if (template === undefined) throw refusal(name, `there is no template '${named}'`, 'a template of the config')
  return template
}

/** `${name}` and `${name:-default}`; Kayenta stores `${` as `$\{`, so both are read. */
function expanded(name: string, template: string, variables: Variables): string {
  return template.replaceAll('$\\{', '${').replaceAll(/\$\{([^}]*)\}/g, (_all, inside: string) => {
    const [, key = '', byDefault] = /^(.*?)(?::-(.*))?$/s.exec(inside) ?? []
    const value = Object.hasOwn(variables, key) ? variables[key] : byDefault
    if (value !== undefined) return value
    throw refusal(name, `the variable '${key}' of its template is not defined`, Object.keys(variables).join(', '))
  })
}

function resourceSelectors(name: string, { resourceType, scope, location, project }: Variables): readonly string[] {
  if (resourceType === 'gce_instance') {
    const inProject = project ? `projects/${project}/` : ''
    return [`${scopeLabel}=~"${scope}-.{4}"`, `zone=~".+/${inProject}zones/${location}-.{1}"`]
  }
  if (resourceType === 'aws_ec2_instance') return [`asg_groupName="${scope}"`, `zone=~"${location}.{1}"`]
  const expected = 'a customInlineTemplate, a customFilterTemplate, or resourceType gce_instance or aws_ec2_instance'
  throw refusal(name, 'nothing says how the scope selects its series', expected)
}

function refusal(name: string, fault: string, expected: string): DavyError {
  return new DavyError('VALIDATION', `Metric ${name}: ${fault}.`, { expected })
}

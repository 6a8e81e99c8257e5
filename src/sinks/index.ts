import type { Sink, SinkOptions } from '../domain/sink.ts'
import { createAlertmanagerSink } from './alertmanager/alertmanager.ts'
import { createAzureSink } from './azure/azure.ts'
import { createCdEventsSink } from './cdevents/cdevents.ts'
import { createCloudEventsSink } from './cloudevents/cloudevents.ts'
import { createEmailSink } from './email/email.ts'
import { createFlagsmithSink } from './flagsmith/flagsmith.ts'
import { createFluxSink } from './flux/flux.ts'
import { createGithubSink } from './github/github.ts'
import { createGitlabSink } from './gitlab/gitlab.ts'
import { createGrafanaAnnotationSink } from './grafana-annotation/grafana-annotation.ts'
import { createGrowthbookSink } from './growthbook/growthbook.ts'
import { createLaunchdarklySink } from './launchdarkly/launchdarkly.ts'
import { createPagerdutySink } from './pagerduty/pagerduty.ts'
import { createSlackSink } from './slack/slack.ts'
import { createTeamsSink } from './teams/teams.ts'
import { createUnleashSink } from './unleash/unleash.ts'

/** Every kind of sink. A new one is a folder and a line here. */
const factories: readonly ((options: SinkOptions) => Sink)[] = [
  createCloudEventsSink,
  createAlertmanagerSink,
  createAzureSink,
  createCdEventsSink,
  createEmailSink,
  createFlagsmithSink,
  createFluxSink,
  createGithubSink,
  createGitlabSink,
  createGrafanaAnnotationSink,
  createGrowthbookSink,
  createLaunchdarklySink,
  createPagerdutySink,
  createSlackSink,
  createTeamsSink,
  createUnleashSink,
]

/** All sinks by the name of their format. @throws RangeError when two have the same. */
export function createSinks(options: SinkOptions): ReadonlyMap<string, Sink> {
  const sinks = new Map<string, Sink>()
  for (const create of factories) {
    const sink = create(options)
    if (sinks.has(sink.format)) throw new RangeError(`there are two sinks of the format ${sink.format}`)
    sinks.set(sink.format, sink)
  }
  return sinks
}

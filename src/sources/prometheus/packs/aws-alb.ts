import { errorRate, type Pack } from './pack.ts'

/** Source: prometheus/cloudwatch_exporter: names are aws_<namespace>_<metric>_<statistic> in snake case. */
const served = `target_group=~"targetgroup/(?:[^/]*-)?\${service}-(?:[^/]*-)?v?\${version}(?:-[^/]*)?/.*"`

export const awsAlb: Pack = {
  name: 'aws-alb',
  description:
    'Requests as an AWS Application Load Balancer counts them, by the CloudWatch exporter: the sums by TargetGroup of ' +
    'RequestCount and HTTPCode_Target_5XX_Count, with a target group for each version in whose name both stand ' +
    'between hyphens, as shop-v2 or shop-web-2. CloudWatch is late: its minutes are read 12 minutes after they passed ' +
    '(delay_seconds of 600 in the exporter).',
  metrics: [
    {
      ...errorRate,
      query: {
        ...{ podLabel: 'none', temporality: 'sums', delaySeconds: 720 },
        errors: `aws_applicationelb_httpcode_target_5_xx_count_sum{${served}}`,
        total: `aws_applicationelb_request_count_sum{${served}}`,
      },
    },
  ],
}

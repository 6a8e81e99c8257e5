import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renderDeployment } from '../../src/report/deployment-page.ts'
import { aCalibration, reportInput, type Variant, variants } from './fixtures.ts'
import { expectGolden } from './golden.ts'
import { harmless, hostileText, withText } from './hostile.ts'
import { tagsOf, unbalanced } from './tags.ts'

function page(variant: Variant): string {
  return renderDeployment(reportInput(variant))
}

function sectionsOf(document: string): readonly string[] {
  return [...document.matchAll(/<section id="([^"]+)"/g)].map((match) => match[1]!)
}

function anchorsOf(document: string): readonly string[] {
  const nav = document.slice(
    document.indexOf('class="anchors"'),
    document.indexOf('</nav>', document.indexOf('class="anchors"')),
  )
  return [...nav.matchAll(/<a href="#([^"]+)"/g)].map((match) => match[1]!)
}

describe.each(variants)('the page of a deployment: %s', (variant) => {
  const document = page(variant)

  it('is well-formed and needs neither script nor style attribute', () => {
    expect(unbalanced(document)).toEqual([])
    expect(document).not.toMatch(/<script|<style|\sstyle=|\son\w+=|javascript:/i)
    expect(document).not.toMatch(/NaN|Infinity|undefined|\[object/)
  })

  it('describes every picture in words', () => {
    const pictures = document.match(/<svg[^>]*role="img"[^>]*>/g) ?? []
    for (const picture of pictures) expect(picture).toMatch(/aria-label="[^"]{10,}"/)
    for (const svg of document.match(/<svg[^>]*class="chart"[^>]*>/g) ?? []) {
      expect(svg).toMatch(/role="img"|aria-hidden="true"/)
      expect(svg).not.toContain('viewBox')
    }
    expect(pictures.length).toBeGreaterThan(0)
  })

  it('says the reason first and links every section that it has', () => {
    const { verdict } = reportInput(variant)
    expect(document).toContain(`<h1>${verdict.reason.summary}</h1>`)
    expect(anchorsOf(document)).toEqual(sectionsOf(document))
    expect(sectionsOf(document)).toContain('told')
    expect(sectionsOf(document)).toContain('evidence')
    const targets = [...document.matchAll(/href="#([^"]+)"/g)]
      .map((match) => match[1]!)
      .filter((id) => !id.startsWith('icon-'))
    for (const target of targets) expect(sectionsOf(document)).toContain(target)
  })

  it('names both margins wherever an effect is drawn', () => {
    const effects = document.match(/aria-label="[^"]*; margin [^"]*×[^"]*"/g) ?? []
    for (const effect of effects) expect(effect).toMatch(/margin [\d.]+×, promote margin [\d.]+×/)
    const { metrics } = reportInput(variant).verdict
    expect(effects.length).toBeGreaterThanOrEqual(metrics.length)
  })

  it('keeps the words of statistics in the exact evidence', () => {
    const before = document.slice(0, document.indexOf('<section id="evidence"'))
    expect(before).not.toMatch(/e-value|eValue|\balpha\b|p-value|posterior|significan/i)
  })
})

describe('sections', () => {
  it('say how often Davy is wrong about the service, or that nobody has measured it', () => {
    const input = reportInput('promote')
    const text = (calibration: typeof input.calibration) =>
      renderDeployment({ ...input, calibration })
        .replace(/^.*<section id="calibration">/s, '')
        .replace(/<\/section>.*$/s, '')
        .replaceAll(/<[^>]*>/g, ' ')
    const run = aCalibration()
    expect(text(run)).toContain(
      'In 200 placebo canaries of this service’s own history Davy would have rolled back 1: 0.50% (0.013% to 2.8%).',
    )
    expect(text(run)).toContain('error-rate: how much pods differ was learned from 1,440 blocks of 18 pods')
    expect(text(run)).toContain('latency: careful defaults; durations are not recorded by pod')
    const noisy = text(aCalibration({ isWithinAlpha: false }))
    expect(noisy).toContain('the promise is not known to hold')
    expect(noisy).toContain('error-rate: careful defaults')
    expect(noisy).not.toContain('was learned')
    for (const cold of [null, { ...run, measure: null, reason: 'too little' }])
      expect(text(cold)).toContain('Cold start')
  })

  it('of a rollback show why, where and what it cost', () => {
    const document = page('rollback')
    expect(sectionsOf(document)).toEqual([
      'why',
      'fair',
      'over-time',
      'margins',
      'where',
      'cause',
      'checks',
      'latency',
      'metrics',
      'calibration',
      'told',
      'evidence',
    ])
    expect(document).toContain('<dt>Harm done</dt>')
    expect(document).toContain('about 165 requests')
    expect(document).toContain('2 (503, 200)')
    expect(document).not.toContain('http-equiv="refresh"')
  })

  it('of a hold begin with when it will be decided', () => {
    const document = page('hold')
    expect(sectionsOf(document)[0]).toBe('when')
    expect(document).toContain('about 10:42')
    expect(document).toContain('<dt>Could be seen by now</dt><dd>4.9× or more')
    expect(document).toContain('<meta http-equiv="refresh" content="10">')
    expect(document).toContain('next in 18 s')
  })

  it('of a promote say when harm was ruled out and what could still hide', () => {
    const document = page('promote')
    expect(sectionsOf(document)).toContain('race')
    expect(document).toContain('<dt>Could still hide</dt><dd>up to 1.46×')
    expect(document).toContain('Harm beyond the promote margin is ruled out in both critical metrics.')
  })

  it('without data show where the data ends and no effect', () => {
    const document = page('no-data')
    expect(sectionsOf(document)).toEqual(['lost', 'metrics', 'calibration', 'told', 'evidence'])
    expect(document).toContain('from 2.4.1: nothing')
    expect(document).toContain('<dt>Last seen</dt><dd>never')
    expect(document).toContain('Hold, no data')
  })

  it('before the first look say when judging starts and invent nothing', () => {
    const document = page('warming-up')
    expect(sectionsOf(document)).toEqual(['calibration', 'told', 'evidence'])
    expect(document).toContain('<dt>Judging starts</dt><dd>09:53:40')
  })

  it('of a silent canary that is rolled back show where the data ends', () => {
    const input = reportInput('no-data')
    const reason = { ...input.verdict.reason, code: 'CANARY_SILENT' as const }
    const document = renderDeployment({ ...input, verdict: { ...input.verdict, decision: 'rollback', reason } })
    expect(sectionsOf(document)[0]).toBe('lost')
    expect(document).toContain('<span class="badge rollback">')
    expect(document).toContain('<dt>Last seen</dt><dd>never')
  })

  it('of a closed hold say what was known and name no time to come', () => {
    expect(sectionsOf(page('overridden'))).not.toContain('when')
    expect(page('overridden')).toContain('<h2>What was known</h2>')
  })

  it('of a latency rollback put latency first and count no failures', () => {
    const document = page('latency-rollback')
    expect(document).toContain('1 · Latency')
    expect(document).toContain('<dt>Slower</dt><dd>+84%')
    expect(document).not.toContain('Harm done')
  })

  it('of a verdict whose looks are not at hand draw nothing over time', () => {
    const document = renderDeployment({ ...reportInput('rollback'), looks: [] })
    expect(sectionsOf(document)).toEqual([
      'why',
      'fair',
      'margins',
      'where',
      'cause',
      'checks',
      'latency',
      'metrics',
      'calibration',
      'told',
      'evidence',
    ])
    expect(document).not.toContain('1970')
  })

  it('move the comparison above everything when it is broken', () => {
    const input = reportInput('hold')
    const reason = { ...input.verdict.reason, code: 'SAMPLE_RATIO_MISMATCH' as const }
    const document = renderDeployment({ ...input, verdict: { ...input.verdict, reason } })
    expect(sectionsOf(document)[0]).toBe('fair')
    expect(document).toContain('Hold, split broken')
    expect(document).toContain('No: split cannot be trusted.')
  })
})

/** The text of one section, or '' when the page has none. */
function textOf(document: string, id: string): string {
  const section = new RegExp(`<section id="${id}">(.*?)</section>`, 's').exec(document)?.[1] ?? ''
  return section.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
}

describe('every kind of metric', () => {
  const document = page('all-kinds')

  it('shows its values in its own unit', () => {
    const metrics = textOf(document, 'metrics')
    for (const row of [
      'restarts count, per pod and hour 0 22.5',
      'memory gauge 412 M 1.31 G',
      'shadow-errors paired, failed by it alone 0.10% 0.62%',
      'cpu gauge 0.31 0.32',
      'error-rate proportion, critical 0.49% 3.1%',
      'latency distribution, critical 0.64 s 1.18 s',
    ]) {
      expect(metrics).toContain(row)
    }
  })

  it('gives the reason and the harm in it, without quantiles', () => {
    expect(textOf(document, 'why')).toContain(
      '1 · Restarts harm shown 22.5 per pod and hour; 0 for 2.4.0 At least 3.1 times. All of the interval lies beyond your margin of 1.00×.',
    )
    expect(document).toContain('<dt>Restarts</dt><dd>new')
    const leaking = reportInput('all-kinds')
    const [, memory] = leaking.verdict.metrics.filter(({ group }) => group === 'saturation')
    const only = { ...leaking, verdict: { ...leaking.verdict, metrics: [memory!] } }
    expect(textOf(renderDeployment(only), 'why')).toContain(
      'Memory harm likely +218% 1.40 to 7.2 times 1.31 G against 412 M.',
    )
    expect(renderDeployment(only)).toContain('<dt>Memory</dt><dd>+218%')
  })

  it('of which nobody reported anything is named once and drawn nowhere', () => {
    expect(textOf(document, 'metrics')).toContain('Not reported: queue-depth, kills-for-memory.')
    for (const id of ['why', 'margins', 'over-time']) expect(textOf(document, id)).not.toContain('queue-depth')
    expect(document.match(/no data/g)).toBeNull()
    expect(textOf(document, 'evidence')).toContain('queue-depth')
    expect(textOf(page('shared-outage'), 'metrics')).toContain('Not reported: cpu, memory, restarts.')
  })

  it('that was read and not compared says so', () => {
    expect(document).toContain('not compared yet')
  })

  it('tells routes from regions where the harm is', () => {
    const where = textOf(document, 'where')
    expect(where).toContain('One of two lies beyond the margin.')
    expect(where).toMatch(/http\.route .*POST \/pay .*cloud\.region .*ap-southeast-2/)
  })
})

describe('a hold that the canary is not the reason of', () => {
  it('for an outage of both shows it first, and when it ends', () => {
    const document = page('shared-outage')
    expect(document).toContain('<span class="badge hold">')
    expect(document).toContain('Hold, shared outage')
    expect(sectionsOf(document)[0]).toBe('fair')
    expect(textOf(document, 'fair')).toContain('No: baseline cannot be trusted.')
    expect(textOf(document, 'fair')).toMatch(
      /broken: Baseline 12\.2% of its requests failed in the last 5 min, 12\.2% of the canary’s/,
    )
    expect(textOf(document, 'when')).toContain('Not before the outage is over')
  })

  it('for a sampling that differs shows how each is sampled', () => {
    const input = reportInput('hold')
    const reason = { ...input.verdict.reason, code: 'SAMPLING_DIFFERS' as const }
    const looks = input.looks.map((look) => ({
      ...look,
      slice: { ...look.slice, baseline: { ...look.slice.baseline, adjusted: 10 * look.slice.baseline.requests } },
    }))
    const document = renderDeployment({ ...input, looks, verdict: { ...input.verdict, reason } })
    expect(document).toContain('Hold, sampling differs')
    expect(textOf(document, 'fair')).toContain(
      'broken: Sampling all of the canary’s requests are kept; 1 in 10 of the baseline’s',
    )
    expect(textOf(page('hold'), 'fair')).not.toContain('Sampling')
  })

  it('says how many of all fail where failed requests are kept more than others, and splits traffic by all of them', () => {
    const input = reportInput('hold')
    const arm = <Of extends { readonly requests: number; readonly errors: number }>(of: Of, share: number) => ({
      ...of,
      ...{ requests: 1000 * share, errors: 100 * share },
      ...{ adjusted: 9000 * share + 100 * share, adjustedErrors: 100 * share },
    })
    const looks = input.looks.map((look) => ({
      ...look,
      slice: { ...look.slice, baseline: arm(look.slice.baseline, 3), canary: arm(look.slice.canary, 1) },
    }))
    const fair = textOf(renderDeployment({ ...input, looks }), 'fair')
    expect(fair).toContain('weak: Sampling 1 in 9 of the canary’s requests are kept; 1 in 9 of the baseline’s')
    expect(fair).toContain('canary: 10% of the kept ones fail, about 1.1% of all')
    const unequal = looks.map((look) => ({
      ...look,
      slice: { ...look.slice, canary: { ...look.slice.canary, adjusted: 27_300 } },
    }))
    expect(textOf(renderDeployment({ ...input, looks: unequal }), 'fair')).toContain('Split 50')
  })
})

describe('edges', () => {
  it('that are new or have vanished are told by the calls that there are more of, or that are missing', () => {
    const input = reportInput('rollback')
    const [first] = input.verdict.metrics
    const judged = (name: string, attribute: string, ratio: number | null, [b, c]: readonly [number, number]) => ({
      ...first!,
      ...{ name, kind: 'edges' as const, finding: 'harm-shown' as const },
      baseline: { ...first!.baseline, value: b / 60 },
      canary: { ...first!.canary, value: c / 60 },
      where: [
        {
          ...{ attribute, value: name, ratio },
          ...{ baseline: { requests: 60, errors: b }, canary: { requests: 60, errors: c } },
        },
      ],
    })
    const metrics = [judged('old-store', 'vanished edge', 0, [57, 0]), judged('new-store', 'new edge', null, [0, 60])]
    const where = textOf(renderDeployment({ ...input, verdict: { ...input.verdict, metrics } }), 'where')
    expect(where).toMatch(/old-store .*95%.* 57 of 60.* 0%.* 0 of 60.* gone none in the canary/)
    expect(where).toContain('By contribution to the missing calls of old-store')
    expect(where).toMatch(/new-store .* 0 of 60.* 60 of 60.* new none in the baseline/)
    expect(where).toContain('By contribution to the new calls of new-store')
  })
})

describe('what is not known is not claimed', () => {
  it('a split without a plan is no check', () => {
    const input = reportInput('rollback')
    const unplanned = { ...input, deployment: { ...input.deployment, plannedWeight: null, progress: [] } }
    expect(renderDeployment(unplanned)).not.toContain('of requests reached the canary')
    expect(page('rollback')).toContain('of requests reached the canary; 5% planned')
  })

  it('a source that gave nothing is not said to answer', () => {
    expect(page('no-data')).toContain('answers')
    expect(renderDeployment({ ...reportInput('no-data'), looks: [] })).not.toContain('answers')
  })
})

describe('edge cases', () => {
  it('one pod is named as a weakness', () => {
    expect(page('one-pod')).toContain('one canary pod: node and version cannot be told apart')
  })

  it('a zero baseline is new, never infinite', () => {
    const document = page('zero-baseline')
    expect(document).toContain('<b>new</b>')
    expect(document).toContain('at least 12 times; margin 1.25×, promote margin 2.0×')
  })

  it('long versions lose their middle and never their end', () => {
    const document = page('long-names')
    expect(document).toContain('1.0.1-bbbbbb…bbbbbb')
    expect(document).toContain(`title="1.0.1-${'b'.repeat(194)}"`)
  })

  it('a thousand looks stay a page of at most 150 kB', () => {
    expect(page('thousand-looks').length).toBeLessThan(150_000)
  })

  it('two hundred metrics are twenty rows and a count', () => {
    const input = reportInput('rollback')
    const [first] = input.verdict.metrics
    const metrics = Array.from({ length: 200 }, (_, index) => ({ ...first!, name: `metric-${index}` }))
    const document = renderDeployment({ ...input, verdict: { ...input.verdict, metrics } })
    const table = document.slice(document.indexOf('<section id="metrics"'), document.indexOf('<section id="told"'))
    expect(table.match(/<tr>/g)).toHaveLength(21)
    expect(table).toContain('errors: 180 harm shown')
  })

  it('an override keeps the word of the engine and names the person', () => {
    const document = page('overridden')
    expect(document).toMatch(
      /<span class="badge hold">.*Hold<\/span><span class="badge outlined">Promoted by A. Kim<\/span>/,
    )
    expect(document).toContain('see INC-42')
  })

  it('a verdict past its time says so', () => {
    const input = reportInput('hold')
    const late = renderDeployment({ ...input, now: Date.parse(input.verdict.validUntil) + 1 })
    expect(late).toContain('no newer look has come')
    expect(renderDeployment(input)).not.toContain('no newer look has come')
  })

  it('an observed deployment says that nothing acts on it', () => {
    const input = reportInput('rollback')
    const observed = renderDeployment({ ...input, deployment: { ...input.deployment, mode: 'observe' } })
    expect(observed).toContain('nothing acts on its verdict')
  })

  it('the same input gives the same bytes', () => {
    expect(page('rollback')).toBe(page('rollback'))
  })
})

it('hostile text never becomes markup: the tags are those of a harmless page', () => {
  const inputs = (['rollback', 'zero-baseline', 'no-data', 'all-kinds'] as const).map(reportInput)
  fc.assert(
    fc.property(hostileText, fc.constantFrom(...inputs), (text, input) => {
      const document = renderDeployment(withText(input, text))
      expect(tagsOf(document)).toEqual(tagsOf(renderDeployment(withText(input, harmless(text)))))
    }),
    { numRuns: 60 },
  )
})

it.each(['rollback', 'hold', 'promote', 'no-data', 'warming-up', 'all-kinds', 'shared-outage'] as const)(
  'looks as in golden/%s.html',
  (variant) => {
    expectGolden(`${variant}.html`, page(variant))
  },
)

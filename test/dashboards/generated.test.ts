import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dashboardFiles } from '../../dashboards/boards/index.ts'
import { dashboardFolder } from './dashboard-files.ts'

describe('generated dashboards', () => {
  it.each(Object.entries(dashboardFiles))('%s is what the code says', (file, text) => {
    const path = new URL(file, dashboardFolder)
    if (process.env.UPDATE_GENERATED === '1') writeFileSync(path, text)
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('are all that is there', () => {
    const there = readdirSync(dashboardFolder).filter((file) => file.endsWith('.json'))
    expect(there.sort()).toEqual(Object.keys(dashboardFiles).sort())
  })
})

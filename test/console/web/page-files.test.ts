/** The files of the page: complete, small, and with paths that change with their content. */

import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readPageFiles } from '../../../console/web/page-files.ts'
import { REPOSITORY } from '../../helpers/markdown.ts'

const MAX_BYTES = 150_000
const BUILT = fileURLToPath(new URL('../../../console/web/page', import.meta.url))
const SOURCES = join(REPOSITORY, 'console/web/page')

/** Returns the paths that a browser loads, from the page on. */
function loadedPaths(): string[] {
  const { byPath, version } = readPageFiles()
  const found = new Set(['/'])
  for (const path of found) {
    const text = byPath.get(path)?.body.toString('utf8') ?? assert.fail(`${path} is not served`)
    const named =
      path === '/'
        ? text.matchAll(/\b(?:src|href)="(\/v\/[^"]+)"/g)
        : path.startsWith('/page/') && path.endsWith('.js')
          ? text.matchAll(/\bfrom '([^']+)'/g)
          : []
    for (const [, target = ''] of named) {
      found.add(new URL(target, `http://page${version}${path}`).pathname.replace(version, ''))
    }
  }
  return [...found]
}

describe('the files of the page', () => {
  it('are all served, up to the last module that another imports', () => {
    const paths = loadedPaths()
    for (const path of [
      '/page/main.js',
      '/page/chart/chart.js',
      '/page/style.css',
      '/lib/uplot.js',
    ]) {
      assert.ok(paths.includes(path), `${path} is not loaded`)
    }
  })

  for (const encoding of ['brotli', 'gzip'] as const) {
    it(`are below ${MAX_BYTES} bytes altogether, compressed by ${encoding} as served`, () => {
      const { byPath } = readPageFiles()
      const sizes = loadedPaths().map((path) => byPath.get(path)?.[encoding].length ?? Number.NaN)
      const sum = sizes.reduce((total, size) => total + size, 0)
      assert.ok(sum > 20_000 && sum < MAX_BYTES, `${sum} bytes`)
    })
  }

  for (const missing of ['index.html', 'style.css', 'main.js']) {
    it(`without ${missing} are an error that says what to do`, async (context) => {
      const folder = await mkdtemp(join(tmpdir(), 'netflow-page-'))
      context.after(() => rm(folder, { recursive: true }))
      const [built, sources] = [join(folder, 'built'), join(folder, 'sources')]
      await mkdir(built)
      await cp(BUILT, built, { recursive: true })
      await cp(SOURCES, sources, { recursive: true })
      readPageFiles(built, sources)
      await rm(join(missing.endsWith('.js') ? built : sources, missing))
      assert.throws(() => readPageFiles(built, sources), {
        code: 'PAGE_INCOMPLETE',
        message: new RegExp(`^no page and no API: /page/${missing} is missing, .*npm run build`),
      })
    })
  }

  it('have another version when one of them has another content', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'netflow-page-'))
    context.after(() => rm(folder, { recursive: true }))
    await cp(SOURCES, folder, { recursive: true })
    const { version } = readPageFiles(BUILT, folder)
    assert.equal(version, readPageFiles().version)
    await cp(join(folder, 'icon.svg'), join(folder, 'other.svg'))
    assert.notEqual(readPageFiles(BUILT, folder).version, version)
  })
})

/** Makes the page that describes the API to people, from its OpenAPI document. */

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly description?: string
  readonly schema: {
    readonly type?: string
    readonly default?: unknown
    readonly enum?: readonly unknown[]
  }
}

interface Operation {
  readonly summary: string
  readonly parameters: readonly Parameter[]
  readonly responses: Readonly<Record<string, { readonly description: string }>>
}

interface Description {
  readonly info: { readonly description: string; readonly version: string }
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>
}

/** Returns HTML that has no scripts or styles of its own. */
export function makeReferencePage(api: object): string {
  const { info, paths } = api as Description
  const parts = Object.entries(paths).map(([path, { get }]) => describeOperation(path, get))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>NetFlow: the API</title>
<link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/reference.css">
</head>
<body>
<main>
<h1>The API</h1>
<p>${escapeHtml(info.description)} The same for programs: <a href="/api/openapi.json">openapi.json</a>.
<a href="/">The page</a>.</p>
${parts.join('\n')}
</main>
</body>
</html>
`
}

function describeOperation(path: string, { summary, parameters, responses }: Operation): string {
  const rows = parameters.map(({ name, required, description = '', schema }) => {
    const type = schema.enum ? schema.enum.map(String).join(' | ') : (schema.type ?? '')
    const fallback = required ? 'required' : formatDefault(schema.default)
    const cells = [
      `<code>${escapeHtml(name)}</code>`,
      escapeHtml(type),
      escapeHtml(fallback),
      escapeHtml(description),
    ]
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
  })
  const statuses = Object.entries(responses)
    .filter(([status]) => status !== '200')
    .map(([status, { description }]) => `${status} (${escapeHtml(description)})`)
  const table = `<table>
<thead><tr><th>parameter</th><th>type</th><th>default</th><th>meaning</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table>`
  const id = path.replace(/\W+/g, '-').replace(/^-|-$/g, '')
  return `<section id="${id}">
<h2><code>GET ${escapeHtml(path)}</code></h2>
<p>${escapeHtml(summary)}.</p>
${rows.length > 0 ? table : ''}
<details><summary>Errors</summary><p>${statuses.join('; ')}.</p></details>
</section>`
}

function formatDefault(value: unknown): string {
  if (value === undefined || value === '') return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

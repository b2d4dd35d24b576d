/** Makes and replaces elements. A text never becomes markup. */

type Child = Node | string | null | undefined | false

interface Properties {
  readonly class?: string
  readonly title?: string
  readonly on?: Readonly<Record<string, (event: Event) => void>>
  readonly attributes?: Readonly<Record<string, string | number | boolean | null | undefined>>
}

/** Makes an element; attributes that are null, undefined or false are left out. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  const { class: className, title, on = {}, attributes = {} } = properties
  if (className) element.className = className
  if (title) element.title = title
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue
    element.setAttribute(attribute, value === true ? '' : String(value))
  }
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener)
  element.append(...children.filter((child): child is Node | string => Boolean(child)))
  return element
}

/** Makes an element of SVG. */
export function makeSvg(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly SVGElement[]
): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [attribute, value] of Object.entries(attributes)) {
    element.setAttribute(attribute, String(value))
  }
  element.append(...children)
  return element
}

/** Finds an element of index.html. */
export function find<Element extends HTMLElement>(id: string): Element {
  const element = document.getElementById(id)
  if (!element) throw new Error(`the page lacks #${id}`)
  return element as Element
}

/** Makes a button that looks like a link. */
export function makeLinkButton(
  text: string,
  title: string,
  onClick: () => void,
): HTMLButtonElement {
  const on = { click: onClick }
  return make('button', { class: 'link', title, on, attributes: { type: 'button' } }, text)
}

/** Replaces the children of an element. The focus stays on the element with the same `data-key`. */
export function replace(parent: HTMLElement, ...children: readonly Child[]): void {
  const focused = document.activeElement
  const key =
    focused instanceof HTMLElement && parent.contains(focused) ? focused.dataset['key'] : undefined
  parent.replaceChildren(...children.filter((child): child is Node | string => Boolean(child)))
  if (key === undefined) return
  const again = [...parent.querySelectorAll<HTMLElement>('[data-key]')]
  again.find(({ dataset }) => dataset['key'] === key)?.focus()
}

/**
 * The colours of HTML messages. Mail clients keep inline styles, some of them a style sheet: the light colours are
 * inline, and a sheet for `prefers-color-scheme: dark` overrides them where it is read. Every pair of text and ground
 * has a contrast of 4.5 or more (WCAG 2.2, 1.4.3); `test/machine/alert-look.test.ts` measures it.
 */

export const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

interface Colours {
  readonly page: string
  readonly sheet: string
  readonly ink: string
  readonly muted: string
  readonly edge: string
  readonly ground: string
  readonly info: string
  readonly success: string
  readonly warning: string
  readonly error: string
  readonly infoGround: string
  readonly successGround: string
  readonly warningGround: string
  readonly errorGround: string
}

const light: Colours = {
  page: '#f3f5f7', sheet: '#ffffff', ink: '#1f2328', muted: '#59636e', edge: '#d9dee4', ground: '#f5f7f9',
  info: '#0b57c4', success: '#17703a', warning: '#8a5300', error: '#b8232b',
  infoGround: '#ebf2fd', successGround: '#e8f5ed', warningGround: '#fcf2e0', errorGround: '#fcedee',
}

const dark: Colours = {
  page: '#101317', sheet: '#191d23', ink: '#e4e8ed', muted: '#9ba5b1', edge: '#333a44', ground: '#12161b',
  info: '#7db2ff', success: '#5fc983', warning: '#e3a94a', error: '#ff8c87',
  infoGround: '#16263d', successGround: '#142b1e', warningGround: '#312410', errorGround: '#381b1d',
}

/** What an element takes from the theme. The name is its class, too. */
const roles = {
  page: (of: Colours) => `background-color:${of.page}`,
  sheet: (of: Colours) => `background-color:${of.sheet};border-color:${of.edge}`,
  ink: (of: Colours) => `color:${of.ink}`,
  muted: (of: Colours) => `color:${of.muted}`,
  edge: (of: Colours) => `border-color:${of.edge}`,
  code: (of: Colours) => `background-color:${of.ground};border-color:${of.edge};color:${of.ink}`,
  track: (of: Colours) => `background-color:${of.edge}`,
  info: (of: Colours) => `color:${of.info}`,
  success: (of: Colours) => `color:${of.success}`,
  warning: (of: Colours) => `color:${of.warning}`,
  error: (of: Colours) => `color:${of.error}`,
  infoGround: (of: Colours) => `background-color:${of.infoGround};border-color:${of.info}`,
  successGround: (of: Colours) => `background-color:${of.successGround};border-color:${of.success}`,
  warningGround: (of: Colours) => `background-color:${of.warningGround};border-color:${of.warning}`,
  errorGround: (of: Colours) => `background-color:${of.errorGround};border-color:${of.error}`,
  infoBar: (of: Colours) => `background-color:${of.info}`,
  successBar: (of: Colours) => `background-color:${of.success}`,
  warningBar: (of: Colours) => `background-color:${of.warning}`,
  errorBar: (of: Colours) => `background-color:${of.error}`,
}

export type Role = keyof typeof roles

/** The attributes of an element: its own style, and the colours of its roles. */
export type Look = (css: string, ...names: readonly Role[]) => string

export function lookOf(theme: Theme): Look {
  const colours = theme === 'dark' ? dark : light
  return (css, ...names) => {
    const classes = names.length === 0 ? '' : ` class="${names.join(' ')}"`
    return `${classes} style="${[css, ...names.map((name) => roles[name](colours))].filter(Boolean).join(';')}"`
  }
}

/** What the head says of colours, and how columns become rows on a narrow screen. */
export function headStyles(theme: Theme): string {
  const scheme = theme === 'auto' ? 'light dark' : theme
  const overrides = Object.entries(roles).map(([name, rule]) => `.${name}{${rule(dark).split(';').map((each) => `${each} !important`).join(';')}}`).join('')
  const sheet = [
    `:root{color-scheme:${scheme}}`,
    '@media (max-width:520px){.column{display:block !important;width:auto !important;padding:0 !important}}',
    ...(theme === 'auto' ? [`@media (prefers-color-scheme:dark){${overrides}}`] : []),
  ]
  return `<meta name="color-scheme" content="${scheme}"><meta name="supported-color-schemes" content="${scheme}"><style>${sheet.join('')}</style>`
}

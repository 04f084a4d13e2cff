/** The text of `--help` above and below the options. */
import { type AnyUsage, exitStatusOf } from './usage.js'

/** The text above the options. */
export function heading({ name, synopsis, about }: AnyUsage): string {
  const forms = synopsis.map((form) => `${name} ${form}`)
  return `Usage: ${forms.join('\n       ')}\n\n${about}`
}

/** The text below the options. */
export function epilogue(usage: AnyUsage): string {
  const shown = usage.examples.map(([command, does]) => `  ${command}\n      ${does}`)
  const statuses = exitStatusOf(usage).map(([status, means]) => `  ${status}  ${means}`)
  return `Examples:\n${shown.join('\n')}\n\nExit status:\n${statuses.join('\n')}`
}

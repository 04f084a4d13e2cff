/** Copies a text for other programs. */

/** Where the browser does not let a page do it, the text is marked no longer than it takes the older way. */
export function copy(text: string): void {
  if (navigator.clipboard === undefined) copyMarked(text)
  else navigator.clipboard.writeText(text).catch(() => copyMarked(text))
}

function copyMarked(text: string): void {
  const onCopy = (event: ClipboardEvent) => {
    event.clipboardData?.setData('text/plain', text)
    event.preventDefault()
  }
  document.addEventListener('copy', onCopy)
  document.execCommand('copy')
  document.removeEventListener('copy', onCopy)
}

/** Copies a text for other programs. Where the browser does not let a page do it, there is an older way. */
export function copy(text: string): Promise<boolean> {
  if (navigator.clipboard === undefined) return Promise.resolve(copyByCommand(text))
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => copyByCommand(text),
  )
}

function copyByCommand(text: string): boolean {
  const onCopy = (event: ClipboardEvent) => {
    event.clipboardData?.setData('text/plain', text)
    event.preventDefault()
  }
  document.addEventListener('copy', onCopy)
  const isCopied = document.execCommand('copy')
  document.removeEventListener('copy', onCopy)
  return isCopied
}

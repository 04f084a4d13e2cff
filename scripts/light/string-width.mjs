// How wide a text is on a terminal, of the texts that `--help` has: ASCII.
export default (text) => text.length

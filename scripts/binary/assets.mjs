// Stands for node:fs in modules of the single executable that read a file beside themselves: it has these files as assets.
export function readFileSync({ pathname }, encoding) {
  const asset = Buffer.from(process.getBuiltinModule('node:sea').getRawAsset(pathname.slice(1)))
  return encoding === undefined ? asset : asset.toString(encoding)
}

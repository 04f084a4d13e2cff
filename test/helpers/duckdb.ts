/** Stands in for the `duckdb` command, with DuckDB itself: runs the statement after `-c`. */
import { DuckDBInstance } from '@duckdb/node-api'

const [flag, sql] = process.argv.slice(2)
if (flag !== '-c' || sql === undefined) throw new Error('only -c SQL is known here')
const instance = await DuckDBInstance.create(':memory:')
const connection = await instance.connect()
await connection.run(sql)

/** Ways to build and load the table of flows, each differing from the table as it is in one thing. */

import { FLOW_COLUMNS, type FlowColumn } from '../../../writer/load/copy/flow-columns.ts'
import { partitionBounds } from '../measure/bare-copy.ts'

/** One column of a table to try, and what fills it. */
export interface ChosenColumn {
  readonly name: string
  readonly type: string
  /** In terms of `flows`. */
  readonly expression: string
}

export interface TableChoice {
  readonly name: string
  readonly columns: readonly ChosenColumn[]
  /** What follows `create index on table`. */
  readonly indexes: readonly string[]
  readonly isUnlogged?: boolean
  /** Copy into the partition, not its parent. */
  readonly isDirect?: boolean
  /** Settings of the session. */
  readonly settings?: Readonly<Record<string, string>>
}

/** The parent, and its only partition. */
export const CHOSEN_TABLE = 'bench_choice'
export const CHOSEN_PARTITION = `${CHOSEN_TABLE}_day`

const COLUMNS = FLOW_COLUMNS.map(asItIs)
const BRIN = 'using brin (received_at) with (autosummarize = on)'
const BTREE = '(received_at)'
const BTREE_BY_EXPORTER = '(exporter, received_at)'

/** The order in which people would list them. */
const ORDER_FOR_PEOPLE = [
  'received_at',
  'exporter',
  'observation_domain',
  'export_version',
  'flow_start',
  'flow_end',
  'src_addr',
  'dst_addr',
  'next_hop',
  'src_port',
  'dst_port',
  'protocol',
  'tcp_flags',
  'tos',
  'icmp_type',
  'icmp_code',
  'input_if',
  'output_if',
  'bytes',
  'packets',
]

/** The first is the table as it is, which the others are compared with. */
export const TABLE_CHOICES: readonly [TableChoice, ...TableChoice[]] = [
  { name: 'as it is', columns: COLUMNS, indexes: [BRIN] },
  { name: 'straight into the partition', columns: COLUMNS, indexes: [BRIN], isDirect: true },
  { name: 'columns in an order for people', columns: orderForPeople(), indexes: [BRIN] },
  { name: 'addresses as bytea', columns: addressesAs('bytea', inetBytes), indexes: [BRIN] },
  { name: 'addresses as text', columns: addressesAs('text', inetText), indexes: [BRIN] },
  { name: 'no index', columns: COLUMNS, indexes: [] },
  { name: 'btree on received_at', columns: COLUMNS, indexes: [BTREE] },
  {
    name: 'btrees on received_at and by exporter',
    columns: COLUMNS,
    indexes: [BTREE, BTREE_BY_EXPORTER],
  },
  setting('wal_compression', 'on'),
  setting('synchronous_commit', 'off'),
  { name: 'unlogged', columns: COLUMNS, indexes: [BRIN], isUnlogged: true },
]

/** Gives the statements that make the table of a choice, empty and with one partition. */
export function createStatements({ columns, indexes, isUnlogged }: TableChoice): string[] {
  const list = columns.map(({ name, type }) => `${name} ${type}`).join(', ')
  return [
    `create table ${CHOSEN_TABLE} (${list}) partition by range (received_at)`,
    ...indexes.map((index) => `create index on ${CHOSEN_TABLE} ${index}`),
    `create ${isUnlogged ? 'unlogged ' : ''}table ${CHOSEN_PARTITION}
     partition of ${CHOSEN_TABLE} ${partitionBounds()}`,
  ]
}

/** Gives the query for the rows of a choice, in the order of its columns. */
export function selectRows({ columns }: TableChoice): string {
  return `select ${columns.map(({ expression }) => expression).join(', ')} from flows`
}

function asItIs({ name, type }: FlowColumn): ChosenColumn {
  return { name, type, expression: name }
}

function orderForPeople(): ChosenColumn[] {
  const place = ({ name }: FlowColumn) => ORDER_FOR_PEOPLE.indexOf(name) + 1 || 99
  return [...FLOW_COLUMNS].sort((a, b) => place(a) - place(b)).map(asItIs)
}

function addressesAs(type: string, expression: (name: string) => string): ChosenColumn[] {
  return FLOW_COLUMNS.map((column) =>
    column.type === 'inet'
      ? { name: column.name, type, expression: expression(column.name) }
      : asItIs(column),
  )
}

/** Four bytes or sixteen: what inet sends, without its header of four. */
function inetBytes(name: string): string {
  return `substr(inet_send(${name}), 5)`
}

function inetText(name: string): string {
  return `host(${name})`
}

function setting(name: string, value: string): TableChoice {
  return {
    name: `${name} = ${value}`,
    columns: COLUMNS,
    indexes: [BRIN],
    settings: { [name]: value },
  }
}

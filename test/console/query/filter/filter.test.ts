import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { compileFilter } from '../../../../console/query/compile-filter.ts'
import { joinFilters, parseFilter } from '../../../../console/query/filter/filter.ts'
import { FilterError, formatFilterError } from '../../../../console/query/filter/filter-error.ts'
import { CONVERSATIONS, FLOWS } from '../../../../console/query/relations.ts'
import { Parameters } from '../../../../console/query/sql.ts'

function compile(text: string, relation = FLOWS) {
  const parameters = new Parameters()
  return { text: compileFilter(parseFilter(text), relation, parameters), values: parameters.values }
}

function errorOf(text: string): FilterError {
  try {
    compile(text)
  } catch (error) {
    assert.ok(error instanceof FilterError, `${text}: ${error}`)
    return error
  }
  assert.fail(`${text}: no error`)
}

/** [filter, place of the mark, message] */
const ERRORS: readonly (readonly [string, number, RegExp])[] = [
  ['host 10.0.0.1 or', 16, /ends too early: expected a test, such as .*"not" or "\("/],
  ['prot tcp', 0, /"prot" cannot stand here: .* did you mean "proto"\?/],
  ['dst prot 53', 4, /expected "host", "ip", "net", "port", .*did you mean "port"\?/],
  ['port in [1,2', 12, /expected "," or "\]"/],
  ['(port 4', 7, /ends too early/],
  ['port 5)', 6, /"\)" cannot stand here/],
  ['src port', 8, /expected "in", a comparison or a number/],
  ['port and 5', 5, /"and" cannot stand here/],
  ['host www.example.com', 5, /is no address .* names of hosts are not looked up/],
  ['net 10.0.0.0/33', 4, /is no address or network/],
  ['net 10.0.0.0 255.0.255.0', 13, /is no netmask/],
  ['tcp and port in [80 70000]', 20, /70000 is too large: at most 65535/],
  ['port 20-10', 5, /ends before it begins/],
  ['bytes > 9223372036854775808', 8, /too large: at most 9223372036854775807/],
  ['bytes > 99999999999999999999999999999', 8, /too large/],
  ['proto tpc', 6, /is no protocol/],
  ['flags SZ', 6, /are no flags/],
  ['flags SA/S', 6, /never holds/],
  ['mac 00:11:22', 4, /is no MAC address/],
  ['extra foo > "x"', 12, /compared by = and != only/],
]

describe('a filter', () => {
  it('becomes a condition whose values are parameters', () => {
    assert.deepEqual(compile('src net 10.1.2.3/8 and not (dst port 443 or proto udp)'), {
      text: '(src_addr <<= $1::inet and ((dst_port = $2::bigint or protocol = $3::bigint)) is not true)',
      values: ['10.0.0.0/8', '443', '17'],
    })
    const hostile = `exporter "'; drop table flows; --" and extra "x' or '1'='1" = "$1"`
    const { text, values } = compile(hostile)
    assert.doesNotMatch(text, /drop|'1'/)
    assert.deepEqual(values, [["'; drop table flows; --"], "x' or '1'='1", '$1'])
  })

  it('may be empty', () => {
    for (const text of ['', '  ', 'any']) assert.equal(compile(text).text, 'true')
  })

  it('leaves out "and", as tcpdump does', () => {
    assert.deepEqual(compile('tcp dst port 443'), compile('proto tcp and dst port 443'))
    assert.deepEqual(
      compile('tcp && ! port 1 || udp'),
      compile('proto 6 and not port 1 or proto 17'),
    )
  })

  it('reads every spelling of a value', () => {
    assert.deepEqual(compile('net 10/8'), compile('net 10.0.0.0 255.0.0.0'))
    assert.deepEqual(compile('bytes gt 2k'), compile('BYTES > 2000'))
    assert.deepEqual(compile('host 2001:DB8::1'), compile('ip 2001:db8:0:0:0:0:0:1'))
    assert.deepEqual(compile('src mac 0000.5e00.5301'), compile('src mac 00-00-5E-00-53-01'))
    assert.deepEqual(compile('flags SA'), compile('flags 18'))
    assert.deepEqual(compile('router ip 192.0.2.1'), compile('exporter 192.0.2.1'))
    assert.deepEqual(compile('port in [1,2 , 3 4]'), compile('port in [1 2 3 4]'))
  })

  it('is joined with others', () => {
    assert.deepEqual(joinFilters([]), { kind: 'all' })
    const joined = joinFilters(['', 'tcp', 'port 1 or port 2'].map(parseFilter))
    assert.equal(
      compileFilter(joined, FLOWS, new Parameters()),
      compile('tcp and (port 1 or port 2)').text,
    )
  })

  for (const [text, position, message] of ERRORS) {
    it(`that is wrong is pointed at: ${text}`, () => {
      const error = errorOf(text)
      assert.match(error.message, message)
      assert.equal(error.position, position, error.message)
    })
  }

  it('that is wrong is shown with a mark below its place', () => {
    assert.match(
      formatFilterError('tcp porrt 5', errorOf('tcp porrt 5')),
      /\n {2}tcp porrt 5\n {6}\^$/,
    )
  })

  it('says what a relation does not have', () => {
    assert.throws(() => compile('src as 1', CONVERSATIONS), /src as cannot be tested here/)
  })

  it('is read, or is refused with a place in it, whatever it says', () => {
    const words =
      '( ) [ ] ! not and or in src dst host net port as if out proto tcp icmp type flags > = 5 10k 1-2'
    const more =
      'exporter extra nat mac next ip "a b" 10/8 ::1 , bytes S/SA 300 flowdir ingress ipv6 \u202e'
    const word = fc.constantFrom(...words.split(' '), ...more.split(' '))
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), fc.constantFrom(' ', ''), (list, space) => {
        const text = list.join(space)
        try {
          compile(text)
        } catch (error) {
          assert.ok(error instanceof FilterError, `${text}: ${error}`)
          assert.ok(error.position >= 0 && error.position <= text.length, text)
          assert.ok(formatFilterError(text, error).split('\n').length === 3, text)
        }
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 1000) },
    )
  })

  it('is limited in length, depth, tests and list', () => {
    assert.match(errorOf(`port ${' '.repeat(70_000)}1`).message, /longer than 65536 bytes/)
    assert.match(errorOf(`${'('.repeat(65)}tcp${')'.repeat(65)}`).message, /deeper than 64/)
    assert.match(errorOf('('.repeat(60_000)).message, /deeper than 64/)
    assert.match(errorOf(`${'(tcp)'.repeat(1001)}`).message, /more than 1000 parentheses/)
    assert.match(errorOf(`${'not tcp or '.repeat(999)}udp`).message, /more than 1000 tests and op/)
    assert.match(errorOf(`${'tcp '.repeat(1001)}`).message, /more than 1000 tests/)
    assert.match(errorOf(`port in [${'1 '.repeat(10_001)}]`).message, /more than 10000 entries/)
    compile(`${'('.repeat(64)}${'!'.repeat(9_000)}tcp${')'.repeat(64)}`)
    compile(`port in [${'1 '.repeat(10_000)}]`)
  })
})

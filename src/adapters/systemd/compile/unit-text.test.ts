import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readExec, readItems, readLiteral, readUnit } from '../../../../test/testbed/read-unit.ts'
import { type UnitText, execLine, filePattern, literal, percent, quoted, renderUnit, timeSpan, verbatim } from './unit-text.ts'

const oneLine = (value: UnitText) => renderUnit('a.service', { Service: { X: value } })
const readBack = (value: UnitText) => readUnit(oneLine(value))[0]!.value

describe('a value at its place', () => {
  test('a literal keeps percent signs from being specifiers', () => {
    expect(literal('100% of %n')).toBe('100%% of %%n')
  })

  test('a literal may end with a backslash, which then joins nothing', () => {
    expect(oneLine(literal('C:\\'))).toBe('[Service]\nX=C:\\ \n')
    expect(oneLine(literal('C:\\\\'))).toBe('[Service]\nX=C:\\\\\n')
  })

  test('a literal that ends with a blank is refused, behind a backslash too', () => {
    for (const text of ['a ', 'a\\ ', 'a\\\\ ', ' a']) expect(() => oneLine(literal(text))).toThrow(/a blank/)
  })

  test('a quoted item keeps quotes, backslashes and blanks, and leaves dollars alone', () => {
    expect(quoted('A=say "hi" \\n $HOME 5%')).toBe('"A=say \\"hi\\" \\\\n $HOME 5%%"')
  })

  test('in a command line dollars are no variables, and a lone semicolon is no end', () => {
    expect(execLine(['/bin/echo', '$HOME', 'a;b', ';', '', 'plain-word'])).toBe('/bin/echo "$$HOME" "a;b" ";" "" plain-word')
  })

  test('a program with a dollar in its path has no line in which anything is expanded', () => {
    expect(execLine(['/opt/$x/run', '$HOME'])).toBe('":/opt/$x/run" "$HOME"')
  })

  test.each(['-x', '@x', ':x', '+x', '!x', '|x', '', '/opt/a"b', "/opt/a'b", '/opt/a\\b'])('the program %j is refused', (program) => {
    expect(() => execLine([program])).toThrow(expect.objectContaining({ code: 'service.unsafe' }))
  })

  test('a file pattern means one file', () => {
    expect(filePattern('/srv/a*b?[c]/100%.env')).toBe('/srv/a\\*b\\?\\[c\\]/100%%.env')
  })

  test('every argument is read back by the rules of systemd as it was given', () => {
    const argument = fc.string({ unit: fc.oneof(fc.constantFrom(...'%$\\"\' ;#=-@:{}ab'), fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme' })) }).filter((text) => !/[\0-\x1f\x7f]/.test(text) && text.isWellFormed())
    fc.assert(fc.property(fc.array(argument, { maxLength: 4 }), argument, (given, text) => {
      expect(readExec(readBack(execLine(['/bin/x', ...given])))).toEqual(['/bin/x', ...given])
      expect(readItems(readBack(quoted(text)))).toEqual([text])
      expect(readLiteral(readBack(literal(`x${text}x`)))).toBe(`x${text}x`)
    }), { numRuns: 500 })
  })
})

describe('renderUnit', () => {
  test('has sections in their order and a line for each value', () => {
    const text = renderUnit('a.service', { Install: { WantedBy: verbatim('default.target') }, Unit: { After: undefined, B: [] }, Service: { X: [verbatim('1'), verbatim('2')], N: 5, Y: true, E: verbatim('') } })
    expect(text).toBe('[Service]\nX=1\nX=2\nN=5\nY=yes\nE=\n\n[Install]\nWantedBy=default.target\n')
  })

  test.each([
    ['a\nb', /holds a line break/],
    ['a\rb', /holds a line break/],
    ['a\0b', /control character \\x00/],
    ['a\tb', /control character \\x09/],
    ['\ud800', /half a character/],
    [' a', /a blank/],
    ['a ', /a blank/],
    ['a\\', /join the next line/],
    ['x'.repeat(1 << 20), /longer than a line/],
  ])('refuses %j, and names unit and directive', (value, problem) => {
    expect(() => oneLine(verbatim(value))).toThrow(expect.objectContaining({ code: 'service.unsafe', message: expect.stringMatching(problem), details: { unit: 'a.service', directive: 'X' } }))
  })

  test('numbers have no exponent', () => {
    expect(renderUnit('a.service', { Service: { A: 2 ** 60, B: 0.0000015 } })).toBe('[Service]\nA=1152921504606846976\nB=0.000002\n')
  })
})

test('time spans are whole numbers of a unit', () => {
  expect([90, 0.001, 1.5, 0.0000005, 0, 0.1 + 0.2].map(timeSpan)).toEqual(['90s', '1ms', '1500ms', '1us', '0s', '300ms'])
})

test('percent has at most two decimals, which is what systemd reads', () => {
  expect([50, 33.333333, 200, 0.01].map(percent)).toEqual(['50%', '33.33%', '200%', '0.01%'])
})
